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
SCALED = "temperature"


def effects(table: pd.DataFrame) -> list[Effect]:
    """What the largest severity adds to each score of the single network, and its overconfidence.

    Beside it the same network calibrated on clean images: how much of its ECE that takes away, and
    what of this is left under shift. For the ECE a change within the noise floor at that severity
    decides nothing.
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
        found += _scaled(dataset, rows, worst)
    return found


def _scaled(dataset: str, rows: pd.DataFrame, worst: int) -> list[Effect]:
    """Calibration by one temperature: it helps where it was fitted, and does not last."""
    if rows[rows["model"] == SCALED].empty:
        return []
    clean, shifted = (score(rows, SCALED, "ece", severity) for severity in (CLEAN, worst))
    return [
        *effect(
            dataset, rows, score(rows, MODEL, "ece", CLEAN), clean, "fraction",
            f"ece, clean: {MODEL} − {SCALED} (a temperature fitted on clean images)",
            floor(rows, [MODEL, SCALED], CLEAN),
        ),
        *effect(
            dataset, rows, shifted, clean, "fraction",
            f"ece: severity {worst} − severity 0, mean over kinds, {SCALED}",
            floor(rows, [SCALED], worst),
        ),
    ]  # fmt: skip


CLAIMS = [
    Statistical(
        "U02", "uncertainty", "B",
        "Quality of uncertainty degrades with shift: overconfident mistakes.",
        "ECE, NLL and Brier score of the single network at the largest severity against the clean "
        "test part, and its confidence − accuracy there; the same network with a temperature "
        "fitted on clean images; the ECE must change by more than its noise floor",
        effects,
    )
]  # fmt: skip
