"""N18: a weight for the node itself, and one for every kind of edge."""

import pandas as pd

from triptych.claims.base import Effect, Statistical
from triptych.claims.graphs._differences import difference
from triptych.claims.tables import datasets

SEPARATE, SHARED, PLAIN, RELATIONAL = "gcn_separate", "gcn", "mlp", "rgcn"


def effects(table: pd.DataFrame) -> list[Effect]:
    """The separate form against no graph and one shared weight; kinds of edges against none."""
    found = []
    for dataset in datasets(table, "graphs"):
        for left, right, words in (
            (SEPARATE, PLAIN, "own and neighbours' weight − no graph"),
            (SEPARATE, SHARED, "own and neighbours' weight − one weight for both"),
            (RELATIONAL, SEPARATE, "a weight for every kind of edge − one for all kinds"),
            (RELATIONAL, PLAIN, "a weight for every kind of edge − no graph"),
        ):
            found += difference(
                table, dataset, (left, "accuracy"), (right, "accuracy"),
                f"test accuracy: {words} ({left} − {right})",
            )  # fmt: skip
    return found


CLAIMS = [
    Statistical(
        id="N18",
        panel="graphs",
        deck="B",
        statement="An update rule with a separate self weight, σ(h_i W_0 + Σ_j h_j W_1 / c_ij), "
        "works; edge features are only indirectly supported.",
        experiment="Test accuracy of that form minus the network without a graph and minus the one "
        "with a single weight; and, where edges have kinds, of the relational form with one weight "
        "per kind minus the form that cannot read them. On the graph of friends and foes the edges "
        "without their kinds say nothing about the classes.",
        effects=effects,
    )
]
