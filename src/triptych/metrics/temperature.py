"""Temperature scaling: one number fitted on held-out logits."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from triptych.metrics.probabilities import Floats, log_softmax

Labels = NDArray[np.int64]
BOUNDS = (0.05, 20.0)


@dataclass(frozen=True)
class Temperature:
    """A fitted temperature.

    Attributes:
        value: T > 0; probabilities are softmax(z / T).
        bounded: Whether it lies on a bound because the likelihood rises beyond it (as on a
            validation set that is separated perfectly, where T would go to 0).
    """

    value: float
    bounded: bool


NEUTRAL = Temperature(1.0, False)


def fit_temperature(
    logits: Floats, labels: Labels, bounds: tuple[float, float] = BOUNDS
) -> Temperature:
    r"""The temperature of least negative log-likelihood (Guo et al. 2017).

    With β = 1/T the likelihood is convex in β, and its derivative

    .. math:: \frac{d}{dβ} \mathrm{NLL} = E\big[\textstyle\sum_k p_k z_k\big] - E[z_y]

    rises through its only root, which bisection finds without step sizes that could diverge or
    temperatures that could turn negative.

    Args:
        logits: [N, K] of held-out examples, never of test examples; the log-probabilities of a
            pooled prediction serve as well.
        labels: [N].
        bounds: Smallest and largest temperature.
    """
    z = logits.astype(np.float64)
    right = z[np.arange(len(labels)), labels]

    def slope(beta: float) -> float:
        expected = (np.exp(log_softmax(beta * z)) * z).sum(axis=-1)
        return float((expected - right).mean())

    low, high = 1 / bounds[1], 1 / bounds[0]
    if slope(low) >= 0:
        return Temperature(bounds[1], True)
    if slope(high) <= 0:
        return Temperature(bounds[0], True)
    return Temperature(1 / float(optimize.brentq(slope, low, high, xtol=1e-12)), False)
