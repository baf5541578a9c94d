"""U15: covariate, open-set, subpopulation and label shift, each made on purpose."""

import pandas as pd

from triptych.claims.base import Effect, Statistical
from triptych.claims.tables import by_seed
from triptych.claims.uncertainty._reading import CLEAN, effect, models_with, panels, score
from triptych.records import named

TURNED = named("ovadia_rotate", "45")
UNKNOWN = named("unknown_classes")
GROUPS = named("strokes")
RARE = named("label_shift", "30")  # the largest ratio of class frequencies


def effects(table: pd.DataFrame) -> list[Effect]:
    """What each kind of shift costs each method, positive for a cost."""
    found: list[Effect] = []
    for dataset, rows in panels(table):
        for model in models_with(rows, "accuracy"):
            found += _covariate(dataset, rows, model)
            found += _open_set(dataset, rows, model)
            found += _subpopulation(dataset, rows, model)
            found += _label(dataset, rows, model)
    return found


def _covariate(dataset: str, rows: pd.DataFrame, model: str) -> list[Effect]:
    clean = score(rows, model, "accuracy", CLEAN)
    turned = by_seed(rows, model=model, metric="accuracy", split=TURNED)
    return effect(
        dataset, rows, clean, turned, "fraction",
        f"covariate shift: accuracy, test − turned by 45°, {model}",
    )  # fmt: skip


def _open_set(dataset: str, rows: pd.DataFrame, model: str) -> list[Effect]:
    """Of unknown classes every prediction is wrong: all confidence is too much."""
    clean = score(rows, model, "confidence_minus_accuracy", CLEAN)
    unknown = by_seed(rows, model=model, metric="mean_confidence", split=UNKNOWN)
    return effect(
        dataset, rows, unknown, clean, "fraction",
        f"open set: confidence − accuracy, unknown classes (accuracy 0) − test, {model}",
    )  # fmt: skip


def _subpopulation(dataset: str, rows: pd.DataFrame, model: str) -> list[Effect]:
    """The least accurate group lies below the mean by chance, too: that much is the floor."""
    clean = score(rows, model, "accuracy", CLEAN)
    worst, chance = (
        by_seed(rows, model=model, metric=f"worst_group_{name}", split=GROUPS)
        for name in ("accuracy", "expected")
    )
    if worst.empty:
        return []
    floor = float((clean - chance).mean())
    return effect(
        dataset, rows, clean, worst, "fraction",
        f"subpopulation shift: accuracy, test − worst third by stroke thickness, {model}", floor,
    )  # fmt: skip


def _label(dataset: str, rows: pd.DataFrame, model: str) -> list[Effect]:
    plain, corrected = (
        by_seed(rows, model=model, metric=metric, split=RARE)
        for metric in ("nll", "nll/known_prior")
    )
    found = effect(
        dataset, rows, plain, corrected, "nats",
        f"label shift 30 to 1: NLL, as predicted − corrected for the known prior, {model}",
    )  # fmt: skip
    distance, error = (
        by_seed(rows, model=model, metric=metric, split=RARE)
        for metric in ("prior_distance", "prior_estimate_error")
    )
    if distance.empty:
        return found
    return found + effect(
        dataset, rows, distance, error, "fraction",
        "label shift 30 to 1: distance of the class frequencies from the training data's − from "
        f"those estimated without labels, {model}",
    )  # fmt: skip


CLAIMS = [
    Statistical(
        "U15", "uncertainty", "B",
        "Shift comes as covariate, open-set, subpopulation and label shift.",
        "each made on purpose and each method measured on it: accuracy lost when digits are "
        "turned, confidence in classes that training left out, accuracy of the worst third by "
        "stroke thickness (beyond what chance makes the worst), NLL gained by correcting for known "
        "class frequencies",
        effects,
    )
]  # fmt: skip
