"""Many graphs as one: block-diagonal matrices, and a readout matrix that sums over each block.

The block-diagonal adjacency of several graphs is the adjacency of one graph without edges between
them, so that every operator works on a batch as it does on a graph. The readout matrix R
[graphs, nodes] has one row a graph: R H sums (or averages) the rows of H that belong to it. (Kipf
and Welling 2017, reference code, draw both.)
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from triptych.graphs.layer import Graph, GraphLayer
from triptych.graphs.sparse import Sparse

Readout = Literal["sum", "mean"]


@dataclass(frozen=True, eq=False)
class Blocks:
    """Graphs side by side.

    Attributes:
        x: Node features [nodes, F], graph after graph.
        graph: The operator's prepared matrices of the block-diagonal graph.
        starts: int64 [graphs + 1]; graph g has the nodes ``starts[g]`` to ``starts[g + 1]``.
    """

    x: Tensor
    graph: Graph
    starts: Tensor

    @classmethod
    def make(cls, data: Mapping[str, Tensor], operator: type[GraphLayer]) -> "Blocks":
        """From the tensors of a part of kind ``graphs``.

        Args:
            data: ``x`` [nodes, F], ``edge_index`` int64 [2, E] within graphs, ``graph`` int64
                [nodes], ascending, and ``y`` [graphs]; see ``triptych.data.prepared``.
            operator: Whose matrices are prepared.

        Raises:
            ValueError: Nodes are not in the order of their graphs.
        """
        x, owner = data["x"], data["graph"]
        if (owner.diff() < 0).any():
            raise ValueError("graph: expected nodes in the order of their graphs")
        sizes = torch.bincount(owner, minlength=len(data["y"]))
        prepared = operator.prepare(data["edge_index"].cpu(), len(x), x.dtype)
        return cls(x, tuple(each.to(x.device) for each in prepared), offsets(sizes))

    def __len__(self) -> int:
        """Graphs."""
        return len(self.starts) - 1

    @property
    def sizes(self) -> Tensor:
        """Nodes of each graph: int64 [graphs]."""
        return self.starts.diff()

    def take(self, chosen: Tensor) -> "Blocks":
        """The graphs ``chosen`` (int64 [k], any order, repeats allowed) as a batch of their own.

        Preparing commutes with choosing because no entry joins two graphs; this only copies.
        """
        sizes = self.sizes[chosen]
        starts = offsets(sizes)
        nodes = ranges(self.starts[chosen], sizes)
        taken = tuple(_take(each, self.starts, chosen, nodes, starts) for each in self.graph)
        return Blocks(self.x[nodes], taken, starts)

    def chunks(self, graphs: int) -> Iterator["Blocks"]:
        """All graphs in order, at most so many at a time."""
        for first in range(0, len(self), graphs):
            last = min(first + graphs, len(self))
            yield self.take(torch.arange(first, last, device=self.x.device))

    def readout(self, how: Readout) -> Sparse:
        """R [graphs, nodes]: rows of ones, divided by the graph's nodes for the mean.

        A graph without nodes has a row of zeros.
        """
        sizes, device = self.sizes, self.x.device
        nodes = torch.arange(len(self.x), device=device)
        owner = torch.arange(len(self), device=device).repeat_interleave(sizes)
        share = torch.ones(len(self), dtype=self.x.dtype, device=device)
        if how == "mean":
            share = share / sizes.clamp(min=1)
        values, shape = share[owner], (len(self), len(self.x))
        rows = torch.sparse_csr_tensor(
            self.starts, nodes, values, size=shape, check_invariants=False
        )
        one_each = torch.arange(len(self.x) + 1, device=device)
        columns = torch.sparse_csr_tensor(
            one_each, owner, values, size=shape[::-1], check_invariants=False
        )
        return Sparse(rows, columns, nodes)


def one_graph(x: Tensor, edge_index: Tensor, operator: type[GraphLayer]) -> Blocks:
    """A single graph [N, F] as a batch of one."""
    owner = torch.zeros(len(x), dtype=torch.int64)
    return Blocks.make(
        {"x": x, "edge_index": edge_index, "graph": owner, "y": torch.zeros(1)}, operator
    )


def offsets(sizes: Tensor) -> Tensor:
    """Where each of several runs begins, and where the last one ends: int64 [runs + 1]."""
    return torch.cat([sizes.new_zeros(1), sizes.cumsum(0)])


def ranges(first: Tensor, lengths: Tensor) -> Tensor:
    """``first[k] … first[k] + lengths[k] - 1`` for all k, one after the other."""
    shift = first - (lengths.cumsum(0) - lengths)
    return shift.repeat_interleave(lengths) + torch.arange(int(lengths.sum()), device=first.device)


def _take(
    matrix: Sparse, starts: Tensor, chosen: Tensor, nodes: Tensor, new_starts: Tensor
) -> Sparse:
    """The diagonal blocks ``chosen`` of a block-diagonal matrix."""
    moved = new_starts[:-1] - starts[chosen]
    forward, entries = _rows(matrix.matrix, starts, chosen, nodes, moved)
    if matrix.transposed is matrix.matrix:
        backward, back_entries = forward, entries
    else:
        backward, back_entries = _rows(matrix.transposed, starts, chosen, nodes, moved)
    # A block has as many entries as its transpose: both keep the same places in the lists.
    first = matrix.matrix.crow_indices()[starts[chosen]]
    lengths = matrix.matrix.crow_indices()[starts[chosen + 1]] - first
    shift = (lengths.cumsum(0) - lengths) - first
    order = matrix.order[back_entries] + shift.repeat_interleave(lengths)
    assert len(entries) == len(back_entries)
    return Sparse(forward, backward, order)


def _rows(
    matrix: Tensor, starts: Tensor, chosen: Tensor, nodes: Tensor, moved: Tensor
) -> tuple[Tensor, Tensor]:
    """The blocks' rows as a CSR matrix, and which entries of the old one they are."""
    pointers = matrix.crow_indices()
    first = pointers[starts[chosen]]
    lengths = pointers[starts[chosen + 1]] - first
    entries = ranges(first, lengths)
    columns = matrix.col_indices()[entries] + moved.repeat_interleave(lengths)
    taken = torch.sparse_csr_tensor(
        offsets(pointers.diff()[nodes]).to(pointers.dtype),
        columns.to(pointers.dtype),
        matrix.values()[entries],
        size=(len(nodes), len(nodes)),
        check_invariants=False,  # blocks of a checked matrix
    )
    return taken, entries
