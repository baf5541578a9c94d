"""The multi-layer perceptron: the graph network with the graph taken away."""

from triptych.graphs.layer import GraphLayer
from triptych.graphs.nodes import NodeClassifier
from triptych.graphs.operators import identity


class Entry(NodeClassifier):
    """H' = σ(H W): every node is classified from its own features."""

    family = "no graph"

    def operator(self) -> type[GraphLayer]:
        """None but the linear map."""
        return identity.Layer
