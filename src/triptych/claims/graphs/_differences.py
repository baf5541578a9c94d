"""The commonest effect: one entry's number minus another's, seed by seed."""

import pandas as pd

from triptych.claims.base import Effect
from triptych.claims.graphs._splits import test_train_ratio
from triptych.claims.tables import by_seed, paired


def number(
    table: pd.DataFrame, dataset: str, model: str, metric: str = "accuracy", split: str = "test"
) -> pd.Series:
    """One number of an entry per seed; empty where it was not measured."""
    return by_seed(table, panel="graphs", dataset=dataset, model=model, split=split, metric=metric)


def difference(
    table: pd.DataFrame,
    dataset: str,
    left: tuple[str, str],
    right: tuple[str, str],
    comparison: str,
    margin: float = 0.0,
) -> list[Effect]:
    """The effect ``left - right`` on test nodes, or none where one of them is missing.

    Args:
        table: Records.
        dataset: Data set.
        left: (entry, metric).
        right: (entry, metric).
        comparison: In words.
        margin: What the effect must exceed.
    """
    values = paired(number(table, dataset, *left), number(table, dataset, *right))
    if not values:
        return []
    ratio = test_train_ratio(table, dataset, left[0], left[1].partition("/")[0])
    return [Effect(dataset, values, "fraction", comparison, margin, ratio)]
