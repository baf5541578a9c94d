"""The graph convolutional network of Kipf and Welling (2017)."""

from typing import Literal

from pydantic import Field

from triptych.graphs.layer import GraphLayer
from triptych.graphs.nodes import NodeClassifier, NodeParams
from triptych.graphs.operators import mean, separate, symmetric

AGGREGATORS: dict[str, type[GraphLayer]] = {
    "mean": mean.Layer,
    "symmetric": symmetric.Layer,
    "separate": separate.Layer,
}


class GCNParams(NodeParams):
    """A network of one aggregator."""

    aggregator: Literal["mean", "symmetric", "separate"] = Field(
        "symmetric",
        description="mean: (D+I)^-1 (A+I); symmetric: (D+I)^-1/2 (A+I) (D+I)^-1/2; "
        "separate: own weight for the node itself, D^-1/2 A D^-1/2 for its neighbours",
    )


class Entry(NodeClassifier):
    """H' = σ(Â H W)."""

    Params = GCNParams
    family = "convolutional"

    def operator(self) -> type[GraphLayer]:
        """The aggregator of ``params.yaml``."""
        return AGGREGATORS[self.params.aggregator]
