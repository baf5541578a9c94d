"""Classifiers of whole graphs that differ in how neighbourhoods and graphs are brought together."""

from typing import Literal

import numpy as np
from pydantic import Field

from triptych.graphs import aggregators
from triptych.graphs.base import Measured, Number, Parts
from triptych.graphs.graph_classification import GraphClassifier, GraphClassifierParams
from triptych.graphs.layer import GraphLayer
from triptych.graphs.operators import symmetric

OPERATORS: dict[str, type[GraphLayer]] = {
    "sum": aggregators.Sum,
    "mean": aggregators.Mean,
    "max": aggregators.Max,
    "symmetric": symmetric.Layer,
    "none": aggregators.Alone,  # no edges, and nothing else taken away
}


class OperatorParams(GraphClassifierParams):
    """The operator; the readout is among the settings of the task."""

    aggregator: Literal["sum", "mean", "max", "symmetric", "none"] = Field(
        "sum",
        description="sum (GIN-0), mean, max: each with the same MLP; symmetric: GCN; none: the "
        "MLP of every node alone, the graph's edges are not looked at",
    )


class Entry(GraphClassifier):
    """One operator in every layer."""

    Params = OperatorParams
    family = "graph classifier"

    def operator(self) -> type[GraphLayer]:
        """The aggregator of ``params.yaml``."""
        return OPERATORS[self.params.aggregator]

    def measure(self, parts: Parts, stream: tuple[object, ...]) -> Measured:
        """As its base, and what always calling the commonest class of the training part gets."""
        measured = super().measure(parts, stream)
        common = np.bincount(parts["train"].arrays["y"]).argmax()
        protocol = self.protocol(parts["train"].meta)
        for split in ("validation", "test"):
            y = parts[split].arrays["y"]
            share = float((y == common).mean())
            measured.numbers.append(
                Number(split, "accuracy/majority", share, "fraction", len(y), protocol)
            )
        return measured
