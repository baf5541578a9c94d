"""Large graphs that look like a small one from every node: random lifts."""

import numpy as np

from triptych.files import Array
from triptych.graphs.adjacency import Edges, simple


def lifted(
    edge_index: Array,
    nodes: int,
    copies: int,
    rng: np.random.Generator,
    reach: int | None = None,
) -> Edges:
    """A random lift (covering graph) of an undirected graph.

    Every node u becomes u + nodes c for c = 0 … copies - 1, and every edge u - v becomes the
    matching of (u, c) with (v, π(c)), where π is a random permutation of the copies, another one
    for each edge (Amit and Linial 2002). Degrees stay, and the numbers of nodes and of edges grow
    by the same factor. Since (u, c) sees in its neighbourhood what u sees, every message-passing
    network gives the two the same output if it is given the same features: the size can be checked
    as well as timed.

    Args:
        edge_index: int64 [2, E], both directions.
        nodes: N.
        copies: At least 1.
        rng: Source of the permutations.
        reach: π stays within blocks of so many copies, so that neighbours lie near each other in
            memory; None: they lie anywhere.

    Returns:
        int64 [2, E copies], both directions, not sorted.
    """
    source, target = simple(edge_index, nodes)
    once = source < target
    first, second = source[once], target[once]
    sheet = np.arange(copies, dtype=np.int64)
    block = sheet // (copies if reach is None else reach)
    # Sorting random numbers within blocks permutes the copies within blocks.
    matched = np.argsort(block + rng.random((len(first), copies)), axis=1)
    from_ = (first[:, None] + nodes * sheet).ravel()
    to = (second[:, None] + nodes * matched).ravel()
    return np.stack([np.concatenate([from_, to]), np.concatenate([to, from_])])
