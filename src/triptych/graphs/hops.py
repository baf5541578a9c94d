"""How many nodes a target's vector depends on: neighbourhoods and computation trees by hops."""

import numpy as np
from numpy.typing import NDArray

from triptych.files import Array
from triptych.graphs.adjacency import Edges, simple, with_loops

Counts = NDArray[np.int64]
CHUNK = 1 << 26  # bytes of sets that are joined at once


def neighbourhoods(edge_index: Array, nodes: int, hops: int) -> Counts:
    """Number of distinct nodes within 1, 2, … hops of every node, itself included.

    Sets are rows of bits, and a hop joins the sets of all neighbours: O(E N / 8) bytes a hop.

    Args:
        edge_index: Integers [2, M].
        nodes: N.
        hops: The most.

    Returns:
        [N, hops].
    """
    starts, sources = _by_target(edge_index, nodes)
    sets = np.packbits(np.eye(nodes, dtype=bool), axis=1)
    found = []
    for _ in range(hops):
        sets = _join(sets, starts, sources)
        found.append(np.bitwise_count(sets).sum(axis=1, dtype=np.int64))
    return np.stack(found, axis=1) if found else np.zeros((nodes, 0), dtype=np.int64)


def trees(edge_index: Array, nodes: int, hops: int) -> NDArray[np.float64]:
    """Leaves of the computation tree of every node: :math:`((A + I)^L 1)_v`, [N, hops].

    What a network of L layers reads for a target if a node that is reached twice is read twice.
    """
    starts, sources = _by_target(edge_index, nodes)
    size = np.ones(nodes)
    found = []
    for _ in range(hops):
        size = np.add.reduceat(size[sources], starts)
        found.append(size)
    return np.stack(found, axis=1) if found else np.zeros((nodes, 0))


def _by_target(edge_index: Array, nodes: int) -> tuple[Counts, Counts]:
    """Where each node's neighbours begin, and all neighbours; every node is its own."""
    edges: Edges = with_loops(simple(edge_index, nodes), nodes)
    order = np.argsort(edges[1], kind="stable")
    starts = np.searchsorted(edges[1][order], np.arange(nodes))
    return starts, edges[0][order]


def _join(sets: NDArray[np.uint8], starts: Counts, sources: Counts) -> NDArray[np.uint8]:
    """The union of every node's neighbours' sets, some nodes at a time."""
    ends = np.append(starts[1:], len(sources))
    joined = np.empty_like(sets)
    first = 0
    while first < len(starts):
        room = starts[first] + max(CHUNK // max(sets.shape[1], 1), 1)
        last = max(int(np.searchsorted(ends, room, side="right")), first + 1)
        block = sets[sources[starts[first] : ends[last - 1]]]
        offsets = starts[first:last] - starts[first]
        joined[first:last] = np.bitwise_or.reduceat(block, offsets, axis=0)
        first = last
    return joined
