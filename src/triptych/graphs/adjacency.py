"""The simple graph behind a list of edges, whatever its duplicates and loops."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from triptych.files import Array

Edges = NDArray[np.int64]


def simple(edge_index: Tensor | Array, nodes: int) -> Edges:
    """Distinct edges without self-loops, sorted by target, then source.

    An operator that adds its own self-loops would count a given one twice, and a duplicate would
    count twice in every sum; here neither can happen.

    Args:
        edge_index: Integers [2, M], row 0 source, row 1 target.
        nodes: Number of nodes N.

    Returns:
        int64 [2, E], row 0 source, row 1 target.

    Raises:
        ValueError: An end is not in [0, N).
    """
    held = edge_index.cpu().numpy() if isinstance(edge_index, Tensor) else edge_index
    source, target = np.asarray(held, dtype=np.int64).reshape(2, -1)
    ends = np.concatenate([source, target])
    if ends.size and (ends.min() < 0 or ends.max() >= nodes):
        raise ValueError(f"edge_index: expected ends from 0 to {nodes - 1}, found others")
    proper = source != target
    keys = np.sort(target[proper] * nodes + source[proper])
    keys = keys[np.diff(keys, prepend=-1) > 0]  # np.unique, which hashes, takes five times as long
    return np.stack([keys % max(nodes, 1), keys // max(nodes, 1)])


def degrees(edges: Edges, nodes: int) -> NDArray[np.float64]:
    """In-degree of every node, isolated ones at the end included: [N]."""
    return np.bincount(edges[1], minlength=nodes).astype(np.float64)


def neighbours(edge_index: Tensor, nodes: int) -> list[list[int]]:
    """For every node i the nodes j ≠ i with an edge j → i, ascending.

    Plain sets and loops: the node-wise forms that check the matrices use nothing else.
    """
    found: list[set[int]] = [set() for _ in range(nodes)]
    for source, target in zip(*edge_index.tolist(), strict=True):
        if source != target:
            found[target].add(source)
    return [sorted(each) for each in found]


def with_loops(edges: Edges, nodes: int) -> Edges:
    """The edges and one loop at every node: [2, E + N]."""
    loops = np.arange(nodes, dtype=np.int64)
    return np.concatenate([edges, np.stack([loops, loops])], axis=1)


def edge_tensor(edges: Edges) -> Tensor:
    """As a torch tensor int64 [2, E]."""
    return torch.from_numpy(np.ascontiguousarray(edges))
