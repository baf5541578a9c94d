"""U01: accuracy against severity."""

import pandas as pd

from triptych.claims.base import Effect, Statistical
from triptych.claims.tables import by_seed
from triptych.claims.uncertainty._reading import (
    CLEAN,
    effect,
    in_means,
    models_with,
    panels,
    score,
    severities,
    zero,
)
from triptych.records import shifted

BASELINE = "single"


def effects(table: pd.DataFrame) -> list[Effect]:
    """Accuracy lost at the largest severity, per method; and how steadily it is lost."""
    found: list[Effect] = []
    for dataset, rows in panels(table):
        steps = severities(rows)
        if not steps:
            continue
        for model in models_with(rows, "accuracy"):
            found += effect(
                dataset, rows,
                score(rows, model, "accuracy", CLEAN),
                score(rows, model, "accuracy", steps[-1]),
                "fraction",
                f"accuracy: severity 0 − severity {steps[-1]}, mean over kinds, {model}",
            )  # fmt: skip
        falling = concordance(rows, BASELINE, steps) - 0.5
        found += effect(
            dataset, rows, falling, zero(falling), "fraction",
            "share of severity pairs in which the more severe is less accurate (ties count half), "
            f"mean over kinds − 1/2, {BASELINE}",
        )  # fmt: skip
    return found


def concordance(rows: pd.DataFrame, model: str, steps: list[int]) -> pd.Series:
    """Share of pairs s < s' with accuracy(s') < accuracy(s), per seed, mean over kinds."""
    per_kind = []
    for kind in _kinds(rows, steps):
        curve = [
            by_seed(rows, model=model, metric="accuracy", split=shifted(kind, severity))
            for severity in (0, *steps)
        ]
        pairs = [(low, high) for high in range(len(curve)) for low in range(high)]
        drops = pd.concat([curve[low] - curve[high] for low, high in pairs], axis=1)
        falls = (drops > 0).astype(float) + 0.5 * (drops == 0).astype(float)
        per_kind.append(falls.mean(axis=1))
    mean: pd.Series = pd.concat(per_kind, axis=1).mean(axis=1, skipna=False)
    return mean


def _kinds(rows: pd.DataFrame, steps: list[int]) -> list[str]:
    """The kinds behind the mean over kinds."""
    ending = f"@{steps[-1]}"
    corrupted = [s for s in in_means(rows)["split"].astype(str).unique() if s.startswith("test+")]
    splits = {split for split in corrupted if split.endswith(ending)}
    return sorted(
        s.removeprefix("test+").removesuffix(ending) for s in splits - {f"test+mean{ending}"}
    )


CLAIMS = [
    Statistical(
        "U01", "uncertainty", "B",
        "Accuracy drops with increasing shift.",
        "accuracy against severity 0 to 5 over every corruption kind that means something at the "
        "size of the images, validation kinds left out: the loss at the largest severity, and how "
        "steadily it is lost",
        effects,
    )
]  # fmt: skip
