"""Reading effects off the table of records."""

import weakref
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Mapping
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

import numpy as np
import pandas as pd

P = ParamSpec("P")
T = TypeVar("T")
_Groups = Mapping[tuple[object, ...], tuple[list[int], list[float]]]  # seeds, the value of each


def remembered(
    function: Callable[Concatenate[pd.DataFrame, P], T],
) -> Callable[Concatenate[pd.DataFrame, P], T]:
    """Keep what a function says of a table for as long as the table is there.

    Claims ask the same of one table hundreds of times. Whoever changes a table makes a new one.

    Args:
        function: Takes a table and further arguments that can be keys of a dictionary.
    """
    known: dict[int, dict[Hashable, T]] = {}

    @wraps(function)
    def asked(table: pd.DataFrame, /, *args: P.args, **kwargs: P.kwargs) -> T:
        key, question = id(table), (args, tuple(sorted(kwargs.items())))
        if key not in known:
            known[key] = {}
            weakref.finalize(table, known.pop, key).atexit = False
        if question not in known[key]:
            known[key][question] = function(table, *args, **kwargs)
        return known[key][question]

    return asked


def by_seed(table: pd.DataFrame, **conditions: object) -> pd.Series:
    """The values of one number per seed.

    Args:
        table: Records, which must not change afterwards; see :func:`remembered`.
        **conditions: Column = wanted value; together they must leave at most one row per seed.

    Returns:
        Values indexed by seed; empty where nothing matches.

    Raises:
        ValueError: The conditions leave two rows for one seed.
    """
    columns = tuple(sorted(conditions))
    key = tuple(conditions[column] for column in columns)
    seeds, values = _groups(table, columns).get(key, ([], []))
    if len(set(seeds)) < len(seeds):
        raise ValueError(f"more than one record per seed for {conditions}")
    index = pd.Index(np.array(seeds, dtype=np.int64), name="seed")
    return pd.Series(values, index, dtype=np.float64, name="value").sort_index()


@remembered
def _groups(table: pd.DataFrame, columns: tuple[str, ...]) -> _Groups:
    """Seeds and values by what stands in the columns: looking through all rows takes long."""
    groups: dict[tuple[object, ...], tuple[list[int], list[float]]] = defaultdict(lambda: ([], []))
    cells = {name: table[name].to_numpy().tolist() for name in (*columns, "seed", "value")}
    for row, (seed, value) in enumerate(zip(cells["seed"], cells["value"], strict=True)):
        seeds, values = groups[tuple(cells[column][row] for column in columns)]
        seeds.append(seed)
        values.append(value)
    return dict(groups)


def paired(left: pd.Series, right: pd.Series) -> dict[int, float]:
    """``left - right`` for the seeds that both have, diverged (nan) ones left out."""
    difference = (left - right).dropna()
    return {int(str(seed)): float(value) for seed, value in difference.items()}


def datasets(table: pd.DataFrame, panel: str) -> Iterator[str]:
    """Data sets of a panel, in alphabetical order."""
    yield from sorted(table.loc[table["panel"] == panel, "dataset"].unique())


def models(table: pd.DataFrame, panel: str, dataset: str) -> list[str]:
    """Model entries of a panel that have records on a data set, in alphabetical order."""
    rows = table[(table["panel"] == panel) & (table["dataset"] == dataset)]
    return sorted(rows["model"].unique())


def hold_out_ratio(table: pd.DataFrame, panel: str, dataset: str) -> float:
    """n_test / n_train where every seed redraws a hold-out split of one set; 0 for a fixed split.

    Read off the records ``n_train`` (whose protocol is the split rule) and ``n_test``.
    """
    rows = table[(table["panel"] == panel) & (table["dataset"] == dataset)]
    train, test = (rows[rows["metric"] == name] for name in ("n_train", "n_test"))
    if train.empty or test.empty or not train["protocol"].str.contains("repeated hold-out").all():
        return 0.0
    return float(test["value"].mean() / train["value"].mean())
