"""The graph isomorphism network of Xu et al. (2019) as a node classifier."""

from itertools import pairwise

from pydantic import Field
from torch import nn

from triptych.graphs.layer import GraphLayer
from triptych.graphs.nodes import NodeClassifier, NodeParams
from triptych.graphs.operators import gin


class GINParams(NodeParams):
    """A sum over neighbours, and ε."""

    epsilon: float = Field(0.0, description="ε: extra weight of the node itself, at the start")
    learn_epsilon: bool = Field(True, description="Whether ε is trained or stays at its start")


class Entry(NodeClassifier):
    """H' = σ(MLP(((1 + ε) I + A) H))."""

    Params = GINParams
    family = "convolutional"

    def operator(self) -> type[GraphLayer]:
        """The sum and a network of one hidden layer."""
        return gin.Layer

    def stack(self, inputs: int, outputs: int) -> nn.ModuleList:
        """Every layer with an ε of its own."""
        p = self.params
        sizes = pairwise([inputs, *[p.hidden] * (p.depth - 1), outputs])
        return nn.ModuleList(gin.Layer(*pair, p.epsilon, p.learn_epsilon) for pair in sizes)
