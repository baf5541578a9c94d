"""Reading the curves of the data-size study off the table of records."""

import re

import pandas as pd

from triptych.claims.tables import by_seed

PREFIX = "data_size_"


def studies(rows: pd.DataFrame) -> list[str]:
    """Models that are such a study, in alphabetical order."""
    found = rows.loc[rows["metric"].astype(str).str.startswith(PREFIX), "model"]
    return sorted(str(model) for model in found.unique())


def sizes(rows: pd.DataFrame, model: str, metric: str, condition: str) -> list[int]:
    """Training-set sizes of one curve, ascending."""
    pattern = re.compile(re.escape(f"{PREFIX}{metric}/{condition},n=") + r"(\d+)$")
    names = rows.loc[rows["model"] == model, "metric"].astype(str).unique()
    return sorted(int(found.group(1)) for found in map(pattern.match, names) if found)


def at(rows: pd.DataFrame, model: str, metric: str, condition: str, size: int) -> pd.Series:
    """A number per seed on the clean test part."""
    name = f"{PREFIX}{metric}/{condition},n={size}"
    return by_seed(rows, model=model, metric=name, split="test")


def view_conditions(rows: pd.DataFrame, model: str) -> list[str]:
    """Conditions with noisy looks, the fewest looks first."""
    names = rows.loc[rows["model"] == model, "metric"].astype(str).unique()
    found = {m.group(1) for m in (re.search(r"/(views_\d+),n=", name) for name in names) if m}
    return sorted(found, key=lambda name: int(name.removeprefix("views_")))
