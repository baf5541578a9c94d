"""One layer, three ways to bring a node's neighbourhood together: sum, mean, maximum.

The layers are alike but for that step, so that a difference between them is due to it. With the
sum it is GIN-0 of Xu, Hu, Leskovec and Jegelka, "How Powerful are Graph Neural Networks?" (ICLR
2019, https://arxiv.org/abs/1810.00826); the mean stands for the averaging networks and the maximum
for GraphSAGE's pooling, as in that paper's comparison.
"""

from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from triptych.graphs.adjacency import neighbours, simple, with_loops
from triptych.graphs.layer import Graph, GraphLayer
from triptych.graphs.operators import mean
from triptych.graphs.sparse import Features, Sparse


class Aggregator(GraphLayer):
    r"""Node-wise :math:`h_i' = \mathrm{MLP}\big(\mathrm{AGG}\{h_j : j \in N_i \cup \{i\}\}\big)`.

    The MLP has one hidden layer of the width of the output, with ReLU, and biases.

    Shapes:
        x [N, F], output [N, H].
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs)
        self.first = nn.Linear(inputs, outputs)
        self.second = nn.Linear(outputs, outputs)

    @staticmethod
    def gather(x: Tensor, graph: Graph) -> Tensor:
        """AGG of every closed neighbourhood: [N, F]."""
        (matrix,) = graph
        return matrix @ x

    @staticmethod
    def gather_one(rows: Tensor) -> Tensor:
        """AGG of the features [k, F] of one closed neighbourhood: [F]."""
        raise NotImplementedError

    def forward(self, x: Features, graph: Graph) -> Tensor:
        """MLP(AGG X)."""
        dense = x.matrix.to_dense() if isinstance(x, Sparse) else x
        return self._mlp(self.gather(dense, graph))

    def node_wise(self, x: Tensor, edge_index: Tensor) -> Tensor:
        """A loop over nodes."""
        near = neighbours(edge_index, len(x))
        return torch.stack(
            [self._mlp(self.gather_one(x[[i, *others]])) for i, others in enumerate(near)]
        )

    def reset_parameters(self, rng: torch.Generator | None = None) -> None:
        """Draw every weight anew: uniform on ±1/√(fan in), biases too (torch's own rule)."""
        for linear in (self.first, self.second):
            bound = linear.in_features**-0.5
            for weight in (linear.weight, linear.bias):
                nn.init.uniform_(weight, -bound, bound, generator=rng)

    def _mlp(self, h: Tensor) -> Tensor:
        out: Tensor = self.second(self.first(h).relu())
        return out


class Sum(Aggregator):
    """(A + I) X."""

    @staticmethod
    def prepare(edge_index: Tensor, nodes: int, dtype: torch.dtype = torch.float32) -> Graph:
        """A + I [N, N]."""
        source, target = with_loops(simple(edge_index, nodes), nodes)
        ones = np.ones(len(source))
        return (Sparse.from_entries(target, source, ones, (nodes, nodes), dtype),)

    @staticmethod
    def gather_one(rows: Tensor) -> Tensor:
        """The sum."""
        return rows.sum(dim=0)

    def library(self, x: Tensor, edge_index: Tensor) -> Tensor:
        """``torch_geometric.nn.GINConv`` with ε = 0, which draws the weights of its MLP anew."""
        from torch_geometric.nn import GINConv

        summed: Tensor = GINConv(nn.Identity(), eps=0.0)(x, edge_index)
        return self._mlp(summed).detach()


class Mean(Aggregator):
    """(D + I)⁻¹ (A + I) X."""

    prepare: ClassVar = staticmethod(mean.Layer.prepare)

    @staticmethod
    def gather_one(rows: Tensor) -> Tensor:
        """The mean."""
        return rows.mean(dim=0)


class Max(Aggregator):
    """The largest value of each feature."""

    prepare: ClassVar = staticmethod(Sum.prepare)

    @staticmethod
    def gather(x: Tensor, graph: Graph) -> Tensor:
        """Entry by entry over the rows of A + I, none of which is empty."""
        (matrix,) = graph
        places = matrix.matrix
        owner = torch.arange(len(x), device=x.device).repeat_interleave(
            places.crow_indices().diff()
        )
        spread = x[places.col_indices()]
        start = torch.full_like(x, -torch.inf)
        return start.scatter_reduce(0, owner[:, None].expand_as(spread), spread, "amax")

    @staticmethod
    def gather_one(rows: Tensor) -> Tensor:
        """The maximum."""
        return rows.amax(dim=0)


class Alone(Aggregator):
    """X: no neighbour is looked at. The control of the others, with as many weights."""

    @staticmethod
    def prepare(edge_index: Tensor, nodes: int, dtype: torch.dtype = torch.float32) -> Graph:
        """Nothing to prepare."""
        return ()

    @staticmethod
    def gather(x: Tensor, graph: Graph) -> Tensor:
        """Every node itself."""
        return x

    @staticmethod
    def gather_one(rows: Tensor) -> Tensor:
        """The node, which is the first of its closed neighbourhood."""
        return rows[0]


AGGREGATORS: dict[str, type[Aggregator]] = {"sum": Sum, "mean": Mean, "max": Max}
