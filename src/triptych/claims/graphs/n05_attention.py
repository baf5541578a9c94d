"""N05: neighbours get different weights, from many heads."""

import re

import pandas as pd

from triptych.claims.base import Effect, Statistical
from triptych.claims.graphs._differences import difference
from triptych.claims.tables import by_seed, datasets, models

ONE, BASELINE = "gat_one_head", "gcn"
MANY = re.compile(r"^gat(?!_one_head$)(_\w+)?$")  # a data set may need a recipe of its own
LAYER = re.compile(r"^attention_entropy/layer=(\d+)$")
# For n nearly equal weights 1 − H / log n is their relative variance over 2 log n: a hundredth
# means that the weights of ten neighbours differ by a fifth of their mean.
UNEVEN = 0.01


def effects(table: pd.DataFrame) -> list[Effect]:
    """What attention gains, how uneven it is, what evenness would cost, what heads add."""
    found = []
    for dataset in datasets(table, "graphs"):
        entries = models(table, "graphs", dataset)
        for gat in (name for name in entries if MANY.match(name)):
            alike = f"{gat} − the same weights with every neighbour counted alike"
            for right, words in (
                ((BASELINE, "accuracy"), f"{gat} − {BASELINE}"),
                ((ONE, "accuracy"), f"{gat} − {ONE}"),
                ((gat, "accuracy/uniform_attention"), alike),
            ):
                label = f"test accuracy: {words}"
                found += difference(table, dataset, (gat, "accuracy"), right, label)
            found += _unevenness(table, dataset, gat)
        if ONE in entries:
            found += _unevenness(table, dataset, ONE)
    return found


def _unevenness(table: pd.DataFrame, dataset: str, model: str) -> list[Effect]:
    """1 − relative entropy, layer by layer."""
    rows = table[(table["dataset"] == dataset) & (table["model"] == model)]
    found = []
    for metric in sorted(set(rows["metric"].astype(str))):
        layer = LAYER.match(metric)
        if layer is None:
            continue
        entropy = by_seed(rows, panel="graphs", split="all", metric=metric)
        found.append(
            Effect(
                dataset,
                {int(str(seed)): 1 - float(value) for seed, value in entropy.items()},
                "fraction",
                f"{model}, layer {layer[1]}: 1 − entropy of attention / that of even weights",
                UNEVEN,
            )
        )
    return found


CLAIMS = [
    Statistical(
        id="N05",
        panel="graphs",
        deck="A",
        statement="GAT weights different neighbours differently, with many heads.",
        experiment="Test accuracy of GAT minus GCN, of eight heads minus one of the same total "
        "width, and of the learnt weights minus even ones put in their place; how far the entropy "
        "of the learnt weights falls short of even weights (margin 0.01: weights of ten "
        "neighbours that differ by a fifth of their mean).",
        effects=effects,
    )
]
