"""N14: a training step takes time in proportion to the edges."""

import re

import numpy as np
import pandas as pd

from triptych.claims.base import Effect, Statistical
from triptych.claims.tables import datasets

STEP = re.compile(r"^step_seconds/(near|far),edges=(\d+)$")
SLACK = 0.1  # "linear": a slope between 0.9 and 1.1
WHERE = {"near": "neighbours near in memory", "far": "neighbours anywhere in memory"}


def effects(table: pd.DataFrame) -> list[Effect]:
    """How far the slope is above 0.9 and below 1.1, seed by seed."""
    found = []
    for dataset in datasets(table, "graphs"):
        for where, words in WHERE.items():
            times = seconds(table, dataset, where)
            slopes = {seed: slope(each) for seed, each in times.items() if len(each) > 1}
            if not slopes:
                continue
            sizes = sorted({edges for each in times.values() for edges in each})
            name = (
                f"slope of log seconds on log edges, {sizes[0]:,} to {sizes[-1]:,} edges, {words}"
            )
            for sign, bound in ((1, 1 - SLACK), (-1, 1 + SLACK)):
                values = {seed: sign * (value - bound) for seed, value in slopes.items()}
                label = f"{name} − {bound:g}" if sign > 0 else f"{bound:g} − {name}"
                found.append(Effect(dataset, values, "1", label))
    return found


def seconds(table: pd.DataFrame, dataset: str, where: str) -> dict[int, dict[int, float]]:
    """Seed -> edges -> seconds of a step."""
    rows = table[(table["panel"] == "graphs") & (table["dataset"] == dataset)]
    found: dict[int, dict[int, float]] = {}
    for seed, metric, value in zip(rows["seed"], rows["metric"], rows["value"], strict=True):
        match = STEP.match(str(metric))
        if match is not None and match[1] == where:
            found.setdefault(int(seed), {})[int(match[2])] = float(value)
    return found


def slope(times: dict[int, float]) -> float:
    """Of the least-squares line through the logarithms.

    Example:
        >>> round(slope({10: 1.0, 100: 10.0, 1000: 100.0}), 12)
        1.0
    """
    return float(np.polyfit(np.log(list(times)), np.log(list(times.values())), 1)[0])


CLAIMS = [
    Statistical(
        id="N14",
        panel="graphs",
        deck="B",
        statement="The cost is linear in the number of edges, O(E).",
        experiment="CPU seconds of a training step of two layers on random lifts of one graph "
        "(its degrees, any size): the slope of log seconds on log edges must lie between 0.9 and "
        "1.1, once with neighbours near each other in memory and once with neighbours anywhere, "
        "where caches add to the count of operations. From 1e5 edges on: on fewer, what a step "
        "costs whatever its edges flattens the slope.",
        effects=effects,
    )
]
