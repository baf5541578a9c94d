"""N04: the sum over neighbours tells more graphs apart than the mean."""

import pandas as pd

from triptych.claims.base import Check, Effect, Identity, Statistical
from triptych.claims.graphs._splits import test_train_ratio
from triptych.claims.tables import by_seed, datasets, paired

SUM, MEAN = "graph_gin", "graph_mean"
COUNTED = "expressiveness"


def effects(table: pd.DataFrame) -> list[Effect]:
    """Accuracy of sum and mean over neighbours, and pairs of graphs that each confuses."""
    found = []
    for dataset in datasets(table, "graphs"):
        hits = [_number(table, dataset, model, "accuracy", "test") for model in (SUM, MEAN)]
        if values := paired(*hits):
            found.append(
                Effect(
                    dataset=dataset,
                    values=values,
                    unit="fraction",
                    comparison="test accuracy: sum over neighbours − mean, all else equal",
                    test_train_ratio=test_train_ratio(table, dataset, SUM),
                )
            )
        for readout in ("sum", "mean"):
            counts = [
                _number(table, dataset, COUNTED, f"confused_pairs/{name}, {readout}", "all")
                for name in ("mean", "sum")
            ]
            if values := paired(*counts):
                found.append(
                    Effect(
                        dataset=dataset,
                        values=values,
                        unit="pairs",
                        comparison="pairs of graphs confused: mean over neighbours − sum "
                        f"({readout} over nodes)",
                    )
                )
    return found


def _number(table: pd.DataFrame, dataset: str, model: str, metric: str, split: str) -> pd.Series:
    return by_seed(table, panel="graphs", dataset=dataset, model=model, split=split, metric=metric)


def check() -> list[Check]:
    """What holds for every weight, on all graphs of one to seven nodes with constant features."""
    import torch

    from triptych.data.made_graphs import atlas
    from triptych.graphs.adjacency import neighbours
    from triptych.graphs.aggregators import AGGREGATORS
    from triptych.graphs.blocks import Blocks
    from triptych.graphs.expressiveness import alike, confused, outputs, refine
    from triptych.seeding import derive_seed

    arrays = atlas(None).arrays
    data = {
        "x": torch.ones(len(arrays["graph"]), 1, dtype=torch.float64),
        **{name: torch.from_numpy(arrays[name]) for name in ("edge_index", "graph", "y")},
    }
    graphs = len(arrays["y"])
    found = {}
    for name in ("mean", "sum"):
        layer = AGGREGATORS[name]
        found[name] = outputs(
            Blocks.make(data, layer), layer.gather, 16, 6, "mean" if name == "mean" else "sum",
            derive_seed("N04", name),
        )  # fmt: skip
    spread = float((found["mean"].max(axis=0) - found["mean"].min(axis=0)).max())
    # 6 layers, each a mean of at most 7 numbers with rounded weights and a product of 16 terms, and
    # a mean over 7 nodes at the end: some 6 · (2 · 8 + 18) roundings of numbers up to the size.
    rounding = 6 * 34 * torch.finfo(torch.float64).eps * max(1.0, float(abs(found["mean"]).max()))
    near = neighbours(data["edge_index"], len(data["x"]))
    colours = alike(refine(near, arrays["graph"].tolist(), 6))
    where = f"the {graphs} graphs of one to seven nodes"
    pairs = graphs * (graphs - 1) // 2
    return [
        Check(
            dataset=where,
            discrepancy=spread,
            tolerance=rounding,
            unit="1",
            comparison="constant features, mean over neighbours and over nodes: outputs of any two "
            "graphs (every classifier of them is at chance)",
            n=pairs,
        ),
        Check(
            dataset=where,
            discrepancy=abs(confused(found["sum"])[0] - colours),
            tolerance=0.0,
            unit="pairs",
            comparison="constant features, sum over neighbours and over nodes: pairs confused "
            f"against the {colours} that colour refinement (1-WL) leaves",
            n=pairs,
        ),
    ]


STATEMENT = "GIN's sum aggregation is more powerful than the mean."
EXPERIMENT = (
    "Pairs among all graphs of one to seven nodes that random networks confuse, the mean over "
    "neighbours against the sum; test accuracy on digits as pixel graphs and on regular graphs "
    "that differ in their degree alone. Exactly: on constant features the mean gives every graph "
    "the same output, and the sum confuses no pair that colour refinement tells apart."
)
CLAIMS = [
    Statistical(
        id="N04",
        panel="graphs",
        deck="A",
        statement=STATEMENT,
        experiment=EXPERIMENT,
        effects=effects,
    ),
    Identity(
        id="N04",
        panel="graphs",
        deck="A",
        statement=STATEMENT,
        experiment=EXPERIMENT,
        check=check,
    ),
]
