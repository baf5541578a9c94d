"""N09: a fixed number of neighbours per node bounds what a batch costs."""

import math

import pandas as pd

from triptych.claims.base import Effect, Statistical
from triptych.claims.graphs._sampling import (
    ACCURACY,
    FULL,
    UNIFORM,
    Variant,
    number,
    runs,
    told_apart,
    variants,
)
from triptych.claims.graphs._splits import test_train_ratio
from triptych.claims.tables import paired

MARGIN = 0.01  # accuracy that counts as nothing lost
COSTS = (
    ("nodes_per_batch", "nodes per batch"),
    ("bytes_per_batch", "bytes held per batch"),
    ("batch_seconds", "seconds per batch"),
)


def effects(table: pd.DataFrame) -> list[Effect]:
    """At the largest degree, all neighbours over sampled ones; and how both grow with it."""
    return told_apart(
        (model, effect)
        for dataset, model in runs(table)
        for effect in _of_entry(table, dataset, model)
    )


def _of_entry(table: pd.DataFrame, dataset: str, model: str) -> list[Effect]:
    found: list[Effect] = []
    swept = _by_share(variants(table, dataset, model, "bytes_per_batch"))
    if not swept:
        return found
    (full, sampled), fanout = swept[max(swept)], int(swept[max(swept)][1].settings["fanout"])
    label = f"all neighbours over {fanout} each"
    for metric, words in COSTS:
        ratio = _log_ratio(table, dataset, model, metric, full, sampled)
        if ratio:
            found.append(Effect(dataset, ratio, "log10 ratio", f"{words}: {label}"))
    if len(swept) > 1:
        found += _growth(table, dataset, model, swept)
    accuracy = [number(table, dataset, model, ACCURACY, v.text) for v in (sampled, full)]
    lost = paired(*accuracy)
    if lost:
        ratio_of_splits = test_train_ratio(table, dataset, model, f"{ACCURACY}/{full.text}")
        found.append(
            Effect(
                dataset, lost, "fraction",
                f"test accuracy: {fanout} neighbours − all neighbours",
                margin=-MARGIN, test_train_ratio=ratio_of_splits,
            )
        )  # fmt: skip
    return found


def _by_share(found: list[Variant]) -> dict[float, tuple[Variant, Variant]]:
    """Share of the edges kept -> (all neighbours, a fixed number)."""
    full = {v.settings.get("share", 1.0): v for v in found if v.sampler == FULL}
    fixed = {
        v.settings.get("share", 1.0): v
        for v in found
        if v.sampler == UNIFORM and "fanout" in v.settings
    }
    return {share: (full[share], fixed[share]) for share in sorted(full) if share in fixed}


def _log_ratio(
    table: pd.DataFrame, dataset: str, model: str, metric: str, over: Variant, under: Variant
) -> dict[int, float]:
    return paired(
        *(
            number(table, dataset, model, metric, v.text, "train").map(math.log10)
            for v in (over, under)
        )
    )


def _growth(
    table: pd.DataFrame, dataset: str, model: str, swept: dict[float, tuple[Variant, Variant]]
) -> list[Effect]:
    """From the smallest degree to the largest: growth of nodes read, full minus sampled."""
    low, high = swept[min(swept)], swept[max(swept)]
    growth = [_log_ratio(table, dataset, model, "nodes_per_batch", high[i], low[i]) for i in (0, 1)]
    values = {seed: growth[0][seed] - growth[1][seed] for seed in growth[0] if seed in growth[1]}
    degrees = [
        number(table, dataset, model, "mean_degree", pair[0].text, "train").mean()
        for pair in (low, high)
    ]
    words = f"growth of nodes per batch from degree {degrees[0]:.3g} to {degrees[1]:.3g}"
    label = f"{words}: all neighbours over sampled"
    return [Effect(dataset, values, "log10 ratio", label)] if values else []


CLAIMS = [
    Statistical(
        id="N09",
        panel="graphs",
        deck="A",
        statement="Sampling a fixed number of neighbours bounds the explosion.",
        experiment="Nodes read, bytes held for the backward pass and seconds per training batch, "
        "with all neighbours over a fixed number of them, as log-ratios, on the graph and on the "
        "same graph with fewer edges; and the test accuracy of both (all neighbours at "
        "evaluation), where losing no more than one point counts as nothing lost.",
        effects=effects,
    )
]
