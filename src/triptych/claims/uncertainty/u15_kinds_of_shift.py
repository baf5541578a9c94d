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
    """Of unknown classes every prediction is wrong: all confidence beyond 1/K is too much.

    The largest of K probabilities is 1/K at least, even where a model knows that it knows nothing.
    """
    clean = score(rows, model, "confidence_minus_accuracy", CLEAN)
    unknown, least = (
        by_seed(rows, model=model, metric=metric, split=UNKNOWN)
        for metric in ("mean_confidence", "least_confidence")
    )
    return effect(
        dataset, rows, unknown - least, clean, "fraction",
        "open set: confidence − 1/K on unknown classes (K known ones; no top probability is lower) "
        f"− (confidence − accuracy on test), {model}",
    )  # fmt: skip


def _subpopulation(dataset: str, rows: pd.DataFrame, model: str) -> list[Effect]:
    """The least accurate group lies below the mean by chance, too: only what is beyond counts."""
    worst, chance = (
        by_seed(rows, model=model, metric=f"worst_group_{name}", split=GROUPS)
        for name in ("accuracy", "expected")
    )
    return effect(
        dataset, rows, chance, worst, "fraction",
        "subpopulation shift: accuracy of the worst third by stroke thickness, expected by chance "
        f"of equal thirds − measured, {model}",
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
        "turned; confidence in classes that training left out, beyond the 1/K that is the least, "
        "against the overconfidence on known ones; accuracy of the worst third by stroke thickness "
        "below what chance makes of the worst of equal thirds; NLL gained by correcting for known "
        "class frequencies, and how much nearer estimated ones come",
        effects,
    )
]  # fmt: skip
