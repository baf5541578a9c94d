"""N10: samplers that weigh or learn against uniform ones, at equal numbers of nodes read."""

import math
from collections.abc import Mapping

import pandas as pd

from triptych.claims.base import Effect, Statistical
from triptych.claims.graphs._sampling import (
    ACCURACY,
    FULL,
    UNIFORM,
    evaluated,
    interpolated,
    number,
    runs,
    title,
    told_apart,
    variants,
)
from triptych.claims.graphs._splits import test_train_ratio
from triptych.claims.tables import paired

FLOOR = 0.01  # of draws: a hundredth is no choice


def effects(table: pd.DataFrame) -> list[Effect]:
    """For every sampler but the uniform one: error of sums, accuracy, and what noise does."""
    return told_apart(
        (model, effect)
        for dataset, model in runs(table)
        for effect in _of_entry(table, dataset, model)
    )


def _of_entry(table: pd.DataFrame, dataset: str, model: str) -> list[Effect]:
    found = []
    ratio = test_train_ratio(table, dataset, model, f"{ACCURACY}/{FULL}")
    names = dict.fromkeys(v.sampler for v in variants(table, dataset, model, ACCURACY))
    for name in names:
        if name not in (FULL, UNIFORM):
            found += _errors(table, dataset, model, name)
            found += _accuracy(table, dataset, model, name, ratio)
            found += _noise(table, dataset, model, name, ratio)
    return found


def _errors(table: pd.DataFrame, dataset: str, model: str, name: str) -> list[Effect]:
    """Uniform over own error at equal nodes; and before over after learning at equal draws."""
    found = []
    points = _points(table, dataset, model, name)
    against = {seed: value for seed, rows in points.items() if (value := _gain(rows)) is not None}
    if against:
        label = f"error of sampled sums at equal nodes: {title(UNIFORM)} over {title(name)}"
        found.append(Effect(dataset, against, "log10 ratio", label))
    learnt: dict[int, list[float]] = {}
    for v in variants(table, dataset, model, "start_error"):
        if v.sampler == name:
            before = number(table, dataset, model, "start_error", v.text, "train").map(math.log10)
            after = number(table, dataset, model, "sum_error", v.text, "train").map(math.log10)
            for seed, value in paired(before, after).items():
                learnt.setdefault(seed, []).append(value)
    if learnt:
        label = f"error of sampled sums at equal draws: {title(name)} before over after learning"
        means = {seed: math.fsum(values) / len(values) for seed, values in learnt.items()}
        found.append(Effect(dataset, means, "log10 ratio", label))
    return found


Point = Mapping[str, float]  # sum_error, sum_nodes, uniform_error, uniform_nodes of one budget


def _points(
    table: pd.DataFrame, dataset: str, model: str, name: str
) -> dict[int, list[dict[str, float]]]:
    """Seed -> what was measured at each budget."""
    found: dict[int, list[dict[str, float]]] = {}
    for v in variants(table, dataset, model, "sum_error"):
        if v.sampler != name:
            continue
        series = {
            metric: number(table, dataset, model, metric, v.text, "train")
            for metric in ("sum_error", "sum_nodes", "uniform_error", "uniform_nodes")
        }
        for seed in series["sum_error"].index:
            point = {metric: float(values[seed]) for metric, values in series.items()}
            found.setdefault(int(str(seed)), []).append(point)
    return found


def _gain(points: list[dict[str, float]]) -> float | None:
    """Mean log-ratio of errors where the uniform curve says what it costs at as many nodes."""
    uniform = {
        p["uniform_nodes"]: math.log10(p["uniform_error"]) for p in points if p["uniform_error"] > 0
    }
    gains = [
        interpolated(p["sum_nodes"], uniform) - math.log10(p["sum_error"])
        for p in points
        if p["sum_error"] > 0 and p["sum_nodes"] > 0
    ]
    known = [gain for gain in gains if math.isfinite(gain)]
    return math.fsum(known) / len(known) if known else None


def _accuracy(
    table: pd.DataFrame, dataset: str, model: str, name: str, ratio: float
) -> list[Effect]:
    """Mean over budgets of the accuracy minus that of uniform draws at as many nodes."""
    curves: dict[str, dict[int, dict[float, float]]] = {name: {}, UNIFORM: {}}
    for v in variants(table, dataset, model, ACCURACY):
        if v.sampler in curves and v.has("budget"):
            hit = number(table, dataset, model, ACCURACY, v.text)
            nodes = number(table, dataset, model, "nodes_per_batch", v.text, "train")
            for seed in hit.index.intersection(nodes.index):
                place = curves[v.sampler].setdefault(int(str(seed)), {})
                place[float(nodes[seed])] = float(hit[seed])
    values = {}
    for seed, own in curves[name].items():
        uniform = curves[UNIFORM].get(seed, {})
        gains = [hit - interpolated(nodes, uniform) for nodes, hit in own.items()]
        known = [gain for gain in gains if math.isfinite(gain)]
        if known:
            values[seed] = math.fsum(known) / len(known)
    label = f"test accuracy at equal nodes: {evaluated(name)} − {title(UNIFORM)}"
    if not values:
        return []
    return [Effect(dataset, values, "fraction", label, test_train_ratio=ratio)]


def _noise(table: pd.DataFrame, dataset: str, model: str, name: str, ratio: float) -> list[Effect]:
    """On a graph with meaningless edges: accuracy, and how many draws follow one."""
    noisy = {
        v.sampler: v for v in variants(table, dataset, model, ACCURACY) if "noise" in v.settings
    }
    if name not in noisy or UNIFORM not in noisy:
        return []
    own, uniform = noisy[name].text, noisy[UNIFORM].text
    edges = f"{noisy[name].settings['noise']:g} meaningless edges per true one"
    hits = paired(*(number(table, dataset, model, ACCURACY, text) for text in (own, uniform)))
    shares = paired(
        *(number(table, dataset, model, "noise_share", text, "all") for text in (uniform, own))
    )
    found = []
    if hits:
        label = f"test accuracy, {edges}: {evaluated(name)} − {title(UNIFORM)}"
        found.append(Effect(dataset, hits, "fraction", label, test_train_ratio=ratio))
    if shares:  # only samplers with a distribution over each node's neighbours have one
        label = f"draws that follow one of {edges}: {title(UNIFORM)} − {title(name)}"
        found.append(Effect(dataset, shares, "fraction", label, floor=FLOOR))
    return found


CLAIMS = [
    Statistical(
        id="N10",
        panel="graphs",
        deck="A",
        statement="Importance sampling (FastGCN, LADIES, AS-GCN, GCN-BS, PASS) chooses neighbours "
        "better than uniform sampling.",
        experiment="Relative error of the sampled sums and test accuracy of every sampler against "
        "GraphSAGE, whose curve over budgets is read where it reads as many nodes, counted; errors "
        "before against after learning for those that learn; and, on a graph with meaningless "
        "edges added, accuracy and (where nodes draw for themselves) the share of draws that "
        "follow one. At evaluation all neighbours are summed, but PASS sums them with its own "
        "policy, another network: it has accuracies alone, for it does not estimate these sums.",
        effects=effects,
    )
]
