"""The sum over the neighbours beside the node itself, and a small network of its own."""

import numpy as np
import torch
from torch import Tensor, nn

from triptych.graphs.adjacency import edge_tensor, neighbours, simple
from triptych.graphs.layer import Graph, GraphLayer
from triptych.graphs.sparse import Features, Sparse, multiply


class Layer(GraphLayer):
    r"""Graph isomorphism network: Xu, Hu, Leskovec and Jegelka, "How Powerful are Graph Neural
    Networks?" (ICLR 2019, https://arxiv.org/abs/1810.00826).

    Node-wise

    .. math:: h_i' = \mathrm{MLP}\Big((1 + \varepsilon) h_i + \sum_{j \in N_i} h_j\Big),
        \qquad \mathrm{MLP}(z) = \mathrm{ReLU}(z W_1) W_2,

    in matrix form :math:`H' = \mathrm{MLP}(((1 + \varepsilon) I + A) H)`. Unlike a mean, the sum
    tells neighbourhoods of different sizes apart.

    Attributes:
        epsilon: ε, learnt or fixed.

    Shapes:
        x [N, F], first [F, H], second [H, H], output [N, H].
    """  # noqa: D205

    def __init__(
        self, inputs: int, outputs: int, epsilon: float = 0.0, learnt: bool = True
    ) -> None:
        super().__init__(inputs, outputs)
        self.first = nn.Parameter(torch.empty(inputs, outputs))
        self.second = nn.Parameter(torch.empty(outputs, outputs))
        self.start = epsilon
        self.epsilon: Tensor
        held = torch.tensor(epsilon)
        if learnt:
            self.epsilon = nn.Parameter(held)
        else:
            self.register_buffer("epsilon", held)
        self.reset_parameters()

    @staticmethod
    def prepare(edge_index: Tensor, nodes: int, dtype: torch.dtype = torch.float32) -> Graph:
        """A [N, N] with E entries."""
        source, target = simple(edge_index, nodes)
        ones = np.ones(len(source))
        return (Sparse.from_entries(target, source, ones, (nodes, nodes), dtype),)

    def forward(self, x: Features, graph: Graph) -> Tensor:
        """ReLU((1 + ε) X W1 + A (X W1)) W2: W1 commutes with the sum and comes first."""
        (matrix,) = graph
        h = multiply(x, self.first)
        h = (1 + self.epsilon) * h + matrix @ h
        return h.relu() @ self.second

    def node_wise(self, x: Tensor, edge_index: Tensor) -> Tensor:
        """A loop over nodes, a sum over neighbours."""
        rows = []
        for i, near in enumerate(neighbours(edge_index, len(x))):
            total = (1 + self.epsilon) * x[i]
            for j in near:
                total = total + x[j]
            rows.append((total @ self.first).relu() @ self.second)
        return torch.stack(rows)

    def library(self, x: Tensor, edge_index: Tensor) -> Tensor:
        """``torch_geometric.nn.GINConv``; it counts loops and duplicates, so they go first."""
        from torch_geometric.nn import GINConv

        network = nn.Sequential(
            nn.Linear(self.inputs, self.outputs, bias=False),
            nn.ReLU(),
            nn.Linear(self.outputs, self.outputs, bias=False),
        ).to(x.dtype)
        layer = GINConv(network, eps=float(self.epsilon.detach()))  # draws the weights anew
        network[0].weight.data = self.first.detach().T
        network[2].weight.data = self.second.detach().T
        result: Tensor = layer(x, edge_tensor(simple(edge_index, len(x))))
        return result.detach()

    def reset_parameters(self, rng: torch.Generator | None = None) -> None:
        """Glorot for the matrices, the start value for ε."""
        for weight in (self.first, self.second):
            nn.init.xavier_uniform_(weight, generator=rng)
        with torch.no_grad():
            self.epsilon.fill_(self.start)
