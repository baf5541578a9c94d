"""GraphSAGE with the mean over the full neighbourhood: Hamilton, Ying and Leskovec (2017)."""

from triptych.graphs.layer import GraphLayer
from triptych.graphs.nodes import NodeClassifier
from triptych.graphs.operators import sage


class Entry(NodeClassifier):
    """H' = σ(H W0 + D⁻¹ A H W1)."""

    family = "convolutional"

    def operator(self) -> type[GraphLayer]:
        """Own weight, and one for the mean of the neighbours."""
        return sage.Layer
