"""N03: without its nonlinearity the network is as good, and trains faster."""

import math

import pandas as pd

from triptych.claims.base import Effect, Statistical
from triptych.claims.graphs._differences import difference, number
from triptych.claims.tables import datasets, paired

SIMPLE, FULL = "sgc", "gcn"
MARGIN = 0.01  # the claim's own: one point


def effects(table: pd.DataFrame) -> list[Effect]:
    """Accuracy within a point, and seconds of training as a log-ratio."""
    found = []
    for dataset in datasets(table, "graphs"):
        found += difference(
            table, dataset, (SIMPLE, "accuracy"), (FULL, "accuracy"),
            f"test accuracy: {SIMPLE} − {FULL}; enough: not more than a point less", -MARGIN,
        )  # fmt: skip
        slow, fast = (
            number(table, dataset, model, "train_seconds", "train").map(math.log10)
            for model in (FULL, SIMPLE)
        )
        ratio = paired(slow, fast)
        if ratio:
            comparison = f"seconds of training: {FULL} over {SIMPLE} with all its weight decays"
            found.append(Effect(dataset, ratio, "log10 ratio", comparison))
    return found


CLAIMS = [
    Statistical(
        id="N03",
        panel="graphs",
        deck="A",
        statement="The simplified GCN, without nonlinearity, is enough.",
        experiment="Test accuracy of SGC minus GCN, which must lie above minus one point; and the "
        "ratio of their training times, smoothing the features and trying every weight decay "
        "included.",
        effects=effects,
    )
]
