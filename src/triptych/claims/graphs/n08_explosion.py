"""N08: the nodes that a target's vector depends on explode with the layers, most at hubs."""

import math

import pandas as pd

from triptych.claims.base import Effect, Statistical
from triptych.claims.tables import by_seed, datasets

MODEL = "neighbourhood"
DEEP, NEAR = 5, 2  # hops: of the computation tree, and before a small graph is used up
SIZE = "never negative: read its size"  # Blakley and Roy (1965), see the entry's docstring
CHOSEN = "the hub has most neighbours by choice: read its size"


def effects(table: pd.DataFrame) -> list[Effect]:
    """Log-ratios against K^L and of the hub against the mean.

    The one that can fail is that of distinct nodes with two layers. One layer reads K of them by
    the definition of K, so it says whether the second hop multiplies them by K once more.

    The graph is the same for every seed, so all seeds agree; only a redrawn graph could differ.
    """
    found = []
    for dataset in datasets(table, "graphs"):
        for over, under, hops, words in (
            ("tree", "k_power", DEEP, f"nodes read, repeats counted, over K^L ({SIZE})"),
            ("neighbours", "k_power", NEAR, "growth of distinct nodes from 1 layer, over K"),
            ("neighbours_hub", "neighbours", NEAR, f"nodes at the hub over the mean ({CHOSEN})"),
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
        experiment="Nodes that a network of L layers reads per target, counted on the graph, K on "
        "average with one layer. What decides: the second layer multiplies the distinct nodes by K "
        "or more (log-ratio above 0), as a rate of K^L demands of a graph that is not yet used up. "
        "Beside it stand two sizes, whose verdicts say little: with repeats (the computation tree) "
        "five layers read at least K^5, which is a theorem; and the node with most neighbours is "
        "compared with the mean. Counts, not estimates: seeds share the graph, and intervals have "
        "no width.",
        effects=effects,
    )
]
