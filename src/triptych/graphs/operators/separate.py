"""A weight for the node itself and another one for its neighbours."""

import math

import numpy as np
import torch
from torch import Tensor, nn

from triptych.graphs.adjacency import degrees, edge_tensor, neighbours, simple
from triptych.graphs.layer import Graph, GraphLayer
from triptych.graphs.sparse import Features, Sparse, multiply


class Layer(GraphLayer):
    r"""Deck B's update, with the constant :math:`c_{ij} = \sqrt{d_i d_j}`: the first-order form
    that Kipf and Welling (ICLR 2017, https://arxiv.org/abs/1609.02907) derive before they
    renormalise.

    Node-wise

    .. math:: h_i' = h_i W_0 + \sum_{j \in N_i} \frac{1}{c_{ij}} h_j W_1,

    in matrix form :math:`H' = H W_0 + D^{-1/2} A D^{-1/2} H W_1`. It is another operator than the
    renormalised one: with :math:`W_0 = W_1` its spectrum reaches 2. An isolated node has
    :math:`h_i' = h_i W_0`.

    Shapes:
        x [N, F], own [F, H], others [F, H], output [N, H].
    """  # noqa: D205

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs)
        self.own = nn.Parameter(torch.empty(inputs, outputs))
        self.others = nn.Parameter(torch.empty(inputs, outputs))
        self.reset_parameters()

    @staticmethod
    def prepare(edge_index: Tensor, nodes: int, dtype: torch.dtype = torch.float32) -> Graph:
        """:math:`D^{-1/2} A D^{-1/2}` [N, N] with E entries."""
        source, target = edges = simple(edge_index, nodes)
        root = 1.0 / np.sqrt(np.maximum(degrees(edges, nodes), 1.0))
        values = root[target] * root[source]
        return (Sparse.from_entries(target, source, values, (nodes, nodes), dtype),)

    def forward(self, x: Features, graph: Graph) -> Tensor:
        """X W0 + Ã (X W1)."""
        (matrix,) = graph
        return multiply(x, self.own) + matrix @ multiply(x, self.others)

    def node_wise(self, x: Tensor, edge_index: Tensor) -> Tensor:
        """A loop over nodes and over neighbours."""
        near = neighbours(edge_index, len(x))
        rows = []
        for i, others in enumerate(near):
            row = x[i] @ self.own
            for j in others:
                row = row + (x[j] @ self.others) / math.sqrt(len(others) * len(near[j]))
            rows.append(row)
        return torch.stack(rows)

    def library(self, x: Tensor, edge_index: Tensor) -> Tensor:
        """``torch_geometric.nn.GraphConv`` with the edge weights 1 / c_ij."""
        from torch_geometric.nn import GraphConv
        from torch_geometric.utils import degree

        edges = edge_tensor(simple(edge_index, len(x)))
        count = degree(edges[1], len(x), dtype=x.dtype)
        layer = GraphConv(self.inputs, self.outputs, aggr="add", bias=False).to(x.dtype)
        layer.lin_root.weight.data = self.own.detach().T
        layer.lin_rel.weight.data = self.others.detach().T
        weight = 1.0 / (count[edges[0]] * count[edges[1]]).sqrt()
        result: Tensor = layer(x, edges, weight)
        return result.detach()
