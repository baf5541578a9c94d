"""U11: members of a deep ensemble differ more than members that share one mode."""

import pandas as pd

from triptych.claims.base import Effect, Statistical
from triptych.claims.uncertainty._methods import comparable, means
from triptych.claims.uncertainty._reading import CLEAN, effect, panels, severities

MODEL = "deep_ensemble"
ONE_MODE = ("mc_dropout", "checkpoint_ensemble", "laplace", "swag")  # around one trained network
MEASURES = {
    "normalised_disagreement": ("disagreement of members over their error", "1"),
    "members_distance": ("distance of members' predictions (total variation)", "1"),
}


def effects(table: pd.DataFrame) -> list[Effect]:
    """What independent networks differ by more than members around one network, clean and shifted.

    Dividing by the members' error makes it a comparison at equal accuracy: members that are wrong
    more often disagree more for that reason alone.
    """
    found: list[Effect] = []
    for dataset, rows in panels(table):
        present = comparable(rows, MODEL)
        for other in ONE_MODE:
            if other not in present:
                continue
            for name, levels in (("clean", [CLEAN]), ("shifted", severities(rows))):
                for metric, (label, unit) in MEASURES.items() if levels else ():
                    values = means(rows, [MODEL, other], metric, levels)
                    found += effect(
                        dataset, rows, values[MODEL], values[other], unit,
                        f"{label}, {name}: {MODEL} − {other}",
                    )  # fmt: skip
    return found


CLAIMS = [
    Statistical(
        "U11", "uncertainty", "B",
        "Ensembles capture different modes in function space.",
        "pairwise disagreement divided by the members' mean error, and the distance between "
        "members' predictions: independently trained networks against dropout masks, moments of "
        "one run, and draws around one network",
        effects,
    )
]  # fmt: skip
