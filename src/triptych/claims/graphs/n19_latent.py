"""N19: graphs that nobody drew: inferred from motion, and generated."""

import pandas as pd

from triptych.claims.base import Effect, Statistical
from triptych.claims.tables import by_seed, datasets, hold_out_ratio, paired

INFERENCE, GENERATOR = "nri", "graph_vae"


def effects(table: pd.DataFrame) -> list[Effect]:
    """Edges recovered beyond correlation; samples closer to held-out graphs than random ones."""
    found = []
    for dataset in datasets(table, "graphs"):
        hit, baseline = (
            _number(table, dataset, INFERENCE, f"edge_accuracy{suffix}")
            for suffix in ("", "/correlation")
        )
        found += _effect(
            table, dataset, paired(hit, baseline), "fraction",
            "edges rightly called from motion: relational inference − correlation",
        )  # fmt: skip
        for statistic in ("degree", "clustering"):
            random, ours = (
                _number(table, dataset, GENERATOR, f"{statistic}_mmd{suffix}")
                for suffix in ("/random", "")
            )
            found += _effect(
                table, dataset, paired(random, ours), "1",
                f"discrepancy of {statistic} from held-out graphs: random graphs of the same "
                "density − graph VAE",
            )  # fmt: skip
    return found


def _effect(
    table: pd.DataFrame, dataset: str, values: dict[int, float], unit: str, comparison: str
) -> list[Effect]:
    if not values:
        return []
    ratio = hold_out_ratio(table, "graphs", dataset)
    return [Effect(dataset, values, unit, comparison, test_train_ratio=ratio)]


def _number(table: pd.DataFrame, dataset: str, model: str, metric: str) -> pd.Series:
    return by_seed(table, panel="graphs", dataset=dataset, model=model, split="test", metric=metric)


CLAIMS = [
    Statistical(
        id="N19",
        panel="graphs",
        deck="B",
        statement="Emerging uses: inference of latent graphs and generative models of graphs.",
        experiment="Springs between particles recovered from their motion alone by a relational "
        "autoencoder, minus those that the correlation of motions finds. Degrees and clustering of "
        "a graph VAE's samples against held-out graphs (maximum mean discrepancy), minus those of "
        "Erdős–Rényi graphs of the same sizes and density.",
        effects=effects,
    )
]
