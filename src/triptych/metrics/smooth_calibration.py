"""Calibration error without bins: residuals smoothed by a kernel whose width the data choose."""

import numpy as np
from numpy.typing import NDArray
from scipy import fft

GRID = 1024  # cells of the unit interval: an error well below 1 / GRID is not resolved
STEPS = 20  # bisections: the width is known to 2^-20


def smooth_calibration_error(confidence: NDArray[np.floating], correct: NDArray[np.bool_]) -> float:
    r"""smECE (Błasiok & Nakkiran 2024), a second opinion beside the binned ECE.

    .. math:: \mathrm{smECE}_σ = \int_0^1 \Big| \frac1N \sum_i K_σ(t, c_i) (y_i - c_i) \Big| dt,
              \qquad \mathrm{smECE} = σ^* \text{ with } \mathrm{smECE}_{σ^*} = σ^*

    K is the Gaussian kernel reflected at 0 and 1, so that no mass leaves the interval. smECE_σ
    falls as σ grows (smoothing only cancels residuals), hence there is one fixed point; it does not
    jump as a confidence crosses the edge of a bin.

    The reflected kernel is the heat kernel with insulated ends: in the basis cos(kπt) it multiplies
    coefficient k by exp(−k²π²σ²/2), so that one cosine transform serves all widths.

    Args:
        confidence: [N] in [0, 1].
        correct: [N].

    Returns:
        Between |mean(correct) − mean(confidence)| and 1.

    Example:
        >>> correct = np.array([True, False, True, False])
        >>> round(smooth_calibration_error(np.full(4, 0.75), correct), 6)
        0.25
    """
    coefficients = fft.dct(_spread(confidence, correct), type=1)
    waves = np.arange(GRID + 1) * np.pi

    def error(width: float) -> float:
        damped = coefficients * np.exp(-((waves * width) ** 2) / 2)
        # The type-1 transform is its own inverse up to 2·GRID; it returns residuals per grid point.
        residual = np.abs(fft.dct(damped, type=1)) / (2 * GRID)
        return float(residual.sum() - (residual[0] + residual[-1]) / 2)

    low, high = 0.0, 1.0
    for _ in range(STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if error(middle) > middle else (low, middle)
    return high


def _spread(confidence: NDArray[np.floating], correct: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Residuals on the grid, each shared by its two neighbours in proportion; their sum is kept.

    The end points stand for half a cell, hence the doubling that the trapezoid rule undoes.
    """
    c = np.asarray(confidence, dtype=np.float64)
    if not ((c >= 0) & (c <= 1)).all():
        raise ValueError("confidences: expected numbers between 0 and 1")
    residual = (np.asarray(correct, dtype=np.float64) - c) / len(c)
    place = c * GRID
    below = np.minimum(place.astype(np.int64), GRID - 1)
    share = place - below
    mass = np.bincount(below, residual * (1 - share), minlength=GRID + 1)
    mass += np.bincount(below + 1, residual * share, minlength=GRID + 1)
    mass[[0, -1]] *= 2
    return np.asarray(mass, dtype=np.float64)
