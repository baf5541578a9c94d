"""Scores of pairs of nodes, and what an embedding says about classes it was not told."""

import warnings
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array

from triptych.data.parts import Part
from triptych.files import Array
from triptych.metrics.selection import aupr, auroc
from triptych.seeding import numpy_generator

Floats = NDArray[np.float64]
Pairs = NDArray[np.int64]
PENALTIES = (0.01, 0.1, 1.0, 10.0, 100.0)  # C of the probe: the validation nodes choose
PAIRS = 20_000  # pairs of nodes whose similarity is compared


def scores(joined: Array, apart: Array) -> tuple[float, float]:
    """Area under the ROC curve and average precision of edges against non-edges.

    Both take raw scores: a sigmoid in single precision would round the largest to ties at 1. The
    average precision depends on the shares of the two: here they are what is passed.

    Args:
        joined: Scores of edges.
        apart: Scores of non-edges.

    Example:
        >>> scores(np.array([2.0, 1.0]), np.array([0.0, 1.0]))
        (0.875, 0.8333333333333333)
    """
    truth = np.repeat([True, False], [len(joined), len(apart)])
    score = np.concatenate([joined, apart])
    return auroc(score, truth), aupr(score, truth)


def common_neighbours(edge_index: Pairs, nodes: int, pairs: Pairs) -> Floats:
    """For each pair the nodes that both are joined to: (A²)_ij, [k]."""
    ones = np.ones(edge_index.shape[1])
    adjacency = coo_array((ones, (edge_index[0], edge_index[1])), shape=(nodes, nodes)).tocsr()
    shared: Floats = (adjacency[pairs[0]] * adjacency[pairs[1]]).sum(axis=1)
    return shared


def inner_products(points: Array, pairs: Pairs) -> Floats:
    """z_i · z_j of each pair, in double precision: [k]."""
    held = points.astype(np.float64)
    result: Floats = (held[pairs[0]] * held[pairs[1]]).sum(axis=1)
    return result


def cosines(points: Array, pairs: Pairs) -> Floats:
    """Cosine of the angle between the two rows of each pair, 0 where a row is 0: [k]."""
    held = points.astype(np.float64)
    norm = np.linalg.norm(held, axis=1, keepdims=True)
    unit = held / np.where(norm > 0, norm, 1.0)
    result: Floats = (unit[pairs[0]] * unit[pairs[1]]).sum(axis=1)
    return result


def probe(points: Array, parts: Mapping[str, Part]) -> float:
    """Accuracy on the test nodes of a logistic regression fitted to the training nodes.

    The validation nodes choose the penalty among :data:`PENALTIES` and whether columns are
    standardised or keep their proportions: neither suits both word counts and embeddings.

    Args:
        points: [N, D].
        parts: ``index`` and ``y`` of train, validation and test.
    """
    from sklearn.exceptions import ConvergenceWarning  # a second, which training has no need of
    from sklearn.linear_model import LogisticRegression

    fitted: list[tuple[float, float]] = []
    trained = points[parts["train"].arrays["index"]].astype(np.float64)
    deviation = trained.std(axis=0)
    # One scale for all columns, under which they vary as much in all as standardised ones.
    common = max(float(np.sqrt((deviation**2).mean())), 1e-12)
    for scale in (np.where(deviation > 1e-6 * common, deviation, np.inf), common):
        scaled = (points - trained.mean(axis=0)) / scale
        held = {
            name: (scaled[part.arrays["index"]], part.arrays["y"]) for name, part in parts.items()
        }
        for penalty in PENALTIES:
            model = LogisticRegression(C=penalty, max_iter=300)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)
                model.fit(*held["train"])
            fitted.append((model.score(*held["validation"]), model.score(*held["test"])))
    return float(max(fitted, key=lambda pair: pair[0])[1])


def same_class_ranking(points: Array, labels: Pairs, seed: int) -> tuple[float, int]:
    """How often a pair of one class is more similar than a pair of two (by cosine; ties half).

    Args:
        points: [N, D].
        labels: [N]; nodes without one (-1) are left out.
        seed: Of the pairs that are drawn.

    Returns:
        The share, 0.5 for an embedding that knows nothing, and the number of pairs.
    """
    known = np.flatnonzero(labels >= 0)
    rng = numpy_generator("pairs", seed)
    pairs = known[rng.integers(len(known), size=(2, PAIRS))]
    pairs = pairs[:, pairs[0] != pairs[1]]
    same = labels[pairs[0]] == labels[pairs[1]]
    return auroc(cosines(points, pairs), same), pairs.shape[1]
