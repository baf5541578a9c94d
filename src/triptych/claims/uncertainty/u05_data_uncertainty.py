"""U05: data uncertainty against the size of the training set, and against what is looked at."""

import numpy as np
import pandas as pd

from triptych.claims.base import Effect, Statistical
from triptych.claims.tables import paired
from triptych.claims.uncertainty._data_size import at, sizes, studies, view_conditions
from triptych.claims.uncertainty._reading import effect, hold_out_ratio, panels

NOISY, CLEAN = "label_noise", "network"


def effects(table: pd.DataFrame) -> list[Effect]:
    """What data leave under label noise, what they take away, and what more looks take away."""
    found: list[Effect] = []
    for dataset, rows in panels(table):
        for model in studies(rows):
            measured = sizes(rows, model, "expected_entropy", NOISY)
            if len(measured) > 1:
                found += _stays(dataset, rows, model, measured[-1])
                found += _slower(dataset, rows, model, measured[0], measured[-1])
            found += _views(dataset, rows, model)
    return found


def _stays(dataset: str, rows: pd.DataFrame, model: str, size: int) -> list[Effect]:
    """What noise adds at the largest size, beyond half of what it makes irreducible."""
    noisy, clean = (at(rows, model, "expected_entropy", name, size) for name in (NOISY, CLEAN))
    values = paired(noisy, clean)
    floor = at(rows, model, "noise_entropy", NOISY, size)
    if not values or floor.empty:
        return []
    margin = 0.5 * float(floor.mean())
    return [
        Effect(
            dataset, values, "nats",
            f"expected entropy, {size} training images: with label noise − without; margin: half "
            "the entropy of the noise",
            margin, hold_out_ratio(rows),
        )
    ]  # fmt: skip


def _slower(dataset: str, rows: pd.DataFrame, model: str, few: int, many: int) -> list[Effect]:
    """By how much more the logarithm of model uncertainty falls than that of data uncertainty."""
    model_part, data_part = (
        np.log(at(rows, model, metric, NOISY, few)) - np.log(at(rows, model, metric, NOISY, many))
        for metric in ("mutual_information", "expected_entropy")
    )
    return effect(
        dataset, rows, model_part, data_part, "ln",
        f"label noise, {few} to {many} training images: log of the fall of mutual information − "
        "of expected entropy",
    )  # fmt: skip


def _views(dataset: str, rows: pd.DataFrame, model: str) -> list[Effect]:
    looks = view_conditions(rows, model)
    if len(looks) < 2:
        return []
    size = sizes(rows, model, "expected_entropy", looks[0])[-1]
    one, more = (at(rows, model, "expected_entropy", name, size) for name in (looks[0], looks[-1]))
    counts = [name.removeprefix("views_") for name in (looks[0], looks[-1])]
    return effect(
        dataset, rows, one, more, "nats",
        f"expected entropy, {size} training images: {counts[0]} noisy look − {counts[1]} averaged",
    )  # fmt: skip


CLAIMS = [
    Statistical(
        "U05", "uncertainty", "B",
        "Data (aleatoric) uncertainty is irreducible, unless more features are added.",
        "expected entropy of the members on nested training sets of growing size under symmetric "
        "label noise, against clean labels and against their mutual information; and with one "
        "noisy look at every image against several",
        effects,
    )
]  # fmt: skip
