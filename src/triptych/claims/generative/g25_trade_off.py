"""G25: every family has something that another lacks."""

import math
from collections.abc import Iterable

import pandas as pd

from triptych.claims.base import Effect, Statistical
from triptych.claims.tables import by_seed, datasets, hold_out_ratio

# metric -> +1 where more is better; a model that lacks the metric is the worst in it
CRITERIA = {
    "bits_per_dim": -1.0,
    "frechet_distance": -1.0,
    "probe_accuracy": 1.0,
    "evaluations_per_sample": -1.0,
}
# One family is always on the front: two or more are above it, one alone is below.
MARGIN = 1.5


def effects(table: pd.DataFrame) -> list[Effect]:
    """Per seed: families that have a model which no other beats in everything."""
    found = []
    for dataset in datasets(table, "generative"):
        families = _families(table, dataset)
        if len(set(families.values())) < 2:
            continue
        names = sorted(families)
        scores = {name: _scores(table, dataset, name) for name in names}
        seeds = sorted(set.union(*(set(s) for per in scores.values() for s in per.values())))
        values = {
            seed: float(len({families[name] for name in pareto_front(_points(scores, seed))}))
            for seed in seeds
        }
        label = (
            f"families on the Pareto front of bits/dim, Fréchet distance, probe accuracy and "
            f"network evaluations per image, of {', '.join(names)}"
        )
        ratio = hold_out_ratio(table, "generative", dataset)
        found.append(
            Effect(dataset, values, "families", label, margin=MARGIN, test_train_ratio=ratio)
        )
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


def _families(table: pd.DataFrame, dataset: str) -> dict[str, str]:
    """Model -> family, as the models' own records say."""
    rows = table[
        (table["panel"] == "generative")
        & (table["dataset"] == dataset)
        & (table["metric"] == "family")
    ]
    return dict(zip(rows["model"].astype(str), rows["protocol"].astype(str), strict=True))


def _scores(table: pd.DataFrame, dataset: str, model: str) -> dict[str, dict[int, float]]:
    rows = table[
        (table["dataset"] == dataset) & (table["model"] == model) & (table["split"] == "test")
    ]
    found = {}
    for metric, sign in CRITERIA.items():
        wanted = rows[(rows["metric"] == metric) | rows["metric"].str.startswith(f"{metric}/cnn")]
        values = by_seed(wanted)
        # A diverged training has nan, which nothing could beat.
        found[metric] = {int(str(s)): sign * float(v) for s, v in values.dropna().items()}
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
        experiment="Families that have a model which no other beats in bits/dim, Fréchet distance, "
        "probe accuracy and network evaluations per image at once; what a model lacks counts as "
        "worst. Contradicted if all such models are of one family.",
        effects=effects,
    )
]
