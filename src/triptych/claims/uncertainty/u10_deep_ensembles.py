"""U10: the rank of deep ensembles among all methods."""

from collections.abc import Sequence

import pandas as pd

from triptych.claims.base import Effect, Statistical
from triptych.claims.uncertainty._reading import (
    CLEAN,
    effect,
    models_with,
    panels,
    score,
    severities,
    zero,
)

METRICS = ("nll", "brier", "ece")
MODEL = "deep_ensemble"


def effects(table: pd.DataFrame) -> list[Effect]:
    """How many ranks better than the middle of the field, clean and under shift."""
    found: list[Effect] = []
    for dataset, rows in panels(table):
        models = models_with(rows, "nll")
        if MODEL not in models or len(models) < 2:
            continue
        for name, levels in (("clean", [CLEAN]), ("shifted", severities(rows))):
            if not levels:
                continue
            lead = ranks_above_middle(rows, models, levels)
            found += effect(
                dataset, rows, lead, zero(lead), "ranks",
                f"{name}: middle rank of {len(models)} methods − mean rank of {MODEL} by "
                f"{', '.join(METRICS)}" + (", every severity" if name == "shifted" else ""),
            )  # fmt: skip
    return found


def ranks_above_middle(
    rows: pd.DataFrame, models: Sequence[str], levels: Sequence[int]
) -> pd.Series:
    """(K + 1) / 2 − mean rank per seed; ties share their mean rank, 1 is the lowest score.

    A seed that one of the methods lacks (it diverged) is left out.
    """
    ranks = []
    for metric in METRICS:
        for severity in levels:
            scores = pd.concat(
                {model: score(rows, model, metric, severity) for model in models}, axis=1
            ).dropna()
            ranks.append(scores.rank(axis=1, method="average")[MODEL])
    mean = pd.concat(ranks, axis=1).mean(axis=1, skipna=False).dropna()
    return (len(models) + 1) / 2 - mean


CLAIMS = [
    Statistical(
        "U10", "uncertainty", "B",
        "Deep ensembles are consistently among the best, especially under shift.",
        "mean rank among all methods by NLL, Brier score and ECE, clean and at every severity, "
        "against the middle of the field, (K + 1)/2",
        effects,
    )
]  # fmt: skip
