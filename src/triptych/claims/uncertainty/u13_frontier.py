"""U13: better uncertainty is bought with compute."""

import numpy as np
import pandas as pd

from triptych.claims.base import Effect, Statistical
from triptych.claims.uncertainty._methods import comparable, kendall, means, networks
from triptych.claims.uncertainty._reading import effect, panels, severities, zero

SINGLE, MODEL = "single", "deep_ensemble"
JENSEN = "(never negative: read its size)"
COSTS = {
    "prediction_multiply_adds": "prediction",
    "training_multiply_adds": "training",
}


def effects(table: pd.DataFrame) -> list[Effect]:
    """Rank correlation of cost and NLL under shift over methods; the same within one method."""
    found: list[Effect] = []
    for dataset, rows in panels(table):
        levels = severities(rows)
        if not levels:
            continue
        models = networks(rows, comparable(rows, SINGLE))
        for cost, label in COSTS.items():
            found += _correlation(dataset, rows, models, levels, cost, label)
        found += _sizes(dataset, rows, levels)
    return found


def _correlation(
    dataset: str, rows: pd.DataFrame, models: list[str], levels: list[int], cost: str, label: str
) -> list[Effect]:
    price = rows[(rows["metric"] == cost) & rows["model"].isin(models)]
    prices = price.pivot(index="seed", columns="model", values="value")
    models = [model for model in models if model in prices.columns]
    if len(models) < 3:
        return []
    nll = means(rows, models, "nll", levels)
    values = {
        seed: kendall(
            np.asarray(prices.loc[seed, models], dtype=np.float64),
            -np.asarray(nll.loc[seed, models], dtype=np.float64),
        )
        for seed in nll.index.intersection(prices.dropna().index)
    }
    series = pd.Series(values, dtype=float)
    return effect(
        dataset, rows, series, zero(series), "1",
        f"rank correlation (Kendall) of multiply-adds per {label} and −NLL under shift, "
        f"{len(models)} methods made of networks",
    )  # fmt: skip


def _sizes(dataset: str, rows: pd.DataFrame, levels: list[int]) -> list[Effect]:
    """What more members of the deep ensemble gain under shift, and that later ones gain less.

    The mean prediction of all is the mean over the runs of fewer neighbours: as −log is convex, its
    NLL is at most the mean of theirs, on any images.
    """
    own = rows[(rows["model"] == MODEL) & rows["metric"].str.startswith("nll_of_size/k=")]
    sizes = sorted({int(metric.rpartition("=")[2]) for metric in own["metric"]})
    if len(sizes) < 3:
        return []
    half = max(size for size in sizes if size <= sizes[-1] / 2)

    def nll(size: int) -> pd.Series:
        return means(own, [MODEL], f"nll_of_size/k={size}", levels)[MODEL]

    one, middle, all_ = (nll(size) for size in (1, half, sizes[-1]))
    return [
        *effect(
            dataset, rows, one, all_, "nats",
            f"NLL under shift, {MODEL}: 1 member − {sizes[-1]} members {JENSEN}",
        ),
        *effect(
            dataset, rows, middle, all_, "nats",
            f"NLL under shift, {MODEL}: {half} members − {sizes[-1]} members {JENSEN}",
        ),
        *effect(
            dataset, rows, one - middle, middle - all_, "nats",
            f"NLL under shift, {MODEL}: gain of the first {half} members − gain of the next "
            f"{sizes[-1] - half}",
        ),
    ]  # fmt: skip


CLAIMS = [
    Statistical(
        "U13", "uncertainty", "B",
        "Uncertainty and robustness trade against compute along a frontier.",
        "rank correlation over methods between multiply-adds (of training, of a prediction) and "
        "NLL under shift, mean over kinds and severities; and what 1, half and all members of the "
        "deep ensemble reach (all never do worse on average than fewer: read by how much); the "
        "figure draws all methods and the Pareto front",
        effects,
    )
]  # fmt: skip
