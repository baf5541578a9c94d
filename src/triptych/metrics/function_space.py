"""Predictors as points: how far apart their predictions are, and where they lie on a map."""

import numpy as np

from triptych.metrics.probabilities import Floats, Scores


def mean_distance(p: Floats) -> float:
    r"""Mean total variation distance between members' predictions.

    .. math:: \frac{2}{M(M-1)} \sum_{m<j} \frac1N \sum_n \tfrac12 \sum_k |p_{mnk} - p_{jnk}|

    Args:
        p: Probabilities [M, N, K] with M >= 2.

    Returns:
        Between 0 (copies) and 1 (each sure of a class of its own).

    Example:
        >>> mean_distance(np.array([[[1.0, 0.0]], [[0.5, 0.5]]]))
        0.5
    """
    gaps = [np.abs(p[m + 1 :] - p[m]).sum(axis=-1).mean(axis=-1).sum() for m in range(len(p))]
    return float(sum(gaps)) / (len(p) * (len(p) - 1))


def principal_map(points: Floats, dimensions: int = 2) -> tuple[Scores, Scores]:
    """Coordinates of points along their directions of largest variance.

    Signs are chosen so that the coordinate of largest size on every axis is positive: the same
    points give the same map.

    Args:
        points: [n, D].
        dimensions: Axes of the map.

    Returns:
        Coordinates [n, dimensions], and the share of the variance along each axis.
    """
    centred = points.astype(np.float64) - points.mean(axis=0, dtype=np.float64)
    left, singular, _ = np.linalg.svd(centred, full_matrices=False)
    chosen = left[:, :dimensions] * singular[:dimensions]
    largest = np.abs(chosen).argmax(axis=0)
    signs = np.sign(chosen[largest, np.arange(chosen.shape[1])])
    total = float((singular**2).sum())
    share = singular[:dimensions] ** 2 / total if total else np.zeros(dimensions)
    return np.asarray(chosen * np.where(signs == 0, 1, signs)), np.asarray(share)
