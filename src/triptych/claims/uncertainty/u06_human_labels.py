"""U06: how well predictions fit the labels of several people, trained on one label or on theirs."""

import pandas as pd

from triptych.claims.base import Effect, Statistical
from triptych.claims.tables import by_seed
from triptych.claims.uncertainty._reading import effect, panels, zero
from triptych.records import named

HARD = ("single", "temperature")  # trained on one label; the second knows how sure to be
SOFT = "soft_labels"
SPLIT = named("annotators")
METRICS = {
    "human_nll": "cross-entropy to the annotators' votes",
    "human_divergence_known": "KL from the known distribution of the simulated annotators",
}


def effects(table: pd.DataFrame) -> list[Effect]:
    """That the labels disagree, and what training on all of them gains over training on one."""
    found: list[Effect] = []
    for dataset, rows in panels(table):
        spread = by_seed(rows, model=SOFT, metric="human_entropy", split=SPLIT)
        found += effect(
            dataset, rows, spread, zero(spread), "nats",
            "entropy of the annotators' votes, mean over images (never negative: read its size)",
        )  # fmt: skip
        for metric, what in METRICS.items():
            soft = by_seed(rows, model=SOFT, metric=metric, split=SPLIT)
            for model in HARD:
                hard = by_seed(rows, model=model, metric=metric, split=SPLIT)
                found += effect(dataset, rows, hard, soft, "nats", f"{what}: {model} − {SOFT}")
    return found


CLAIMS = [
    Statistical(
        "U06", "uncertainty", "B",
        "Human labels disagree, and that can be learnt from.",
        "misfit to the distribution of annotators' labels of a network trained on one label per "
        "image (as it is, and with a temperature) minus that of its twin trained on the shares of "
        "the annotators: people's labels on CIFAR-10H; on the digits a stand-in, simulated "
        "annotators whose disagreement is known",
        effects,
    )
]  # fmt: skip
