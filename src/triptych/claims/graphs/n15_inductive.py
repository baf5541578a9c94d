"""N15: what is learnt on one graph serves on another."""

import pandas as pd

from triptych.claims.base import Effect, Statistical
from triptych.claims.graphs._differences import difference
from triptych.claims.tables import datasets

GRAPH = ("gcn_inductive", "sage_inductive")
PLAIN = "mlp_inductive"
TRANSDUCTIVE = "gcn_labels"  # the same split, all training labels, the whole graph seen
MARGIN = 0.05  # "works": within five points of the transductive network


def effects(table: pd.DataFrame) -> list[Effect]:
    """Accuracy on a graph never seen: over chance, over no graph, and near the transductive one."""
    found = []
    for dataset in datasets(table, "graphs"):
        for model in GRAPH:
            found += difference(
                table, dataset, (model, "accuracy"), (model, "majority_accuracy"),
                f"test accuracy on an unseen graph: {model} − the most frequent class",
            )  # fmt: skip
            found += difference(
                table, dataset, (model, "accuracy"), (PLAIN, "accuracy"),
                f"test accuracy on an unseen graph: {model} − {PLAIN}",
            )  # fmt: skip
            found += difference(
                table, dataset, (model, "accuracy"), (TRANSDUCTIVE, "accuracy"),
                f"test accuracy: {model} on an unseen graph − {TRANSDUCTIVE}, which saw it; works: "
                "not more than five points less", -MARGIN,
            )  # fmt: skip
    return found


CLAIMS = [
    Statistical(
        id="N15",
        panel="graphs",
        deck="B",
        statement="GNNs work in transductive and in inductive settings.",
        experiment="Three graphs without a common node or edge, induced by training, validation "
        "and test nodes: test accuracy of networks trained on the first alone, against the most "
        "frequent class, the same network without edges, and (margin: five points) a network that "
        "was trained on the whole graph with the same labels.",
        effects=effects,
    )
]
