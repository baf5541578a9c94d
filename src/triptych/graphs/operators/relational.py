"""A weight for the node itself and one for every kind of edge."""

import numpy as np
import torch
from torch import Tensor, nn

from triptych.files import Array
from triptych.graphs.adjacency import degrees, edge_tensor, simple
from triptych.graphs.layer import Graph, GraphLayer
from triptych.graphs.sparse import Features, Sparse, multiply

BY_DEGREE = ("from a node of higher degree", "from one of equal degree", "from one of lower degree")


class Layer(GraphLayer):
    r"""Relational graph convolution: Schlichtkrull, Kipf, Bloem, van den Berg, Titov and Welling,
    "Modeling Relational Data with Graph Convolutional Networks" (ESWC 2018,
    https://arxiv.org/abs/1703.06103), without basis decomposition.

    Node-wise, with :math:`N_i^r` the sources of edges of kind r into i,

    .. math:: h_i' = h_i W_0 + \sum_r \frac{1}{|N_i^r|} \sum_{j \in N_i^r} h_j W_r,

    in matrix form :math:`H' = H W_0 + \sum_r D_r^{-1} A_r H W_r`. Where a graph has no kinds of its
    own, :meth:`prepare` tells edges apart by the degrees of their ends (three kinds: from a node of
    higher, of equal, of lower degree), which needs nothing but the graph and does not depend on
    the numbers of the nodes.

    Attributes:
        kinds: R.

    Shapes:
        x [N, F], own [F, H], related [R, F, H], output [N, H].
    """  # noqa: D205

    def __init__(self, inputs: int, outputs: int, kinds: int = len(BY_DEGREE)) -> None:
        super().__init__(inputs, outputs)
        self.kinds = kinds
        self.own = nn.Parameter(torch.empty(inputs, outputs))
        self.related = nn.Parameter(torch.empty(kinds, inputs, outputs))
        self.reset_parameters()

    @staticmethod
    def prepare(edge_index: Tensor, nodes: int, dtype: torch.dtype = torch.float32) -> Graph:
        """D_r⁻¹ A_r for the three kinds that degrees make, [N, N] each."""
        edges = simple(edge_index, nodes)
        return prepare_kinds(edges, by_degree(edges, nodes), len(BY_DEGREE), nodes, dtype)

    def forward(self, x: Features, graph: Graph) -> Tensor:
        """X W0 + Σ_r D_r⁻¹ A_r (X W_r)."""
        h = multiply(x, self.own)
        for matrix, weight in zip(graph, self.related, strict=True):
            h = h + matrix @ multiply(x, weight)
        return h

    def node_wise(self, x: Tensor, edge_index: Tensor) -> Tensor:
        """A loop over nodes, kinds and neighbours, for kinds by degree."""
        edges = simple(edge_index, len(x))
        return self.node_wise_kinds(x, edges, by_degree(edges, len(x)))

    def node_wise_kinds(self, x: Tensor, edges: Array, kinds: Array) -> Tensor:
        """The same for any kinds [E] of distinct edges [2, E]."""
        near: dict[tuple[int, int], list[int]] = {}
        for (source, target), kind in zip(edges.T.tolist(), kinds.tolist(), strict=True):
            near.setdefault((target, kind), []).append(source)
        rows = []
        for i in range(len(x)):
            row = x[i] @ self.own
            for kind in range(self.kinds):
                sources = near.get((i, kind), [])
                for j in sources:
                    row = row + (x[j] @ self.related[kind]) / len(sources)
            rows.append(row)
        return torch.stack(rows)

    def library(self, x: Tensor, edge_index: Tensor) -> Tensor:
        """``torch_geometric.nn.RGCNConv``, for kinds by degree."""
        edges = simple(edge_index, len(x))
        return self.library_kinds(x, edges, by_degree(edges, len(x)))

    def library_kinds(self, x: Tensor, edges: Array, kinds: Array) -> Tensor:
        """The same for any kinds [E] of distinct edges [2, E]."""
        from torch_geometric.nn import RGCNConv

        layer = RGCNConv(self.inputs, self.outputs, self.kinds, aggr="mean", bias=False)
        layer = layer.to(x.dtype)
        layer.weight.data = self.related.detach()
        layer.root.data = self.own.detach()
        result: Tensor = layer(x, edge_tensor(edges), torch.from_numpy(kinds))
        return result.detach()

    def reset_parameters(self, rng: torch.Generator | None = None) -> None:
        """Glorot for every matrix by itself."""
        for weight in (self.own, *self.related):
            nn.init.xavier_uniform_(weight, generator=rng)


def prepare_kinds(
    edges: Array, kinds: Array, count: int, nodes: int, dtype: torch.dtype = torch.float32
) -> Graph:
    """D_r⁻¹ A_r [N, N] for r = 0 … count - 1.

    Args:
        edges: int64 [2, E], distinct, without loops.
        kinds: int64 [E], the kind r of every edge.
        count: R.
        nodes: N.
        dtype: Type of the entries.

    Raises:
        ValueError: A kind is not in [0, R).
    """
    if kinds.size and not (kinds.min() >= 0 and kinds.max() < count):
        raise ValueError(f"kinds: expected 0 to {count - 1}, found others")
    matrices = []
    for kind in range(count):
        source, target = chosen = edges[:, kinds == kind]
        share = 1.0 / np.maximum(degrees(chosen, nodes), 1.0)
        matrices.append(Sparse.from_entries(target, source, share[target], (nodes, nodes), dtype))
    return tuple(matrices)


def by_degree(edges: Array, nodes: int) -> Array:
    """Kind of every edge of an undirected graph, as in :data:`BY_DEGREE`: int64 [E]."""
    degree = degrees(edges, nodes)
    source, target = edges
    return np.asarray(1 - np.sign(degree[source] - degree[target]), dtype=np.int64)
