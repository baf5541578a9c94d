"""Which graphs a network cannot tell apart, whatever is trained: colour refinement and counting."""

from collections import Counter
from collections.abc import Callable, Hashable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from triptych.graphs.blocks import Blocks, Readout
from triptych.graphs.layer import Graph

Floats = NDArray[np.float64]
Gather = Callable[[Tensor, Graph], Tensor]
# Two graphs are told apart when their outputs differ by more than this share of the larger one.
# Rounding in double precision stays far below it: some hundred additions of like numbers, 1e-14.
RESOLUTION = 1e-10


def refine(near: Sequence[Sequence[int]], owner: Sequence[int], rounds: int) -> list[Hashable]:
    """What one-dimensional Weisfeiler and Leman (1968) see of each graph: its coloured nodes.

    All nodes start alike. In a round a node's new colour is its old one together with those of its
    neighbours, each as often as it occurs.

    Args:
        near: Neighbours of every node of all graphs.
        owner: Graph of every node.
        rounds: As many as the largest graph has nodes, less one, always suffice.

    Returns:
        One value a graph; two graphs are told apart if theirs differ.
    """
    colour = [0] * len(near)
    for _ in range(rounds):
        seen = [
            (colour[i], tuple(sorted(colour[j] for j in others))) for i, others in enumerate(near)
        ]
        names = {each: number for number, each in enumerate(sorted(set(seen)))}
        colour = [names[each] for each in seen]
    held: list[Counter[int]] = [Counter() for _ in range(max(owner) + 1)]
    for node, graph in enumerate(owner):
        held[graph][colour[node]] += 1
    return [tuple(sorted(each.items())) for each in held]


def alike(values: Sequence[Hashable]) -> int:
    """Pairs of equal values.

    Example:
        >>> alike(["a", "b", "a", "a"])
        3
    """
    return sum(count * (count - 1) // 2 for count in Counter(values).values())


@torch.no_grad()
def outputs(
    blocks: Blocks, gather: Gather, width: int, depth: int, readout: Readout, seed: int
) -> Floats:
    """What random weights make of graphs, in double precision: the readout of every layer.

    A layer is an aggregator and a random map with the nonlinearity z σ(z). That function is
    analytic, and then almost all weights tell apart whatever some weights tell apart. (ReLU is not:
    between near inputs it is mostly linear, and a sum over nodes forgets what is linear.)

    Args:
        blocks: Graphs, in double precision, their matrices prepared for ``gather``.
        gather: Features [nodes, F] and matrices to what every node sees of its neighbourhood.
        width: Of the layers.
        depth: Layers.
        readout: Over nodes.
        seed: Of the weights.

    Returns:
        [graphs, depth · width].
    """
    rng = torch.Generator().manual_seed(seed)
    matrix = blocks.readout(readout)
    h, found = blocks.x, []
    for _ in range(depth):
        weight = torch.randn(h.shape[1], width, generator=rng, dtype=h.dtype) / h.shape[1] ** 0.5
        bias = torch.randn(width, generator=rng, dtype=h.dtype)
        # One scale in all layers: of what grows too large only the largest part would be seen.
        seen = gather(h, blocks.graph)
        h = nn.functional.silu(seen / seen.abs().mean() @ weight + bias)
        found.append(matrix @ h)
    stacked: Floats = torch.cat(found, dim=1).numpy()
    return stacked


def confused(points: Floats) -> tuple[int, float, float]:
    """Pairs of graphs with the same output, and the gap around the resolution.

    Args:
        points: [graphs, D].

    Returns:
        The number of pairs; the largest relative difference of a confused pair; the smallest of a
        pair that is told apart (1 if there is none).
    """
    from scipy.spatial.distance import pdist  # here, for training does not measure

    size = np.abs(points).max(axis=1)
    first, second = np.triu_indices(len(points), k=1)  # the order of pdist
    larger = np.maximum(size[first], size[second])
    apart = pdist(points, "chebyshev") / np.maximum(larger, np.finfo(np.float64).tiny)
    same = apart <= RESOLUTION
    largest = float(apart[same].max()) if same.any() else 0.0
    smallest = float(apart[~same].min()) if (~same).any() else 1.0
    return int(same.sum()), largest, smallest
