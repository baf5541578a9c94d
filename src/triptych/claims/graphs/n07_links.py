"""N07: the edges of a graph supervise its embedding."""

import pandas as pd

from triptych.claims.base import Effect, Statistical
from triptych.claims.tables import by_seed, datasets, paired

MODELS = ("gae", "vgae")
# metric, what is subtracted, in words
COMPARISONS = (
    ("link_auc", "untrained", "AUC of held-out links: {} − the same encoder untrained"),
    ("link_auc", "common_neighbours", "AUC of held-out links: {} − number of common neighbours"),
    ("link_auc", "features", "AUC of held-out links: {} − cosine of the features"),
    ("probe_accuracy", "features", "linear probe, test accuracy: {} embedding − raw features"),
    ("same_class_auc", "features", "ranking of same-class pairs: {} embedding − raw features"),
)


def effects(table: pd.DataFrame) -> list[Effect]:
    """What training on the edges alone adds, per data set and model."""
    found = []
    for dataset in datasets(table, "graphs"):
        for model in MODELS:
            for metric, other, words in COMPARISONS:
                ours, theirs = (
                    by_seed(
                        table, panel="graphs", dataset=dataset, model=model, metric=name,
                        split="all" if metric == "same_class_auc" else "test",
                    )
                    for name in (metric, f"{metric}/{other}")
                )  # fmt: skip
                values = paired(ours, theirs)
                if values:
                    found.append(
                        Effect(
                            dataset=dataset,
                            values=values,
                            unit="fraction",
                            comparison=words.format(model),
                            test_train_ratio=_ratio(table, dataset, model),
                        )
                    )
    return found


def _ratio(table: pd.DataFrame, dataset: str, model: str) -> float:
    """Held-out edges / training edges: seeds redraw both, and training sets share most edges."""
    rows = table[
        (table["panel"] == "graphs") & (table["dataset"] == dataset) & (table["model"] == model)
    ]
    train, test = (rows.loc[rows["metric"] == name, "value"] for name in ("n_train", "n_test"))
    return float(test.mean() / train.mean()) if len(train) and len(test) else 0.0


CLAIMS = [
    Statistical(
        id="N07",
        panel="graphs",
        deck="A",
        statement="The graph itself supervises, with an inner-product decoder; similar nodes get "
        "similar embeddings.",
        experiment="Held-out edges ranked against as many non-edges by the graph autoencoder and "
        "its variational form, minus the ranking by the same encoder untrained, by common "
        "neighbours and by features alone (a nearest-neighbour graph is made from its features, "
        "which then know more of it than any embedding can). A linear probe for the classes, "
        "which training never saw, and the ranking of same-class pairs by cosine, minus the same "
        "on raw features.",
        effects=effects,
    )
]
