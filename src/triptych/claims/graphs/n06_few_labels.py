"""N06: few labels suffice, and real values are learnt by least squares."""

import re

import pandas as pd

from triptych.claims.base import Effect, Statistical
from triptych.claims.graphs._differences import difference, number
from triptych.claims.graphs._splits import test_train_ratio
from triptych.claims.tables import datasets, models, paired

CURVE, PLAIN = "gcn_labels", "mlp_labels"
REGRESSOR, BASELINE = "gcn_regression", "mlp_regression"
SHARE = re.compile(r"^accuracy/share=(.+)$")
MARGIN = 0.05  # "suffice": within five points of the accuracy with all training labels


def effects(table: pd.DataFrame) -> list[Effect]:
    """What is lost with few labels, where the graph helps most, and regression."""
    found = []
    for dataset in datasets(table, "graphs"):
        found += _curve(table, dataset) + _regression(table, dataset)
    return found


def shares(table: pd.DataFrame, dataset: str) -> list[str]:
    """Shares that were measured, the smallest first."""
    rows = table[(table["dataset"] == dataset) & (table["model"] == CURVE)]
    found = {match[1] for name in rows["metric"].astype(str) if (match := SHARE.match(name))}
    return sorted(found, key=float)


def _curve(table: pd.DataFrame, dataset: str) -> list[Effect]:
    names = shares(table, dataset)
    if len(names) < 2:
        return []
    most = names[-1]
    found = []
    for share in names[:-1]:
        found += difference(
            table, dataset, (CURVE, f"accuracy/share={share}"), (CURVE, f"accuracy/share={most}"),
            f"test accuracy of {CURVE}: {float(share):.1%} of the nodes labelled − "
            f"{float(most):.0%}; few suffice: not more than five points less", -MARGIN,
        )  # fmt: skip
    if PLAIN in models(table, "graphs", dataset):
        few, many = (
            number(table, dataset, CURVE, f"accuracy/share={s}")
            - number(table, dataset, PLAIN, f"accuracy/share={s}")
            for s in (names[0], most)
        )
        comparison = (
            f"gain in accuracy ({CURVE} − {PLAIN}): with {float(names[0]):.1%} of the nodes "
            f"labelled − with {float(most):.0%}"
        )
        ratio = test_train_ratio(table, dataset, CURVE)
        found.append(Effect(dataset, paired(few, many), "fraction", comparison, 0.0, ratio))
    return found


def _regression(table: pd.DataFrame, dataset: str) -> list[Effect]:
    explained = number(table, dataset, REGRESSOR, "explained")
    if explained.empty:
        return []
    zero = explained * 0.0
    ratio = test_train_ratio(table, dataset, REGRESSOR, "explained")
    own = Effect(
        dataset, paired(explained, zero), "fraction",
        f"share of the variance that {REGRESSOR} explains, beyond the training mean", 0.0, ratio,
    )  # fmt: skip
    return [
        own,
        *difference(
            table, dataset, (REGRESSOR, "explained"), (BASELINE, "explained"),
            f"share of the variance explained: {REGRESSOR} − {BASELINE}",
        ),
    ]  # fmt: skip


CLAIMS = [
    Statistical(
        id="N06",
        panel="graphs",
        deck="A",
        statement="Semi-supervised learning needs few labels; cross-entropy serves classes, L2 "
        "real values.",
        experiment="Test accuracy with a few labelled nodes against that with most of them "
        "(margin: five points), and whether the graph gains more where labels are few; variance "
        "of a real target explained by a graph network trained by least squares, against the "
        "training mean and against the same network without the graph.",
        effects=effects,
    )
]
