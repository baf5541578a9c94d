"""Reading effects off the table of records."""

from collections.abc import Iterator

import pandas as pd


def by_seed(table: pd.DataFrame, **conditions: object) -> pd.Series:
    """The values of one number per seed.

    Args:
        table: Records.
        **conditions: Column = wanted value; together they must leave at most one row per seed.

    Returns:
        Values indexed by seed; empty where nothing matches.

    Raises:
        ValueError: The conditions leave two rows for one seed.
    """
    rows = table
    for column, wanted in conditions.items():
        rows = rows[rows[column] == wanted]
    if rows["seed"].duplicated().any():
        raise ValueError(f"more than one record per seed for {conditions}")
    return rows.set_index("seed")["value"].sort_index()


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
