"""G24: large scales first."""

import numpy as np
import pandas as pd

from triptych.claims.base import Effect, Statistical
from triptych.claims.tables import by_seed, datasets, hold_out_ratio, models, paired


def effects(table: pd.DataFrame) -> list[Effect]:
    """Low minus high frequencies in two readings, and how early the rate buys its distortion."""
    found = []
    for dataset in datasets(table, "generative"):
        ratio = hold_out_ratio(table, "generative", dataset)
        for model in models(table, "generative", dataset):
            where = {"dataset": dataset, "model": model}
            for metric, unit, what in (
                ("frequency_correlation", "1", "correlation of x̂₀(t) with the sample, mean over t"),
                ("frequency_settled", "t/T", "time t/T at which the correlation reaches 0.9"),
            ):
                low, high = (
                    by_seed(table, metric=f"{metric}/{band}", **where) for band in ("low", "high")
                )
                gain = paired(low, high)
                if gain:
                    label = f"{what}, {model}: low − high frequencies"
                    found.append(Effect(dataset, gain, unit, label, test_train_ratio=ratio))
            early = _early_share(table, where)
            if early:
                label = f"share of the distortion that the first half of all bits removes, {model}"
                found.append(
                    Effect(dataset, early, "fraction", label, margin=0.5, test_train_ratio=ratio)
                )
    return found


def _early_share(table: pd.DataFrame, where: dict[str, str]) -> dict[int, float]:
    """Seed -> drop of the error when half of all bits have come, over its whole drop.

    Nothing where the end of the curve, t = 0, was not recorded: only there have all bits come.
    """
    rows = table
    for column, wanted in where.items():
        rows = rows[rows[column] == wanted]
    curves = [
        rows[rows["metric"].str.startswith(f"progressive_{name}/t=")].assign(
            t=lambda r: r["metric"].str.split("=").str[1].astype(float)
        )
        for name in ("rate", "distortion")
    ]
    if not all((curve["t"] == 0.0).any() for curve in curves):
        return {}
    joined = curves[0].merge(curves[1], on=["seed", "t"], suffixes=("_rate", "_error"))
    return {int(str(seed)): _drop(curve) for seed, curve in joined.groupby("seed")}


def _drop(curve: pd.DataFrame) -> float:
    """By linear interpolation of the recorded points of the rate–distortion curve.

    Where the curve is convex between them, the share comes out too small if anything.
    """
    points = curve.sort_values("value_rate")
    rate, error = points["value_rate"].to_numpy(float), points["value_error"].to_numpy(float)
    half = float(np.interp((rate[0] + rate[-1]) / 2, rate, error))
    return float((error[0] - half) / (error[0] - error[-1]))


CLAIMS = [
    Statistical(
        id="G24",
        panel="generative",
        deck="A",
        statement="Large-scale features appear first and details last.",
        experiment="Correlation of low and of high spatial frequencies of x̂_0(t) with the final "
        "sample over t; rate–distortion curve of the bound, down to t = 0 where all bits have "
        "come: the first half of all bits removes more than half of the distortion.",
        effects=effects,
    )
]
