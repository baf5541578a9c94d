"""U09: MC dropout against the single network."""

import pandas as pd

from triptych.claims.base import Effect, Statistical
from triptych.claims.uncertainty._reading import (
    CLEAN,
    effect,
    floor,
    panels,
    score,
    severities,
    shifted_mean,
)  # fmt: skip

MODELS = ("single", "mc_dropout")
METRICS = (("nll", "nats"), ("ece", "fraction"))


def effects(table: pd.DataFrame) -> list[Effect]:
    """What the single network loses against MC dropout, clean and shifted.

    For the ECE a difference within the larger of the two noise floors decides nothing.
    """
    found: list[Effect] = []
    for dataset, rows in panels(table):
        if not set(MODELS) <= set(rows["model"]):
            continue
        steps = severities(rows)
        for metric, unit in METRICS:
            single, dropout = (score(rows, model, metric, CLEAN) for model in MODELS)
            floors = [floor(rows, MODELS, s) if metric == "ece" else 0.0 for s in (CLEAN, *steps)]
            found += effect(
                dataset,
                rows,
                single,
                dropout,
                unit,
                f"{metric}, clean: single − mc_dropout",
                floors[0],
            )
            if steps:
                single, dropout = (shifted_mean(rows, model, metric) for model in MODELS)
                found += effect(
                    dataset, rows, single, dropout, unit,
                    f"{metric}, shifted, mean over kinds and severities: single − mc_dropout",
                    sum(floors[1:]) / len(steps),
                )  # fmt: skip
    return found


CLAIMS = [
    Statistical(
        "U09", "uncertainty", "B",
        "MC dropout is a simple baseline that improves on the single network.",
        "NLL and ECE of the single network minus those of MC dropout, on the clean and on the "
        "shifted test parts of the same seeds; an ECE difference must exceed the noise floor",
        effects,
    )
]  # fmt: skip
