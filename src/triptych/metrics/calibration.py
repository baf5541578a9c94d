"""Calibration of (confidence, correct) pairs: reliability, expected calibration error, its floor.

A multi-class prediction enters by its top label alone; see ``classification.top_label``. All
functions keep leading axes and reduce the last one, the examples.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float64]
Norm = Literal["l1", "l2", "max"]


@dataclass(frozen=True)
class Reliability:
    """A reliability diagram as numbers, each [..., B]; empty bins have accuracy and confidence nan.

    Attributes:
        count: Examples in the bin.
        accuracy: Share of right predictions in the bin.
        confidence: Mean confidence in the bin (not its centre).
    """

    count: NDArray[np.int64]
    accuracy: Scores
    confidence: Scores


def edges(bins: int) -> Scores:
    """Borders 0, 1/B ... 1 of the bins, from one place: k/B rounds differently by other routes."""
    return np.linspace(0.0, 1.0, bins + 1, dtype=np.float64)


def equal_width(confidence: NDArray[np.floating], bins: int) -> NDArray[np.int64]:
    """Bin of every confidence; bins are (lower, upper], 0 belongs to the first and 1 to the last.

    Raises:
        ValueError: A confidence is outside [0, 1] or not a number.

    Example:
        >>> equal_width(np.array([0.0, 0.5, 0.51, 1.0]), 2).tolist()
        [0, 0, 1, 1]
    """
    c = np.asarray(confidence, dtype=np.float64)
    if not ((c >= 0) & (c <= 1)).all():
        raise ValueError("confidences: expected numbers between 0 and 1")
    return np.asarray(np.searchsorted(edges(bins)[1:-1], c, side="left"), dtype=np.int64)


def equal_mass(confidence: NDArray[np.floating], bins: int) -> NDArray[np.int64]:
    """Bin by rank: about N/B examples each, equal confidences always together.

    An example's rank is the number of smaller confidences, so that the order of the examples does
    not matter; with fewer examples than bins some bins stay empty.
    """
    c = np.asarray(confidence, dtype=np.float64)
    n = c.shape[-1]
    flat = c.reshape(-1, n)
    ranks = np.stack([np.searchsorted(np.sort(row), row, side="left") for row in flat])
    return np.asarray(ranks * bins // n, dtype=np.int64).reshape(c.shape)


def reliability(
    confidence: NDArray[np.floating],
    correct: NDArray[np.bool_],
    bins: int,
    index: NDArray[np.int64] | None = None,
) -> Reliability:
    """Count, accuracy and mean confidence per bin.

    Args:
        confidence: [..., N] in [0, 1]; computed in float64.
        correct: [..., N].
        bins: Number of bins B.
        index: Bin of each example [..., N]; by default those of :func:`equal_width`.
    """
    c = np.asarray(confidence, dtype=np.float64)
    where = equal_width(c, bins) if index is None else index
    count = _per_bin(where, np.ones_like(c), bins)
    with np.errstate(invalid="ignore"):
        right = _per_bin(where, np.asarray(correct, dtype=np.float64), bins) / count
        mean = _per_bin(where, c, bins) / count
    return Reliability(count.astype(np.int64), right, mean)


def calibration_error(diagram: Reliability, norm: Norm = "l1") -> Scores:
    r"""Distance between confidence and accuracy over a reliability diagram.

    .. math:: \mathrm{ECE} = \sum_b \frac{n_b}{N}\,|\mathrm{acc}(b) - \mathrm{conf}(b)|

    (Naeini et al. 2015; Guo et al. 2017). "l2" is the root mean square, "max" the largest gap.

    Returns:
        [...], between 0 and 1.
    """
    gap: Scores = np.abs(np.nan_to_num(diagram.accuracy - diagram.confidence))
    share = diagram.count / diagram.count.sum(axis=-1, keepdims=True)
    if norm == "max":
        return np.asarray(gap.max(axis=-1))
    if norm == "l2":
        return np.asarray(np.sqrt((share * gap**2).sum(axis=-1)))
    return np.asarray((share * gap).sum(axis=-1))


def expected_calibration_error(
    confidence: NDArray[np.floating], correct: NDArray[np.bool_], bins: int = 15
) -> Scores:
    """ECE with equal-width bins: [..., N] twice -> [...].

    Example:
        >>> float(expected_calibration_error(np.array([0.95, 1.0]), np.array([True, False])))
        0.475
    """
    return calibration_error(reliability(confidence, correct, bins))


def noise_floor(confidence: NDArray[np.floating], bins: int = 15) -> Scores:
    r"""What the ECE of a perfectly calibrated forecaster with these confidences is expected to be.

    .. math:: \frac1N \sum_b \sqrt{\frac2\pi \sum_{i \in b} c_i (1 - c_i)}

    The gap of a bin is then pure sampling noise, whose sum has variance Σ c(1−c), and the mean
    absolute value of a normal variable is σ √(2/π). An ECE below this cannot be told from 0.

    Args:
        confidence: [..., N] in [0, 1].
        bins: Number of equal-width bins.

    Returns:
        [...].
    """
    c = np.asarray(confidence, dtype=np.float64)
    variance = _per_bin(equal_width(c, bins), c * (1 - c), bins)
    return np.asarray(np.sqrt(2 / np.pi * variance).sum(axis=-1) / c.shape[-1])


def debiased_squared_error(diagram: Reliability) -> Scores:
    r"""Squared calibration error without the bias of the sampling noise.

    .. math:: \sum_b \frac{n_b}{N} \Big[(\mathrm{acc}(b) - \mathrm{conf}(b))^2
              - \frac{\mathrm{acc}(b)(1 - \mathrm{acc}(b))}{n_b - 1}\Big]

    (Kumar, Liang & Ma 2019). It may be negative. A bin of one example has no estimate of its noise
    and is left out.

    Returns:
        [...].
    """
    usable = diagram.count > 1
    share = diagram.count / diagram.count.sum(axis=-1, keepdims=True)
    a = np.where(usable, diagram.accuracy, 0.0)
    gap = np.where(usable, diagram.accuracy - diagram.confidence, 0.0)
    noise = a * (1 - a) / np.maximum(diagram.count - 1, 1)
    return np.asarray((share * (gap**2 - noise)).sum(axis=-1))


def _per_bin(index: NDArray[np.int64], values: Scores, bins: int) -> Scores:
    """Sum ``values`` by bin along the last axis, all leading axes in one pass."""
    rows = int(np.prod(index.shape[:-1]))
    offset = (np.arange(rows) * bins)[:, None]
    flat = (index.reshape(rows, -1) + offset).ravel()
    sums = np.bincount(flat, weights=values.ravel(), minlength=rows * bins)
    return np.asarray(sums, dtype=np.float64).reshape(*index.shape[:-1], bins)
