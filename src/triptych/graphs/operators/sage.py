"""A weight for the node itself and another one for the mean of its neighbours."""

import numpy as np
import torch
from torch import Tensor, nn

from triptych.graphs.adjacency import degrees, neighbours, simple
from triptych.graphs.layer import Graph, GraphLayer
from triptych.graphs.sparse import Features, Sparse, multiply


class Layer(GraphLayer):
    r"""GraphSAGE with the mean aggregator over the full neighbourhood: Hamilton, Ying and Leskovec,
    "Inductive Representation Learning on Large Graphs" (NeurIPS 2017,
    https://arxiv.org/abs/1706.02216).

    Node-wise

    .. math:: h_i' = h_i W_0 + \frac{1}{d_i} \sum_{j \in N_i} h_j W_1,

    in matrix form :math:`H' = H W_0 + D^{-1} A H W_1`; the paper's concatenation of the two halves
    followed by one matrix is the same map. An isolated node has :math:`h_i' = h_i W_0`.

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
        """:math:`D^{-1} A` [N, N] with E entries; rows of isolated nodes are empty."""
        source, target = edges = simple(edge_index, nodes)
        share = 1.0 / np.maximum(degrees(edges, nodes), 1.0)
        return (Sparse.from_entries(target, source, share[target], (nodes, nodes), dtype),)

    def forward(self, x: Features, graph: Graph) -> Tensor:
        """X W0 + D⁻¹ A (X W1)."""
        (matrix,) = graph
        return multiply(x, self.own) + matrix @ multiply(x, self.others)

    def node_wise(self, x: Tensor, edge_index: Tensor) -> Tensor:
        """A loop over nodes, a mean over neighbours."""
        rows = []
        for i, near in enumerate(neighbours(edge_index, len(x))):
            row = x[i] @ self.own
            if near:
                total = x[near[0]].clone()
                for j in near[1:]:
                    total = total + x[j]
                row = row + (total / len(near)) @ self.others
            rows.append(row)
        return torch.stack(rows)

    def library(self, x: Tensor, edge_index: Tensor) -> Tensor:
        """``torch_geometric.nn.SAGEConv``; it counts loops and duplicates, so they go first."""
        from torch_geometric.nn import SAGEConv

        layer = SAGEConv(self.inputs, self.outputs, aggr="mean", bias=False).to(x.dtype)
        layer.lin_r.weight.data = self.own.detach().T
        layer.lin_l.weight.data = self.others.detach().T
        edges = torch.from_numpy(simple(edge_index, len(x)))
        result: Tensor = layer(x, edges)
        return result.detach()
