"""The symmetrically normalised sum over a node and its neighbours."""

import math

import numpy as np
import torch
from torch import Tensor

from triptych.graphs.adjacency import degrees, neighbours, simple, with_loops
from triptych.graphs.layer import Graph, MatrixLayer
from triptych.graphs.sparse import Sparse


class Layer(MatrixLayer):
    r"""The renormalised form of Kipf and Welling, "Semi-Supervised Classification with Graph
    Convolutional Networks" (ICLR 2017, https://arxiv.org/abs/1609.02907).

    Node-wise

    .. math:: h_i' = \sum_{j \in N_i \cup \{i\}} \frac{h_j W}{\sqrt{(d_i + 1)(d_j + 1)}},

    in matrix form :math:`H' = \hat A H W` with
    :math:`\hat A = (D + I)^{-1/2} (A + I) (D + I)^{-1/2}`. On an undirected graph :math:`\hat A` is
    symmetric with eigenvalues in (-1, 1]; :math:`(D + I)^{1/2} 1` belongs to the eigenvalue 1.

    Shapes:
        x [N, F], weight [F, H], output [N, H].
    """  # noqa: D205

    @staticmethod
    def prepare(edge_index: Tensor, nodes: int, dtype: torch.dtype = torch.float32) -> Graph:
        r""":math:`\hat A` [N, N] with E + N entries."""
        edges = simple(edge_index, nodes)
        root = 1.0 / np.sqrt(degrees(edges, nodes) + 1.0)
        source, target = with_loops(edges, nodes)
        values = root[target] * root[source]
        return (Sparse.from_entries(target, source, values, (nodes, nodes), dtype),)

    def node_wise(self, x: Tensor, edge_index: Tensor) -> Tensor:
        """A loop over nodes and over neighbours."""
        near = neighbours(edge_index, len(x))
        rows = []
        for i, others in enumerate(near):
            total = torch.zeros_like(x[i])
            for j in [i, *others]:
                total = total + x[j] / math.sqrt((len(others) + 1) * (len(near[j]) + 1))
            rows.append(total @ self.weight)
        return torch.stack(rows)

    def library(self, x: Tensor, edge_index: Tensor) -> Tensor:
        """``torch_geometric.nn.GCNConv``."""
        from torch_geometric.nn import GCNConv

        layer = GCNConv(self.inputs, self.outputs, bias=False).to(x.dtype)
        layer.lin.weight.data = self.weight.detach().T
        result: Tensor = layer(x, edge_index)
        return result.detach()
