"""One graph made thinner, or given edges that mean nothing: the dials of the sampling measures."""

import numpy as np
from numpy.typing import NDArray

from triptych.graphs.adjacency import Edges
from triptych.seeding import numpy_generator

Ints = NDArray[np.int64]


def thinned(edges: Edges, nodes: int, share: float, *names: object) -> Edges:
    """Keep every undirected edge with probability ``share``.

    Each edge has one random number, so a smaller share keeps a part of what a larger one does.

    Args:
        edges: int64 [2, E], both directions, each once (:func:`~triptych.graphs.adjacency.simple`).
        nodes: N.
        share: In (0, 1]; 1 returns the edges as they are.
        *names: Name the draw.
    """
    if share >= 1:
        return edges
    low, high = np.minimum(*edges), np.maximum(*edges)
    _, pair = np.unique(low * nodes + high, return_inverse=True)
    lot = numpy_generator(*names, "thin").random(pair.max() + 1 if len(pair) else 0)
    return edges[:, lot[pair] < share]


def new_pairs(entries: int, ratio: float) -> int:
    """Undirected edges that :func:`noisy` adds to a graph of ``entries`` directed ones."""
    return round(ratio * entries / 2)


def noisy(edges: Edges, nodes: int, ratio: float, *names: object) -> tuple[Edges, Edges]:
    """Add random edges between nodes that were not joined.

    Args:
        edges: int64 [2, E], both directions, each once.
        nodes: N.
        ratio: New edges per given one.
        *names: Name the draw.

    Returns:
        All edges, and the new ones alone; both directions of each.
    """
    wanted = new_pairs(edges.shape[1], ratio)
    most = nodes * (nodes - 1) // 2 - edges.shape[1] // 2
    if wanted > most:
        raise ValueError(f"noisy: expected room for {wanted} more edges, found {most}")
    rng = numpy_generator(*names, "noise")
    taken = set((edges[0] * nodes + edges[1]).tolist())
    found: list[tuple[int, int]] = []
    while len(found) < wanted:
        for i, j in rng.integers(nodes, size=(wanted, 2)).tolist():
            key = i * nodes + j
            if i != j and key not in taken and len(found) < wanted:
                taken |= {key, j * nodes + i}
                found.append((i, j))
    pairs = np.array(found, dtype=np.int64).reshape(-1, 2).T
    new = np.concatenate([pairs, pairs[::-1]], axis=1)
    return np.concatenate([edges, new], axis=1), new
