"""Graphs side by side whose edges have kinds: the batches of networks that look at bonds."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from triptych.graphs.blocks import Blocks, offsets, ranges
from triptych.graphs.sparse import Sparse


@dataclass(frozen=True, eq=False)
class Bonds(Blocks):
    """Undirected graphs, every edge in both directions.

    Directed edges are sorted by target and then by source, graph after graph.

    Attributes:
        source: int64 [E].
        target: int64 [E].
        reverse: int64 [E], the place of the opposite direction of each edge.
        kinds: int64 [E], the kind of each edge, the same in both directions.
        edge_starts: int64 [graphs + 1]; graph g has the edges ``edge_starts[g]`` to
            ``edge_starts[g + 1]``.
    """

    source: Tensor
    target: Tensor
    reverse: Tensor
    kinds: Tensor
    edge_starts: Tensor

    @classmethod
    def of(cls, data: Mapping[str, Tensor]) -> "Bonds":
        """From the tensors of a part of kind ``graphs`` or ``molecules``.

        Args:
            data: ``x`` [nodes, F], ``edge_index`` int64 [2, E], ``graph`` int64 [nodes],
                ascending, ``y`` [graphs], and ``edge_label`` int64 [E] where edges have kinds.

        Raises:
            ValueError: Nodes are not in the order of their graphs, or an edge lacks its opposite
                direction, is there twice, or joins two graphs.
        """
        x, owner = data["x"], data["graph"]
        if (owner.diff() < 0).any():
            raise ValueError("graph: expected nodes in the order of their graphs")
        nodes, (source, target) = len(x), data["edge_index"]
        keys, order = (target * nodes + source).sort()
        source, target = source[order], target[order]
        opposite = source * nodes + target
        reverse = torch.searchsorted(keys, opposite).clamp(max=max(len(keys) - 1, 0))
        paired = bool((keys[reverse] == opposite).all()) and bool((keys.diff() > 0).all())
        if not paired or not torch.equal(owner[source], owner[target]):
            raise ValueError("edges: expected each one within a graph and once in both directions")
        kinds = data["edge_label"][order] if "edge_label" in data else torch.zeros_like(source)
        graphs = len(data["y"])
        return cls(
            x,
            (),
            offsets(torch.bincount(owner, minlength=graphs)),
            source,
            target,
            reverse,
            kinds,
            offsets(torch.bincount(owner[target], minlength=graphs)),
        )

    def take(self, chosen: Tensor) -> "Bonds":
        """The graphs ``chosen`` (int64 [k], any order, repeats allowed) as a batch of their own."""
        sizes, counts = self.sizes[chosen], self.edge_starts.diff()[chosen]
        starts, edge_starts = offsets(sizes), offsets(counts)
        nodes = ranges(self.starts[chosen], sizes)
        edges = ranges(self.edge_starts[chosen], counts)
        moved = (starts[:-1] - self.starts[chosen]).repeat_interleave(counts)
        shift = (edge_starts[:-1] - self.edge_starts[chosen]).repeat_interleave(counts)
        return Bonds(
            self.x[nodes],
            (),
            starts,
            self.source[edges] + moved,
            self.target[edges] + moved,
            self.reverse[edges] + shift,
            self.kinds[edges],
            edge_starts,
        )

    def incoming(self) -> Sparse:
        """The matrix [nodes, E] that sums what comes in over the edges of each node."""
        edges = torch.arange(len(self.source), device=self.x.device)
        ones = torch.ones(len(edges), dtype=self.x.dtype, device=self.x.device)
        degrees = torch.bincount(self.target, minlength=len(self.x))
        shape = (len(self.x), len(edges))
        rows = torch.sparse_csr_tensor(
            offsets(degrees), edges, ones, size=shape, check_invariants=False
        )
        one_each = torch.arange(len(edges) + 1, device=self.x.device)
        columns = torch.sparse_csr_tensor(
            one_each, self.target, ones, size=shape[::-1], check_invariants=False
        )
        return Sparse(rows, columns, edges)
