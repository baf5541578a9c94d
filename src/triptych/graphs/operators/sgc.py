"""Several steps of the symmetric average with one weight at the end and nothing between."""

import torch
from torch import Tensor

from triptych.graphs.layer import Graph, MatrixLayer
from triptych.graphs.operators import symmetric
from triptych.graphs.sparse import Features, multiply


class Layer(MatrixLayer):
    r"""Simplified graph convolution: Wu, Zhang, de Souza, Fifty, Yu and Weinberger, "Simplifying
    Graph Convolutional Networks" (ICML 2019, https://arxiv.org/abs/1902.07153).

    Node-wise K times

    .. math:: h_i \leftarrow \sum_{j \in N_i \cup \{i\}} \frac{h_j}{\sqrt{(d_i + 1)(d_j + 1)}}

    and then :math:`h_i' = h_i W`; in matrix form :math:`H' = \hat A^K H W` with
    :math:`\hat A = (D + I)^{-1/2} (A + I) (D + I)^{-1/2}`.

    Shapes:
        x [N, F], weight [F, H], output [N, H].
    """  # noqa: D205

    def __init__(self, inputs: int, outputs: int, hops: int = 2) -> None:
        super().__init__(inputs, outputs)
        self.hops = hops

    @staticmethod
    def prepare(edge_index: Tensor, nodes: int, dtype: torch.dtype = torch.float32) -> Graph:
        r""":math:`\hat A` [N, N] with E + N entries."""
        return symmetric.Layer.prepare(edge_index, nodes, dtype)

    def forward(self, x: Features, graph: Graph) -> Tensor:
        """Â (… Â (X W)): from the right, so that every product has H columns."""
        (matrix,) = graph
        h = multiply(x, self.weight)
        for _ in range(self.hops):
            h = matrix @ h
        return h

    def node_wise(self, x: Tensor, edge_index: Tensor) -> Tensor:
        """The symmetric layer's loop with W = I, K times, then W."""
        step = symmetric.Layer(self.inputs, self.inputs).to(x.dtype)
        step.weight.data = torch.eye(self.inputs, dtype=x.dtype)
        for _ in range(self.hops):
            x = step.node_wise(x, edge_index)
        return x @ self.weight

    def library(self, x: Tensor, edge_index: Tensor) -> Tensor:
        """``torch_geometric.nn.SGConv``."""
        from torch_geometric.nn import SGConv

        layer = SGConv(self.inputs, self.outputs, K=self.hops, bias=False).to(x.dtype)
        layer.lin.weight.data = self.weight.detach().T
        result: Tensor = layer(x, edge_index)
        return result.detach()
