"""Many methods side by side: which can be compared, and their numbers in one table."""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from triptych.claims.uncertainty._reading import MEAN
from triptych.records import shifted

TASK = "classification"
NOT_NETWORKS = ("random forest", "boosting", "stacking", "logistic regression")  # families


def comparable(rows: pd.DataFrame, like: str) -> list[str]:
    """Models that classify, after training on as many examples as ``like``, by name.

    (Studies of training-set size run on the same data with less of it.)
    """
    counted = rows[(rows["metric"] == "n_train") & (rows["task"] == TASK)]
    sizes = counted.groupby("model")["value"].max()
    measured = set(rows.loc[(rows["metric"] == "nll") & (rows["task"] == TASK), "model"])
    if like not in sizes.index:
        return []
    return sorted(str(m) for m in sizes.index if m in measured and sizes[m] == sizes[like])


def family(rows: pd.DataFrame, model: str) -> str:
    """What the records say the family of a model is; empty where they do not."""
    found = rows.loc[(rows["metric"] == "family") & (rows["model"] == model), "protocol"]
    return str(found.iloc[0]) if len(found) else ""


def networks(rows: pd.DataFrame, models: Iterable[str]) -> list[str]:
    """Those of the models that are made of networks alone: their cost is in multiply-adds."""
    return [model for model in models if family(rows, model) not in NOT_NETWORKS]


def numbers(
    rows: pd.DataFrame, models: Sequence[str], metrics: Sequence[str], levels: Sequence[int]
) -> pd.DataFrame:
    """Numbers of many models at once.

    Args:
        rows: Records of one data set.
        models: Models.
        metrics: Names.
        levels: Severities; 0 is the clean test part, others the mean over kinds.

    Returns:
        One row per seed that has every number; columns (metric, severity, model).
    """
    splits = {shifted(MEAN, level): level for level in levels}
    chosen = rows[
        rows["metric"].isin(metrics) & rows["split"].isin(splits) & rows["model"].isin(models)
    ]
    table = chosen.assign(severity=chosen["split"].map(splits)).pivot(
        index="seed", columns=["metric", "severity", "model"], values="value"
    )
    wanted = pd.MultiIndex.from_product([metrics, levels, models])
    return table.reindex(columns=wanted).dropna()


def means(
    rows: pd.DataFrame, models: Sequence[str], metric: str, levels: Sequence[int]
) -> pd.DataFrame:
    """One number of many models, mean over severities: a row per seed, a column per model."""
    values = numbers(rows, models, [metric], levels)
    own = {model: values[[(metric, level, model) for level in levels]] for model in models}
    return pd.DataFrame({model: table.mean(axis=1) for model, table in own.items()})


def kendall(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    r"""Kendall's τ-b of two short sequences; nan where one of them is constant.

    .. math:: \tau = \frac{\sum_{i<j} \mathrm{sgn}(x_i - x_j)\, \mathrm{sgn}(y_i - y_j)}
              {\sqrt{\#\{x_i \ne x_j\}\, \#\{y_i \ne y_j\}}}

    Example:
        >>> kendall(np.array([1.0, 2.0, 3.0]), np.array([2.0, 1.0, 3.0]))
        0.3333333333333333
    """
    i, j = np.triu_indices(len(x), 1)
    a, b = np.sign(x[i] - x[j]), np.sign(y[i] - y[j])
    pairs = float(np.sqrt((a != 0).sum() * (b != 0).sum()))
    return float((a * b).sum() / pairs) if pairs else float("nan")
