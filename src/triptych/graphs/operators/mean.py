"""The mean over a node and its neighbours."""

import torch
from torch import Tensor

from triptych.graphs.adjacency import degrees, neighbours, simple, with_loops
from triptych.graphs.layer import Graph, MatrixLayer
from triptych.graphs.sparse import Sparse


class Layer(MatrixLayer):
    r"""Deck A's update, the mean form of Kipf and Welling, "Semi-Supervised Classification with
    Graph Convolutional Networks" (ICLR 2017, https://arxiv.org/abs/1609.02907).

    Node-wise

    .. math:: h_i' = \frac{1}{d_i + 1} \Big(h_i + \sum_{j \in N_i} h_j\Big) W,

    in matrix form :math:`H' = \hat A H W` with :math:`\hat A = (D + I)^{-1} (A + I)`. The rows of
    :math:`\hat A` sum to 1; an isolated node keeps its own features.

    Shapes:
        x [N, F], weight [F, H], output [N, H].
    """  # noqa: D205

    @staticmethod
    def prepare(edge_index: Tensor, nodes: int, dtype: torch.dtype = torch.float32) -> Graph:
        r""":math:`\hat A` [N, N] with E + N entries."""
        edges = simple(edge_index, nodes)
        share = 1.0 / (degrees(edges, nodes) + 1.0)
        source, target = with_loops(edges, nodes)
        return (Sparse.from_entries(target, source, share[target], (nodes, nodes), dtype),)

    def node_wise(self, x: Tensor, edge_index: Tensor) -> Tensor:
        """A loop over nodes, a sum over neighbours."""
        rows = []
        for i, near in enumerate(neighbours(edge_index, len(x))):
            total = x[i].clone()
            for j in near:
                total = total + x[j]
            rows.append((total / (len(near) + 1)) @ self.weight)
        return torch.stack(rows)

    def library(self, x: Tensor, edge_index: Tensor) -> Tensor:
        """``torch_geometric.nn.SimpleConv`` (mean, own loop) and a linear map."""
        from torch_geometric.nn import SimpleConv

        averaged: Tensor = SimpleConv(aggr="mean", combine_root="self_loop")(x, edge_index)
        return (averaged @ self.weight).detach()
