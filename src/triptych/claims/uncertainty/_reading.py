"""Reading the uncertainty panel's numbers off the table of records."""

import re
from collections.abc import Sequence

import pandas as pd

from triptych.claims.base import Effect
from triptych.claims.tables import by_seed, datasets, paired, remembered
from triptych.records import HELD_OUT, shifted

MEAN = "mean"
CLEAN = 0


@remembered
def panels(table: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """Data set and its records, for every data set of the panel."""
    own = table[table["panel"] == "uncertainty"]
    return [(name, own[own["dataset"] == name]) for name in datasets(table, "uncertainty")]


def score(rows: pd.DataFrame, model: str, metric: str, severity: int) -> pd.Series:
    """A number per seed, mean over kinds at that severity; 0 is the clean test part."""
    return by_seed(rows, model=model, metric=metric, split=shifted(MEAN, severity))


def severities(rows: pd.DataFrame) -> list[int]:
    """Severities that were measured, ascending, without 0."""
    pattern = re.compile(re.escape(shifted(MEAN, 1)[:-1]) + r"(\d+)$")
    found = (pattern.match(str(split)) for split in rows["split"].unique())
    return sorted(int(match.group(1)) for match in found if match)


def in_means(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows without those of corruption kinds that are kept for validation."""
    return rows[~rows["protocol"].str.contains(HELD_OUT, regex=False)]


def shifted_mean(rows: pd.DataFrame, model: str, metric: str) -> pd.Series:
    """A number per seed, mean over kinds and over all severities from 1."""
    found = [score(rows, model, metric, severity) for severity in severities(rows)]
    return pd.concat(found, axis=1).mean(axis=1, skipna=False) if found else pd.Series(dtype=float)


def models_with(rows: pd.DataFrame, metric: str) -> list[str]:
    """Models that have a number of that name, in alphabetical order."""
    return sorted(str(model) for model in rows.loc[rows["metric"] == metric, "model"].unique())


@remembered
def hold_out_ratio(rows: pd.DataFrame) -> float:
    """n_test / n_train where every seed draws its own hold-out split of one set, else 0."""
    sizes = rows[rows["metric"] == "n_train"]
    rule = sizes["protocol"].str
    redrawn = rule.contains("drawn anew for each seed") & ~rule.contains("standard test part")
    sizes = sizes[redrawn]
    tests = rows[rows["metric"].isin(("accuracy", "rmse")) & (rows["split"] == "test")]
    if sizes.empty or tests.empty:
        return 0.0
    return float(tests["n"].iloc[0]) / float(sizes["value"].iloc[0])


def floor(rows: pd.DataFrame, models: Sequence[str], severity: int) -> float:
    """Largest noise floor of the ECE among models, each a mean over seeds."""
    return max(float(score(rows, model, "ece_floor", severity).mean()) for model in models)


def effect(
    dataset: str,
    rows: pd.DataFrame,
    left: pd.Series,
    right: pd.Series,
    unit: str,
    comparison: str,
    noise_floor: float = 0.0,
) -> list[Effect]:
    """The paired effect ``left - right``, or nothing where no seed has both."""
    values = paired(left, right)
    if not values:
        return []
    if noise_floor:
        comparison = f"{comparison}; noise floor {noise_floor:.3f}"
    ratio = hold_out_ratio(rows)
    return [Effect(dataset, values, unit, comparison, 0.0, ratio, noise_floor)]


def zero(series: pd.Series) -> pd.Series:
    """What an effect that stands alone is compared with."""
    return series * 0.0
