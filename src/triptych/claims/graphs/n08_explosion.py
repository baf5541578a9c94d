"""N08: the nodes that a target's vector depends on explode with the layers, most at hubs."""

import math

import pandas as pd

from triptych.claims.base import Effect, Statistical
from triptych.claims.tables import by_seed, datasets

MODEL = "neighbourhood"
DEEP, NEAR = 5, 2  # hops: of the computation tree, and before a small graph is used up


def effects(table: pd.DataFrame) -> list[Effect]:
    """Log-ratios against K^L and of the hub against the mean.

    The graph is the same for every seed, so all seeds agree; only a redrawn graph could differ.
    """
    found = []
    for dataset in datasets(table, "graphs"):
        for over, under, hops, words in (
            ("tree", "k_power", DEEP, "nodes read, repeats counted, over K^L"),
            ("neighbours", "k_power", NEAR, "distinct nodes over K^L"),
            ("neighbours_hub", "neighbours", NEAR, "distinct nodes, at the hub over the mean"),
        ):
            top, bottom = (
                by_seed(
                    table, panel="graphs", dataset=dataset, model=MODEL,
                    metric=f"{name}/hops={hops}",
                )
                for name in (over, under)
            )  # fmt: skip
            ratio = (top / bottom).map(math.log10)
            if len(ratio):
                values = {int(str(seed)): float(value) for seed, value in ratio.items()}
                comparison = f"{hops} layers: {words}"
                found.append(Effect(dataset, values, "log10 ratio", comparison))
    return found


CLAIMS = [
    Statistical(
        id="N08",
        panel="graphs",
        deck="A",
        statement="Neighbour explosion: O(K^L) nodes per target, worst at hubs.",
        experiment="Nodes that a network of L = 1 … 5 layers reads per target, counted on the "
        "graph: with repeats (its computation tree) and without (its neighbourhood), mean and at "
        "the node with most neighbours, as log-ratios against K^L with K the mean number of "
        "neighbours. Without repeats a neighbourhood cannot outgrow the graph.",
        effects=effects,
    )
]
