"""N16: a whole graph is classified by the sum of what its nodes say."""

import pandas as pd

from triptych.claims.base import Effect, Statistical
from triptych.claims.graphs._splits import test_train_ratio
from triptych.claims.tables import by_seed, datasets, paired

MODEL = "graph_gin"
MAJORITY = "always the commonest class"
CONTROLS = {
    "graph_bag": "the same sum over nodes without edges",
    "graph_gin_mean": "the same network with the mean over nodes",
}


def effects(table: pd.DataFrame) -> list[Effect]:
    """Accuracy of the sum minus that of each control, on every set of graphs."""
    found = []
    for dataset in datasets(table, "graphs"):
        ours = _accuracy(table, dataset, MODEL)
        controls = {MAJORITY: _accuracy(table, dataset, MODEL, "/majority")}
        controls |= {words: _accuracy(table, dataset, name) for name, words in CONTROLS.items()}
        for words, control in controls.items():
            if values := paired(ours, control):
                found.append(
                    Effect(
                        dataset=dataset,
                        values=values,
                        unit="fraction",
                        comparison=f"test accuracy: softmax(Σ z) over a graph network − {words}",
                        test_train_ratio=test_train_ratio(table, dataset, MODEL),
                    )
                )
    return found


def _accuracy(table: pd.DataFrame, dataset: str, model: str, suffix: str = "") -> pd.Series:
    return by_seed(
        table, panel="graphs", dataset=dataset, model=model, split="test",
        metric=f"accuracy{suffix}",
    )  # fmt: skip


CLAIMS = [
    Statistical(
        id="N16",
        panel="graphs",
        deck="B",
        statement="A whole graph is classified with softmax(Σ_n z_n).",
        experiment="Test accuracy of a graph network whose node outputs are added up, minus the "
        "share of the commonest class, minus that of the same sum over nodes that know no "
        "neighbours (the same layers, of as many weights), and minus that of the mean over nodes: "
        "on digits as graphs of their inked pixels, on regular graphs that differ in their degree "
        "alone, and on sets of molecules.",
        effects=effects,
    )
]
