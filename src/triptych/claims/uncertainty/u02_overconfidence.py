"""U02: calibration, likelihood and Brier score against severity; overconfidence."""

import pandas as pd

from triptych.claims.base import Effect, Statistical
from triptych.claims.uncertainty._reading import (
    CLEAN,
    effect,
    floor,
    panels,
    score,
    severities,
    zero,
)  # fmt: skip

METRICS = (("nll", "nats"), ("brier", "1"), ("ece", "fraction"))
MODEL = "single"


def effects(table: pd.DataFrame) -> list[Effect]:
    """What the largest severity adds to each score of the single network, and its overconfidence.

    For the ECE a rise within the noise floor at that severity decides nothing.
    """
    found: list[Effect] = []
    for dataset, rows in panels(table):
        steps = severities(rows)
        if not steps or rows[rows["model"] == MODEL].empty:
            continue
        worst = steps[-1]
        for metric, unit in METRICS:
            noise = floor(rows, [MODEL], worst) if metric == "ece" else 0.0
            found += effect(
                dataset, rows,
                score(rows, MODEL, metric, worst), score(rows, MODEL, metric, CLEAN),
                unit, f"{metric}: severity {worst} − severity 0, mean over kinds, {MODEL}", noise,
            )  # fmt: skip
        excess = score(rows, MODEL, "confidence_minus_accuracy", worst)
        found += effect(
            dataset, rows, excess, zero(excess), "fraction",
            f"confidence − accuracy at severity {worst}, mean over kinds, {MODEL}",
        )  # fmt: skip
    return found


CLAIMS = [
    Statistical(
        "U02", "uncertainty", "B",
        "Quality of uncertainty degrades with shift: overconfident mistakes.",
        "ECE, NLL and Brier score of the single network at the largest severity against the clean "
        "test part, and its confidence − accuracy there; the ECE must rise by more than its noise "
        "floor",
        effects,
    )
]  # fmt: skip
