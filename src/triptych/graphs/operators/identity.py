"""No propagation: every node keeps to itself."""

import torch
from torch import Tensor

from triptych.graphs.layer import Graph, MatrixLayer
from triptych.graphs.sparse import Features, multiply


class Layer(MatrixLayer):
    r"""Node-wise :math:`h_i' = h_i W`, in matrix form :math:`H' = H W`.

    With it a graph network is a multi-layer perceptron: the baseline that differs from the graph
    network in the graph alone.

    Shapes:
        x [N, F], weight [F, H], output [N, H]; the edges are not used.
    """

    @staticmethod
    def prepare(edge_index: Tensor, nodes: int, dtype: torch.dtype = torch.float32) -> Graph:
        """Nothing to prepare."""
        return ()

    def forward(self, x: Features, graph: Graph) -> Tensor:
        """X W."""
        return multiply(x, self.weight)

    def node_wise(self, x: Tensor, edge_index: Tensor) -> Tensor:
        """Row by row."""
        return torch.stack([row @ self.weight for row in x])

    def library(self, x: Tensor, edge_index: Tensor) -> Tensor:
        """``torch_geometric.nn.Linear``."""
        from torch_geometric.nn import Linear

        linear = Linear(self.inputs, self.outputs, bias=False).to(x.dtype)
        linear.weight.data = self.weight.detach().T
        result: Tensor = linear(x)
        return result.detach()
