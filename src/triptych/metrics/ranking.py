"""How good a ranking is: hits among the first k, enrichment over chance, areas under curves.

Tied items are in no order, so that every number here is the expectation over all orders of the
ties: a scorer that says the same of everything scores exactly what chance does.
"""

import numpy as np
from numpy.typing import NDArray

from triptych.metrics import selection

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]


def hits(scores: NDArray[np.floating], labels: Labels) -> Floats:
    """Expected positives among the first k of the ranking, for k = 0 … N: float64 [N + 1].

    Args:
        scores: [N], the highest first.
        labels: [N], 1 for positive, 0 for negative.

    Raises:
        ValueError: A score is not finite, or a label is neither 0 nor 1.

    Example:
        >>> hits(np.array([0.9, 0.5, 0.5, 0.1]), np.array([1, 1, 0, 0])).tolist()
        [0.0, 1.0, 1.5, 2.0, 2.0]
    """
    if not np.isfinite(scores).all() or not np.isin(labels, (0, 1)).all():
        raise ValueError("ranking: expected finite scores and labels of 0 or 1")
    values, tie = np.unique(-np.asarray(scores), return_inverse=True)
    size = np.bincount(tie, minlength=len(values))
    share = np.bincount(tie, weights=labels, minlength=len(values)) / size
    return np.concatenate([[0.0], np.cumsum(np.repeat(share, size))])


def ideal_hits(labels: Labels) -> Floats:
    """As :func:`hits`, of a ranking with all positives first.

    Example:
        >>> ideal_hits(np.array([0, 1, 0, 1])).tolist()
        [0.0, 1.0, 2.0, 2.0, 2.0]
    """
    found: Floats = np.minimum(np.arange(len(labels) + 1.0), float(labels.sum()))
    return found


def precision_at(scores: NDArray[np.floating], labels: Labels, k: int) -> float:
    """Share of positives among the first k.

    Raises:
        ValueError: There are fewer than k items.

    Example:
        >>> precision_at(np.array([0.9, 0.5, 0.5, 0.1]), np.array([1, 1, 0, 0]), 2)
        0.75
    """
    if not 1 <= k <= len(labels):
        raise ValueError(f"ranking: expected at least {k} items to take the first {k} of")
    return float(hits(scores, labels)[k] / k)


def enrichment_at(scores: NDArray[np.floating], labels: Labels, k: int) -> float:
    """Precision among the first k over the share of positives among all: 1 is chance.

    Its maximum is N / max(k, positives): the fewer items are left to rank, the less there is to
    gain.

    Example:
        >>> enrichment_at(np.array([0.9, 0.5, 0.5, 0.1]), np.array([1, 1, 0, 0]), 2)
        1.5
    """
    return precision_at(scores, labels, k) / float(labels.mean())


def auroc(scores: NDArray[np.floating], labels: Labels) -> float:
    """Probability that a positive is ranked before a negative, ties counting half.

    Example:
        >>> auroc(np.array([0.9, 0.5, 0.5, 0.1]), np.array([1, 1, 0, 0]))
        0.875
    """
    return selection.auroc(scores, labels > 0)


def average_precision(scores: NDArray[np.floating], labels: Labels) -> float:
    """Area under the curve of precision over recall, by steps; chance is the share of positives.

    Example:
        >>> average_precision(np.array([0.9, 0.5, 0.4, 0.1]), np.array([1, 0, 1, 0])).__round__(6)
        0.833333
    """
    return selection.aupr(scores, labels > 0)
