"""Scores of predicted distributions of a real number: likelihood, CRPS, pinball, coverage, PIT.

Every function keeps leading axes and averages over the examples, the last axis, alone.
"""

import math

import numpy as np
from numpy.typing import NDArray
from scipy import special

from triptych.metrics.probabilities import Floats, Scores

Levels = NDArray[np.float64]
_LOG_TWO_PI = math.log(2.0 * math.pi)


def mixture_moments(means: Floats, variances: Floats) -> tuple[Scores, Scores]:
    r"""Mean and variance of an equal mixture, by the law of total variance.

    .. math:: \bar μ = \tfrac1M \sum_m μ_m, \qquad
              σ^2 = \tfrac1M \sum_m σ_m^2 + \tfrac1M \sum_m (μ_m - \bar μ)^2

    (Lakshminarayanan, Pritzel & Blundell 2017.) The first term is what every member holds for
    noise, the second what they disagree about: 0 for copies.

    Args:
        means: [M, ..., N].
        variances: The same shape, positive.

    Returns:
        Mean and variance, each [..., N].

    Example:
        >>> [v.tolist() for v in mixture_moments(np.array([[-1.0], [1.0]]), np.ones((2, 1)))]
        [[0.0], [2.0]]
    """
    m, v = means.astype(np.float64), variances.astype(np.float64)
    return m.mean(axis=0), v.mean(axis=0) + m.var(axis=0)


def gaussian_nll(mean: Floats, variance: Floats, y: Floats) -> Scores:
    r"""Mean negative log-density in nats, every constant included: [..., N] thrice -> [...].

    .. math:: \tfrac12 \log(2π σ^2) + \frac{(y - μ)^2}{2σ^2}

    Example:
        >>> float(gaussian_nll(np.zeros(1), np.ones(1), np.zeros(1)).round(6))
        0.918939
    """
    v = variance.astype(np.float64)
    squared = (np.asarray(y, np.float64) - mean) ** 2
    return np.asarray((0.5 * (_LOG_TWO_PI + np.log(v) + squared / v)).mean(axis=-1))


def gaussian_crps(mean: Floats, variance: Floats, y: Floats) -> Scores:
    r"""Mean continuous ranked probability score of normal predictions, in the unit of ``y``.

    .. math:: \int (F(t) - [y \le t])^2 dt
              = σ \big[z (2Φ(z) - 1) + 2φ(z) - 1/\sqrt π\big], \qquad z = (y - μ)/σ

    (Gneiting & Raftery 2007.)

    Example:
        >>> float(gaussian_crps(np.zeros(1), np.ones(1), np.zeros(1)).round(4))
        0.2337
    """
    scale = np.sqrt(variance.astype(np.float64))
    z = (np.asarray(y, np.float64) - mean) / scale
    density = np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
    score = scale * (z * (2 * special.ndtr(z) - 1) + 2 * density - 1 / math.sqrt(math.pi))
    return np.asarray(score.mean(axis=-1))


def gaussian_quantiles(mean: Floats, variance: Floats, levels: Levels) -> Scores:
    """Quantiles of normal distributions: [..., N] twice and [Q] -> [..., N, Q]."""
    scale = np.sqrt(variance.astype(np.float64))
    return np.asarray(mean[..., None] + scale[..., None] * special.ndtri(levels))


def pinball(quantiles: Floats, levels: Levels, y: Floats) -> Scores:
    r"""Mean pinball loss over examples and levels, the proper score of quantiles.

    .. math:: ρ_τ(y - q) = \max\big(τ (y - q),\ (τ - 1)(y - q)\big)

    (Koenker & Bassett 1978.) Twice its integral over all τ is the CRPS.

    Args:
        quantiles: [..., N, Q].
        levels: τ of the last axis, [Q].
        y: [N].

    Example:
        >>> float(pinball(np.array([[0.0]]), np.array([0.9]), np.array([1.0])))
        0.9
    """
    gap = np.asarray(y, np.float64)[..., None] - quantiles
    return np.asarray(np.maximum(levels * gap, (levels - 1) * gap).mean(axis=(-2, -1)))


def coverage(lower: Floats, upper: Floats, y: Floats) -> Scores:
    """Share of targets in the closed interval: [..., N] thrice -> [...]."""
    return np.asarray(((lower <= y) & (y <= upper)).mean(axis=-1))


def coverage_floor(nominal: float, n: int) -> float:
    r"""How far from ``nominal`` the coverage of perfect intervals is expected to be.

    .. math:: \sqrt{\frac2π \frac{p(1-p)}{n}}

    the mean absolute value of the normal approximation to a binomial share of ``n`` targets.

    Example:
        >>> round(coverage_floor(0.9, 89), 4)
        0.0254
    """
    return math.sqrt(2 / math.pi * nominal * (1 - nominal) / n)


def tails(nominal: float) -> tuple[float, float]:
    """Levels of the two quantiles that bound the central interval of that probability.

    Example:
        >>> [round(level, 3) for level in tails(0.9)]
        [0.05, 0.95]
    """
    return (1 - nominal) / 2, (1 + nominal) / 2


def gaussian_pit(mean: Floats, variance: Floats, y: Floats) -> Scores:
    """F(y) under the prediction, uniform on [0, 1] for a calibrated one: [..., N].

    (Dawid 1984.)
    """
    z = (np.asarray(y, np.float64) - mean) / np.sqrt(variance.astype(np.float64))
    return np.asarray(special.ndtr(z))


def quantile_pit(quantiles: Floats, levels: Levels, y: Floats) -> Scores:
    """F(y) read off quantiles, linear between them: [N, Q], [Q], [N] -> [N].

    Beyond the outermost quantiles a distribution known by its quantiles alone has no tails; y there
    gets half of the probability that lies beyond.
    """
    found = [
        np.interp(value, row, levels, left=levels[0] / 2, right=(1 + levels[-1]) / 2)
        for row, value in zip(quantiles.astype(np.float64), y, strict=True)
    ]
    return np.asarray(found, dtype=np.float64)


def gaussian_divergence(
    mean: Floats, variance: Floats, true_mean: Floats, true_variance: Floats
) -> Scores:
    r"""Mean KL(truth ‖ prediction) of normal laws in nats: the NLL in excess of the best possible.

    .. math:: \tfrac12 \Big(\log\frac{σ^2}{σ_*^2}
              + \frac{σ_*^2 + (μ_* - μ)^2}{σ^2} - 1\Big)
    """
    v, w = variance.astype(np.float64), true_variance.astype(np.float64)
    ratio = (w + (true_mean - mean) ** 2) / v
    return np.asarray((0.5 * (np.log(v / w) + ratio - 1)).mean(axis=-1))


def known_coverage(
    lower: Floats, upper: Floats, true_mean: Floats, true_variance: Floats
) -> Scores:
    """Probability of the interval under a known normal law, [..., N]: coverage without noise."""
    scale = np.sqrt(true_variance.astype(np.float64))
    above = special.ndtr((upper - true_mean) / scale)
    return np.asarray(above - special.ndtr((lower - true_mean) / scale))
