"""The one form in which every graph keeps its edges."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from triptych.errors import UserError
from triptych.files import Array

Edges = NDArray[np.int64]


def undirected(pairs: Array, nodes: int) -> Edges:
    """Undirected edges as sorted directed pairs, each once in both directions, without self-loops.

    A duplicate edge would count twice in every sum over neighbours; a self-loop would be added a
    second time by every operator that adds its own.

    Args:
        pairs: Integers [2, M]; an edge may be given in one direction or both, any number of times.
        nodes: The number of nodes N; every end must be in [0, N).

    Returns:
        ``edge_index`` int64 [2, E], sorted by source and then target; row 0 source, row 1 target.

    Raises:
        UserError: An end is not a node.
    """
    return undirected_labelled(pairs, None, nodes)[0]


def undirected_labelled(
    pairs: Array, labels: Array | None, nodes: int
) -> tuple[Edges, NDArray[np.int64] | None]:
    """As :func:`undirected`, with one integer label per edge carried along.

    Args:
        pairs: Integers [2, M].
        labels: Integers [M], or None.
        nodes: The number of nodes.

    Returns:
        ``edge_index`` [2, E] and the labels [E] (None if none were given).

    Raises:
        UserError: An end is not a node, or one edge has two labels.
    """
    ends = np.asarray(pairs, dtype=np.int64).reshape(2, -1)
    if ends.size and (ends.min() < 0 or ends.max() >= nodes):
        raise UserError(
            f"edges: expected ends from 0 to {nodes - 1}, found {ends.min()} to {ends.max()}"
        )
    keep = ends[0] != ends[1]
    source, target = ends[:, keep]
    keys = np.concatenate([source * nodes + target, target * nodes + source])
    if labels is None:
        unique = np.unique(keys)
        return np.stack([unique // max(nodes, 1), unique % max(nodes, 1)]), None
    both = np.tile(np.asarray(labels, dtype=np.int64)[keep], 2)
    unique, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    if not np.array_equal(both[first][inverse], both):
        raise UserError("edges: expected one label per edge, found an edge with two")
    return np.stack([unique // nodes, unique % nodes]), both[first]


def one_hot(labels: NDArray[Any], classes: int) -> NDArray[np.float32]:
    """Rows of the identity: float32 [N, classes] from integer labels [N]."""
    rows: NDArray[np.float32] = np.eye(classes, dtype=np.float32)[labels]
    return rows
