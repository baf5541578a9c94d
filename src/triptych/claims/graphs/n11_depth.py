"""N11: deep networks make nodes alike; skip connections and gates keep them apart."""

import re

import pandas as pd

from triptych.claims.base import Effect, Statistical
from triptych.claims.graphs._differences import difference
from triptych.claims.graphs._splits import test_train_ratio
from triptych.claims.tables import by_seed, datasets, models, paired

PLAIN = "deep_gcn"
REMEDIES = {
    "deep_gcn_residual": "residual connections",
    "deep_gcn_scaled": "residual connections divided by the depth",
    "deep_gcn_gated": "gates",
    "deep_gcn_jumping": "all layers read by the last",
}
SMOOTH = {
    "dirichlet_energy": ("Dirichlet energy", "1"),
    "mean_average_distance": ("mean cosine distance of neighbours", "1"),
    "effective_rank": ("effective rank", "dimensions"),
}
WEIGHTS = {"untrained_": "before training", "": "trained"}
DEPTH = re.compile(r"^accuracy/depth=(\d+)$")


def effects(table: pd.DataFrame) -> list[Effect]:
    """What depth costs, what it does to embeddings, and what mends it."""
    found = []
    for dataset in datasets(table, "graphs"):
        known = depths(table, dataset, PLAIN)
        if len(known) < 2:
            continue
        low, high = f"depth={known[0]}", f"depth={known[-1]}"
        found += difference(
            table, dataset, (PLAIN, f"accuracy/{low}"), (PLAIN, f"accuracy/{high}"),
            f"test accuracy: {known[0]} − {known[-1]} layers",
        )  # fmt: skip
        found += _smoothing(table, dataset, known[0], known[-1])
        for model, words in REMEDIES.items():
            found += difference(
                table, dataset, (model, f"accuracy/{high}"), (PLAIN, f"accuracy/{high}"),
                f"test accuracy with {known[-1]} layers: {words} − none",
            )  # fmt: skip
    return found


def depths(table: pd.DataFrame, dataset: str, model: str) -> list[int]:
    """Depths at which an entry was measured, in order."""
    if model not in models(table, "graphs", dataset):
        return []
    rows = table[(table["dataset"] == dataset) & (table["model"] == model)]
    found = {int(match[1]) for name in rows["metric"].astype(str) if (match := DEPTH.match(name))}
    return sorted(found)


def _smoothing(table: pd.DataFrame, dataset: str, low: int, high: int) -> list[Effect]:
    found = []
    ratio = test_train_ratio(table, dataset, PLAIN)
    for prefix, when in WEIGHTS.items():
        for metric, (words, unit) in SMOOTH.items():
            shallow, deep = (
                by_seed(
                    table, panel="graphs", dataset=dataset, model=PLAIN, split="all",
                    metric=f"{prefix}{metric}/depth={depth}",
                )
                for depth in (low, high)
            )  # fmt: skip
            values = paired(shallow, deep)
            comparison = f"{words} of the last hidden embedding, {when}: {low} − {high} layers"
            if values:
                used = 0.0 if prefix else ratio  # untrained weights share nothing between seeds
                found.append(Effect(dataset, values, unit, comparison, 0.0, used))
    return found


CLAIMS = [
    Statistical(
        id="N11",
        panel="graphs",
        deck="A, B",
        statement="Over-smoothing: embeddings of deep GNNs become indistinguishable; gates or "
        "residual connections mend it.",
        experiment="Accuracy and, for the embedding that the last layer reads, Dirichlet energy "
        "(with the Laplacian of the network's own average), mean cosine distance of neighbours "
        "and effective rank: the shallowest network minus the deepest, before training and after; "
        "accuracy of the deepest network with each remedy minus that without.",
        effects=effects,
    )
]
