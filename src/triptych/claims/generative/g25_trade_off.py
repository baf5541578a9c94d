"""G25: every family has something that another lacks."""

import math
from collections.abc import Iterable

import pandas as pd

from triptych.claims.base import Effect, Statistical
from triptych.claims.tables import by_seed, datasets, hold_out_ratio, models

# metric -> +1 where more is better; a model that lacks the metric is the worst in it
CRITERIA = {
    "bits_per_dim": -1.0,
    "frechet_distance": -1.0,
    "probe_accuracy": 1.0,
    "evaluations_per_sample": -1.0,
}


def effects(table: pd.DataFrame) -> list[Effect]:
    """Per seed: how many models no other beats in everything, less the one there always is."""
    found = []
    for dataset in datasets(table, "generative"):
        names = models(table, "generative", dataset)
        scores = {name: _scores(table, dataset, name) for name in names}
        seeds = sorted(set.union(*(set(s) for per in scores.values() for s in per.values())))
        values = {seed: float(len(pareto_front(_points(scores, seed))) - 1) for seed in seeds}
        label = (
            f"models on the Pareto front of bits/dim, Fréchet distance, probe accuracy and network "
            f"evaluations per image, of {', '.join(names)}; less one"
        )
        ratio = hold_out_ratio(table, "generative", dataset)
        if len(names) > 1:
            found.append(Effect(dataset, values, "models", label, test_train_ratio=ratio))
    return found


def pareto_front(points: dict[str, tuple[float, ...]]) -> set[str]:
    """Names of the points that no other dominates (at least as good in all, better in one)."""
    return {
        name
        for name, point in points.items()
        if not any(_dominates(other, point) for key, other in points.items() if key != name)
    }


def _dominates(first: Iterable[float], second: Iterable[float]) -> bool:
    pairs = list(zip(first, second, strict=True))
    return all(a >= b for a, b in pairs) and any(a > b for a, b in pairs)


def _scores(table: pd.DataFrame, dataset: str, model: str) -> dict[str, dict[int, float]]:
    rows = table[
        (table["dataset"] == dataset) & (table["model"] == model) & (table["split"] == "test")
    ]
    found = {}
    for metric, sign in CRITERIA.items():
        wanted = rows[(rows["metric"] == metric) | rows["metric"].str.startswith(f"{metric}/cnn")]
        values = by_seed(wanted)
        found[metric] = {int(str(seed)): sign * float(value) for seed, value in values.items()}
    return found


def _points(
    scores: dict[str, dict[str, dict[int, float]]], seed: int
) -> dict[str, tuple[float, ...]]:
    return {
        name: tuple(per[metric].get(seed, -math.inf) for metric in CRITERIA)
        for name, per in scores.items()
    }


CLAIMS = [
    Statistical(
        id="G25",
        panel="generative",
        deck="A",
        statement="The four families have different pros and cons: likelihood of new data, good "
        "samples, useful codes, compute.",
        experiment="Models that no other beats in bits/dim, Fréchet distance, probe accuracy and "
        "network evaluations per image at once; the claim fails if one model beats all others.",
        effects=effects,
    )
]
