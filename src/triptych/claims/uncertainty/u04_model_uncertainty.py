"""U04: model uncertainty against the size of the training set."""

import numpy as np
import pandas as pd

from triptych.claims.base import Effect, Statistical
from triptych.claims.uncertainty._data_size import at, sizes, studies
from triptych.claims.uncertainty._reading import effect, panels, zero

CLASSES = ("linear", "network")


def effects(table: pd.DataFrame) -> list[Effect]:
    """How much of it the largest training set takes away, per hypothesis class and across them."""
    found: list[Effect] = []
    for dataset, rows in panels(table):
        for model in studies(rows):
            for name in CLASSES:
                found += _falls(dataset, rows, model, "mutual_information", name, "nats")
                found += _falls(dataset, rows, model, "disagreement", name, "fraction")
                found += _slope(dataset, rows, model, name)
            found += _falls(dataset, rows, model, "disagreement", "across", "fraction")
    return found


def _falls(
    dataset: str, rows: pd.DataFrame, model: str, metric: str, name: str, unit: str
) -> list[Effect]:
    measured = sizes(rows, model, metric, name)
    if len(measured) < 2:
        return []
    few, many = (at(rows, model, metric, name, n) for n in (measured[0], measured[-1]))
    who = "a linear model and a network" if name == "across" else f"within class {name}"
    what = metric.replace("_", " ")
    comparison = f"{what}, {who}: {measured[0]} − {measured[-1]} training images"
    return effect(dataset, rows, few, many, unit, comparison)


def _slope(dataset: str, rows: pd.DataFrame, model: str, name: str) -> list[Effect]:
    """The exponent a of mutual information ∝ n^−a, least squares on logarithms, per seed."""
    measured = sizes(rows, model, "mutual_information", name)
    if len(measured) < 3:
        return []
    curves = pd.concat([at(rows, model, "mutual_information", name, n) for n in measured], axis=1)
    curves = curves[(curves > 0).all(axis=1)]
    x = np.log(measured) - np.log(measured).mean()
    slopes = -(np.log(curves) @ x) / (x @ x)
    return effect(
        dataset, rows, slopes, zero(slopes), "1",
        f"exponent a of mutual information ∝ n^−a, within class {name}",
    )  # fmt: skip


CLAIMS = [
    Statistical(
        "U04", "uncertainty", "B",
        "Model (epistemic) uncertainty vanishes with data.",
        "mutual information between prediction and member, and the members' disagreement, on "
        "nested training sets of growing size, within two hypothesis classes (linear models, "
        "networks with a hidden layer) and across them",
        effects,
    )
]  # fmt: skip
