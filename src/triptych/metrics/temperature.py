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
        bounded: Whether the likelihood rises beyond the bounds of the search, so that no optimum
            was found: T is then 1 (below them) or the upper bound (above).
    """

    value: float
    bounded: bool

    @property
    def note(self) -> str:
        """What a number at this temperature means nothing without; empty where T is an optimum."""
        if not self.bounded:
            return ""
        undetermined = "the validation part does not determine it: T = 1"
        return undetermined if self == UNDETERMINED else "on the upper bound of the search"


NEUTRAL = Temperature(1.0, False)
UNDETERMINED = Temperature(1.0, True)


def fit_temperature(
    logits: Floats, labels: Labels, bounds: tuple[float, float] = BOUNDS
) -> Temperature:
    r"""The temperature of least negative log-likelihood (Guo et al. 2017).

    With β = 1/T the likelihood is convex in β, and its derivative

    .. math:: \frac{d}{dβ} \mathrm{NLL} = E\big[\textstyle\sum_k p_k z_k\big] - E[z_y]

    rises through its only root, which bisection finds without step sizes that could diverge or
    temperatures that could turn negative. Where no held-out example is classified wrongly there is
    no root: the likelihood rises as T → 0, whatever the test part is like. That is no estimate, and
    T = 1 leaves the probabilities as they are.

    Args:
        logits: [N, K] of held-out examples, never of test examples; the log-probabilities of a
            pooled prediction serve as well.
        labels: [N].
        bounds: Smallest and largest temperature.

    Returns:
        The optimum; beyond the smallest temperature T = 1, beyond the largest that one, both
        ``bounded``.
    """
    z = logits.astype(np.float64)
    # Against the right class: where every other one is below it, rounding cannot make a root.
    ahead = z - z[np.arange(len(labels)), labels, None]

    def slope(beta: float) -> float:
        return float((np.exp(log_softmax(beta * ahead)) * ahead).sum(axis=-1).mean())

    low, high = 1 / bounds[1], 1 / bounds[0]
    if slope(low) >= 0:
        return Temperature(bounds[1], True)
    if slope(high) <= 0:
        return UNDETERMINED
    return Temperature(1 / float(optimize.brentq(slope, low, high, xtol=1e-12)), False)
