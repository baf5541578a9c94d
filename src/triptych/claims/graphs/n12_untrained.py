"""N12: the graph alone embeds the karate club by community."""

import pandas as pd

from triptych.claims.base import Effect, Statistical
from triptych.claims.tables import by_seed, datasets, paired

MODEL = "untrained_gcn"
CONTROLS = {"shuffled": "a shuffled graph of the same degrees", "no_graph": "no graph"}


def effects(table: pd.DataFrame) -> list[Effect]:
    """Separation on the graph minus that of each control, per seed (a mean over weight draws).

    Seeds draw weights and shuffled graphs and share neither: no ratio widens the interval.
    """
    found = []
    for dataset in datasets(table, "graphs"):
        real = _separation(table, dataset, "separation")
        for control, words in CONTROLS.items():
            values = paired(real, _separation(table, dataset, f"separation/{control}"))
            if values:
                comparison = f"leave-one-out accuracy of the embedding: the graph − {words}"
                found.append(Effect(dataset, values, "fraction", comparison))
    return found


def _separation(table: pd.DataFrame, dataset: str, metric: str) -> pd.Series:
    return by_seed(table, panel="graphs", dataset=dataset, model=MODEL, metric=metric)


CLAIMS = [
    Statistical(
        id="N12",
        panel="graphs",
        deck="B",
        statement="An untrained 3-layer GCN already embeds the karate club by community.",
        experiment="Accuracy of a linear discriminant (leave one out) that tells the two clubs "
        "apart in the two-dimensional embedding, over many random weights, minus the same on "
        "graphs with the same degrees but shuffled edges, and without a graph.",
        effects=effects,
    )
]
