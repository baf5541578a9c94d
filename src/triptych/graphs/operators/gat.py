"""A sum over neighbours whose weights depend on who they are: attention."""

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from triptych.graphs.adjacency import edge_tensor, neighbours, simple, with_loops
from triptych.graphs.attention import SLOPE, Structure, attend, structure, weights
from triptych.graphs.dropout import dropout, factors
from triptych.graphs.layer import Graph, GraphLayer
from triptych.graphs.sparse import Features, multiply


class Layer(GraphLayer):
    r"""Graph attention: Veličković, Cucurull, Casanova, Romero, Liò and Bengio, "Graph Attention
    Networks" (ICLR 2018, https://arxiv.org/abs/1710.10903).

    Node-wise, for each of K heads with its own W, a and b,

    .. math:: h_i' = c + \sum_{j \in N_i \cup \{i\}} \alpha_{ij} h_j W, \qquad
        \alpha_{ij} = \mathrm{softmax}_j \, \mathrm{LeakyReLU}(a \cdot h_j W + b \cdot h_i W),

    the softmax over the neighbours of i and i itself; in matrix form :math:`H' = \alpha H W + c`,
    the rows of α sum to 1. Heads are put side by side, or averaged (last layer). The bias c is not
    in the paper's formula but in the authors' code. In training, dropout acts on α *after* the
    softmax, so that its rows then sum to 1 in expectation only; and, in the authors' code, on the
    h_j W that are summed, but not on those that are scored.

    Attributes:
        heads: K.
        average: Whether heads are averaged.
        rate: Dropout of α.
        message_rate: Dropout of the summed h_j W.

    Shapes:
        x [N, F], weight [F, K H], to_source and to_target [K, H]; output [N, K H], or [N, H] where
        heads are averaged; bias [K H] or [H] like it.
    """  # noqa: D205

    def __init__(
        self,
        inputs: int,
        units: int,
        heads: int = 1,
        average: bool = False,
        rate: float = 0.0,
        message_rate: float = 0.0,
    ) -> None:
        super().__init__(inputs, units if average else heads * units)
        self.units, self.heads, self.average = units, heads, average
        self.rate, self.message_rate = rate, message_rate
        self.weight = nn.Parameter(torch.empty(inputs, heads * units))
        self.to_source = nn.Parameter(torch.empty(heads, units))
        self.to_target = nn.Parameter(torch.empty(heads, units))
        self.bias = nn.Parameter(torch.empty(self.outputs))
        self.reset_parameters()

    def reset_parameters(self, rng: torch.Generator | None = None) -> None:
        """Glorot and Bengio (2010), uniform, for weights; no bias at first."""
        for weight in (self.weight, self.to_source, self.to_target):
            nn.init.xavier_uniform_(weight, generator=rng)
        nn.init.zeros_(self.bias)

    @staticmethod
    def prepare(edge_index: Tensor, nodes: int, dtype: torch.dtype = torch.float32) -> Graph:
        """The places of the E + N edges and loops, and the sums into and out of every node."""
        return structure(with_loops(simple(edge_index, nodes), nodes), nodes, dtype)

    def forward(
        self, x: Features, graph: Graph, rng: torch.Generator | None = None, uniform: bool = False
    ) -> Tensor:
        """Attention over the prepared edges.

        Args:
            x: [N, F].
            graph: Of :meth:`prepare`.
            rng: Source of dropout; None for none.
            uniform: Every neighbour the same weight instead of α: what is left without attention.
        """
        h, scores = self._project(x)
        if uniform:
            scores = (torch.zeros_like(scores[0]), torch.zeros_like(scores[1]))
        edges = graph[0].values.numel()
        keep = None
        if rng is not None and self.rate > 0:
            keep = factors(h.new_empty(edges, self.heads), self.rate, rng)
        messages = cast("Tensor", dropout(h, self.message_rate, rng))
        return self._join(attend(cast("Structure", graph), *scores, messages, keep))

    @torch.no_grad()
    def attention(self, x: Features, graph: Graph) -> Tensor:
        """α of every edge and head, without dropout: [M, K], edges in the order of the graph."""
        return weights(cast("Structure", graph), *self._project(x)[1])

    def node_wise(self, x: Tensor, edge_index: Tensor) -> Tensor:
        """A loop over nodes, heads and neighbours."""
        near = neighbours(edge_index, len(x))
        weight = self.weight.reshape(self.inputs, self.heads, self.units)
        rows = []
        for i, others in enumerate(near):
            heads = []
            for k in range(self.heads):
                around = x[[i, *others]] @ weight[:, k]
                scores = around @ self.to_source[k] + around[0] @ self.to_target[k]
                alpha = functional.leaky_relu(scores, SLOPE).softmax(0)
                heads.append(alpha @ around)
            rows.append(torch.stack(heads))
        return self._join(torch.stack(rows))

    def library(self, x: Tensor, edge_index: Tensor) -> Tensor:
        """``torch_geometric.nn.GATConv``; it counts duplicates, so they go first."""
        from torch_geometric.nn import GATConv

        layer = GATConv(
            self.inputs, self.units, heads=self.heads, concat=not self.average,
            negative_slope=SLOPE,
        ).to(x.dtype)  # fmt: skip
        layer.bias.data = self.bias.detach()
        layer.lin.weight.data = self.weight.detach().T
        layer.att_src.data = self.to_source.detach()[None]
        layer.att_dst.data = self.to_target.detach()[None]
        result: Tensor = layer(x, edge_tensor(simple(edge_index, len(x))))
        return result.detach()

    def extra_repr(self) -> str:
        """Sizes."""
        return f"{self.inputs}, {self.heads} × {self.units}"

    def _project(self, x: Features) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """H W as [N, K, H], and both parts of the scores, [N, K] each."""
        h = multiply(x, self.weight).view(-1, self.heads, self.units)
        return h, ((h * self.to_source).sum(-1), (h * self.to_target).sum(-1))

    def _join(self, h: Tensor) -> Tensor:
        return (h.mean(dim=1) if self.average else h.flatten(1)) + self.bias
