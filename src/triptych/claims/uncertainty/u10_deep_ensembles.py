"""U10: the rank of deep ensembles among all methods."""

from collections.abc import Sequence

import pandas as pd

from triptych.claims.base import Effect, Statistical
from triptych.claims.uncertainty._methods import comparable, numbers
from triptych.claims.uncertainty._reading import CLEAN, effect, panels, severities, zero

METRICS = ("nll", "brier", "ece")
LABELS = {"nll": "NLL", "brier": "Brier score", "ece": "ECE"}
CALIBRATED = "nll_calibrated"
FLOOR = "ece_floor"
MODEL = "deep_ensemble"


def effects(table: pd.DataFrame) -> list[Effect]:
    """How far above the middle of the field it ranks."""
    found: list[Effect] = []
    for dataset, rows in panels(table):
        models = comparable(rows, MODEL)
        if MODEL not in models or len(models) < 2:
            continue
        levels = severities(rows)
        for name, chosen in (("clean", [CLEAN]), ("shifted", levels)):
            if chosen:
                found += _of(dataset, rows, models, name, chosen)
    return found


def _of(
    dataset: str, rows: pd.DataFrame, models: Sequence[str], name: str, levels: Sequence[int]
) -> list[Effect]:
    ranks = all_ranks(rows, models, METRICS, levels)
    middle = (len(models) + 1) / 2
    every = ", every severity" if name == "shifted" else ""
    head = f"{name}: middle rank of {len(models)} methods − mean rank of {MODEL} by"

    def lead(values: pd.Series, text: str) -> list[Effect]:
        return effect(dataset, rows, values, zero(values), "ranks", f"{head} {text}{every}")

    found = lead(middle - ranks.mean(axis=1), ", ".join(METRICS))
    for metric in METRICS:
        alone = ranks.loc[:, [metric]].mean(axis=1)
        found += lead(middle - alone, f"{LABELS[metric]} alone")
    calibrated = all_ranks(rows, models, (CALIBRATED,), levels)
    if len(calibrated):
        text = "NLL, each method at its own temperature of the validation part"
        found += lead(middle - calibrated.mean(axis=1), text)
    return found


def all_ranks(
    rows: pd.DataFrame, models: Sequence[str], metrics: Sequence[str], levels: Sequence[int]
) -> pd.DataFrame:
    """Rank of the model per seed; columns (metric, severity); 1 is the lowest score, ties share.

    ECEs below the largest noise floor at that severity cannot be told apart: they tie. A seed that
    one of the methods lacks (it diverged) is left out.
    """
    floors = (FLOOR,) if "ece" in metrics else ()
    values = numbers(rows, models, (*metrics, *floors), levels)
    found = {}
    for metric in metrics:
        for level in levels:
            scores = values[metric][level]
            if metric == "ece":
                least = values[FLOOR][level].max(axis=1)
                scores = scores.clip(lower=least, axis=0)
            found[metric, level] = scores.rank(axis=1, method="average")[MODEL]
    return pd.DataFrame(found, index=values.index)


CLAIMS = [
    Statistical(
        "U10", "uncertainty", "B",
        "Deep ensembles are consistently among the best, especially under shift.",
        "rank among all methods by NLL, Brier score and ECE, clean and at every severity, against "
        "the middle of the field, (K + 1)/2; ECEs within the noise floor tie; NLL also with every "
        "method at its own temperature",
        effects,
    )
]  # fmt: skip
