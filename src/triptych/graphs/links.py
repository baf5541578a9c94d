"""Edges held out for link prediction, before any message is passed, and pairs that are no edges."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from triptych.errors import UserError
from triptych.graphs.adjacency import simple
from triptych.seeding import numpy_generator

Pairs = NDArray[np.int64]
VALIDATION, TEST = 0.05, 0.10  # shares of the edges, rounded down: Kipf and Welling (2016)


@dataclass(frozen=True)
class LinkSplit:
    """Undirected pairs (i < j) of one graph, int64 [2, ·] each.

    No pair occurs twice, in whatever direction, over all five: training, validation and test edges
    are disjoint, and the negatives are no edges of the whole graph, are disjoint too, and are as
    many as the edges of their part.
    """

    train: Pairs
    validation: Pairs
    validation_negative: Pairs
    test: Pairs
    test_negative: Pairs

    @property
    def edge_index(self) -> Pairs:
        """The graph that messages run on: the training edges in both directions, sorted."""
        both = np.concatenate([self.train, self.train[::-1]], axis=1)
        order = np.lexsort((both[1], both[0]))
        return np.ascontiguousarray(both[:, order])


def split_links(edge_index: Pairs, nodes: int, *names: object) -> LinkSplit:
    """Divide the edges of an undirected graph 85/5/10 into training, validation and test.

    Pairs are split, then mirrored: an edge that is held out is gone in both directions.

    Args:
        edge_index: int64 [2, E], every edge in both directions.
        nodes: N.
        *names: (data set, seed): name the draw, so that every model gets the same split.

    Raises:
        UserError: Too few edges for one in each part, or too few pairs that are no edges.
    """
    source, target = simple(edge_index, nodes)
    edges = np.stack([source, target])[:, source < target]
    held = int(VALIDATION * edges.shape[1]), int(TEST * edges.shape[1])
    if min(held) < 1:
        raise UserError(
            f"links: expected at least {round(1 / VALIDATION)} edges to hold some out, found "
            f"{edges.shape[1]}; take a larger graph"
        )
    rng = numpy_generator("links", *names)
    edges = edges[:, rng.permutation(edges.shape[1])]
    validation, test, train = np.split(edges, np.cumsum(held), axis=1)
    negative = non_edges(edges, nodes, sum(held), rng)
    return LinkSplit(train, validation, negative[:, : held[0]], test, negative[:, held[0] :])


def non_edges(edges: Pairs, nodes: int, count: int, rng: np.random.Generator) -> Pairs:
    """Distinct pairs i < j that are not among ``edges`` (each given as i < j): [2, count].

    Uniform: pairs are drawn one after the other and those that are edges or repeats are dropped.

    Raises:
        UserError: There are not so many.
    """
    free = nodes * (nodes - 1) // 2 - edges.shape[1]
    if free < count:
        raise UserError(f"links: expected {count} pairs that are no edges, found {free}")
    taken = set((edges[0] * nodes + edges[1]).tolist())
    found: list[int] = []
    while len(found) < count:
        for i, j in rng.integers(nodes, size=(count, 2)).tolist():
            key = min(i, j) * nodes + max(i, j)
            if i != j and key not in taken and len(found) < count:
                taken.add(key)
                found.append(key)
    keys = np.array(found, dtype=np.int64)
    return np.stack([keys // nodes, keys % nodes])


class NegativeSampler:
    """Pairs for a training step that are no *training* edges.

    Whether a pair is an edge of validation or test is not known here: leaving those out would tell
    the training which pairs are held out. A few of them are therefore trained as negatives.
    """

    def __init__(self, train: Tensor, nodes: int) -> None:
        """Take the training pairs i < j, int64 [2, m], of N nodes."""
        self.nodes, self.count = nodes, train.shape[1]
        self.keys = (train[0] * nodes + train[1]).sort().values

    def draw(self, rng: torch.Generator) -> Tensor:
        """About as many pairs as there are edges: int64 [2, at most m], with replacement."""
        size = (2, self.count)
        ends = torch.randint(self.nodes, size, generator=rng, device=self.keys.device)
        low, high = ends[0].minimum(ends[1]), ends[0].maximum(ends[1])
        keys = low * self.nodes + high
        place = torch.searchsorted(self.keys, keys).clamp(max=self.count - 1)
        free = ((self.keys.index_select(0, place) != keys) & (low != high)).nonzero().squeeze(1)
        return torch.stack([low.index_select(0, free), high.index_select(0, free)])
