"""U03: confidence on inputs far from the data, and a distance-aware method beside it."""

import pandas as pd

from triptych.claims.base import Effect, Statistical
from triptych.claims.tables import by_seed
from triptych.claims.uncertainty._reading import effect, panels, zero

MODEL = "single"
AWARE = "sngp"
DETECTION = "auroc/max_probability"


def effects(table: pd.DataFrame) -> list[Effect]:
    """How sure the single network is of inputs that belong to no class, and what SNGP changes."""
    found: list[Effect] = []
    for dataset, rows in panels(table):
        for split in far_splits(rows):
            name = split.removeprefix("test:")
            single = by_seed(rows, model=MODEL, metric="mean_confidence", split=split)
            found += effect(
                dataset, rows, single, zero(single) + 0.5, "fraction",
                f"mean confidence on {name} − 1/2, {MODEL}",
            )  # fmt: skip
            aware = by_seed(rows, model=AWARE, metric="mean_confidence", split=split)
            found += effect(
                dataset, rows, single, aware, "fraction",
                f"mean confidence on {name}: {MODEL} − {AWARE}",
            )  # fmt: skip
            detected = [
                by_seed(rows, model=model, metric=DETECTION, split=split)
                for model in (AWARE, MODEL)
            ]
            found += effect(
                dataset, rows, detected[0], detected[1], "fraction",
                f"AUROC of 1 − confidence, {name} against test: {AWARE} − {MODEL}",
            )  # fmt: skip
    return found


def far_splits(rows: pd.DataFrame) -> list[str]:
    """Sets whose inputs belong to no class, in alphabetical order."""
    return sorted(set(rows.loc[rows["metric"] == DETECTION, "split"].astype(str)))


CLAIMS = [
    Statistical(
        "U03", "uncertainty", "B",
        "Models assign high confidence to inputs far from the data.",
        "mean top probability of the single network on photographs, noise and unknown classes "
        "against 1/2, more sure than not; beside it a distance-aware method: its confidence on the "
        "same inputs and how much better it tells them from the test images",
        effects,
    )
]  # fmt: skip
