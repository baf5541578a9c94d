"""Drawn graphs against held-out ones: degrees, clustering, and the distance between the two."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from triptych.files import Array

Floats = NDArray[np.float64]
LARGEST_DEGREE = 64  # histograms of degrees end there: larger graphs than these are not compared
CLUSTERING_BINS = 100


@dataclass(frozen=True)
class Statistics:
    """What is compared of a set of graphs.

    Attributes:
        degrees: Of every node, graph after graph.
        clustering: Local clustering coefficient of every node.
        owner: Graph of every node.
    """

    degrees: Floats
    clustering: Floats
    owner: NDArray[np.int64]

    @classmethod
    def of(cls, graphs: Sequence[Array]) -> "Statistics":
        """From adjacency matrices."""
        return cls(
            np.concatenate([each.sum(axis=1) for each in graphs]),
            np.concatenate([clustering(each) for each in graphs]),
            np.repeat(np.arange(len(graphs)), [len(each) for each in graphs]),
        )

    def values(self) -> dict[str, Floats]:
        """Name -> value of every node."""
        return {"degree": self.degrees, "clustering": self.clustering}

    def means(self) -> dict[str, float]:
        """Name -> mean over nodes."""
        return {name: float(values.mean()) for name, values in self.values().items()}

    def cumulative(self) -> dict[str, Floats]:
        """Name -> distribution function of every graph, on a grid, times the grid's step.

        The 1-Wasserstein distance of two distributions on a line is the area between their
        distribution functions: the sum of absolute differences of these rows.
        """
        return {
            "degree": self._functions(self.degrees, np.arange(LARGEST_DEGREE), 1.0),
            "clustering": self._functions(
                np.floor(self.clustering * CLUSTERING_BINS), np.arange(CLUSTERING_BINS + 1),
                1.0 / CLUSTERING_BINS,
            ),
        }  # fmt: skip

    def _functions(self, values: Floats, grid: NDArray[np.int64], step: float) -> Floats:
        counts = np.zeros((int(self.owner[-1]) + 1, len(grid)))
        np.add.at(counts, (self.owner, np.minimum(values.astype(np.int64), grid[-1])), 1.0)
        shares = counts / counts.sum(axis=1, keepdims=True)
        functions: Floats = shares.cumsum(axis=1) * step
        return functions


def clustering(adjacency: Array) -> Floats:
    """Share of a node's pairs of neighbours that are joined, 0 with fewer than two: [n].

    Example:
        >>> clustering(np.ones((3, 3)) - np.eye(3)).tolist()
        [1.0, 1.0, 1.0]
    """
    degree = adjacency.sum(axis=1)
    closed = ((adjacency @ adjacency) * adjacency).sum(axis=1)
    possible = degree * (degree - 1)
    result: Floats = np.divide(closed, possible, out=np.zeros(len(degree)), where=possible > 0)
    return result


def compare(drawn: Statistics, target: Statistics, reference: Statistics) -> dict[str, float]:
    """Name -> maximum mean discrepancy of drawn and target graphs.

    Args:
        drawn: Graphs to judge.
        target: Held-out graphs.
        reference: Graphs whose median distance sets the width of the kernel.
    """
    ours, theirs, scale = drawn.cumulative(), target.cumulative(), reference.cumulative()
    return {
        name: discrepancy(ours[name], theirs[name], median_distance(scale[name])) for name in ours
    }


def _city_block(a: Floats, b: Floats) -> Floats:
    from scipy.spatial.distance import cdist  # here, for training does not measure

    found: Floats = cdist(a, b, "cityblock")
    return found


def median_distance(functions: Floats) -> float:
    """Median 1-Wasserstein distance of two different graphs."""
    distances = _city_block(functions, functions)
    return float(np.median(distances[np.triu_indices(len(functions), k=1)]))


def discrepancy(first: Floats, second: Floats, width: float) -> float:
    """Square root of the biased estimate of the squared maximum mean discrepancy.

    Gretton, Borgwardt, Rasch, Schölkopf and Smola (2012), with k(p, q) = exp(-W(p, q)² / 2w²).
    """

    def kernel(a: Floats, b: Floats) -> float:
        return float(np.exp(-((_city_block(a, b) / width) ** 2) / 2).mean())

    squared = kernel(first, first) + kernel(second, second) - 2 * kernel(first, second)
    return float(np.sqrt(max(squared, 0.0)))


def random_graphs(known: Sequence[Array], sizes: Array, rng: np.random.Generator) -> list[Array]:
    """Erdős–Rényi graphs: every pair joined with the share that is joined in ``known``."""
    joined = sum(float(each.sum()) for each in known)
    pairs = sum(len(each) * (len(each) - 1) for each in known)
    drawn = []
    for size in sizes.tolist():
        upper = np.triu(rng.random((size, size)) < joined / pairs, k=1)
        drawn.append((upper | upper.T).astype(np.float64))
    return drawn
