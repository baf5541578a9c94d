"""Gaussian blur. A validation kind of ImageNet-C; the one blur that is left at 8×8."""

import math

import numpy as np

from triptych.data.corruptions.base import Corruption, Pixels
from triptych.data.corruptions.draws import Draws


def _apply(x: Pixels, sigma: float, draws: Draws) -> Pixels:
    weights = _kernel(sigma)
    return _along(_along(x, weights, 1), weights, 2)


def _kernel(sigma: float) -> list[float]:
    radius = int(4 * sigma + 0.5)
    weights = [math.exp(-0.5 * (k / sigma) ** 2) for k in range(-radius, radius + 1)]
    total = math.fsum(weights)
    return [w / total for w in weights]


def _along(x: Pixels, weights: list[float], axis: int) -> Pixels:
    """One separable pass with repeated edge pixels, so that a constant image stays constant."""
    radius, length = len(weights) // 2, x.shape[axis]
    padding = [(radius, radius) if a == axis else (0, 0) for a in range(4)]
    padded = np.pad(x, padding, mode="edge")
    # Summed tap by tap: a matrix product's rounding may depend on the size of the batch.
    y = np.zeros_like(x)
    for k, w in enumerate(weights):
        y += w * np.take(padded, range(k, k + length), axis=axis)
    return y


# σ in pixels (Hendrycks & Dietterich 2019). Scaled to 8×8 the published lengths are below a quarter
# of a pixel and blur nothing, so "small" has its own list; and as the defocus, glass, motion and
# zoom blurs mean nothing at that size, it counts this one as a test kind.
CORRUPTION = Corruption(
    _apply,
    {
        "small": (0.4, 0.5, 0.6, 0.8, 1.0),
        "cifar_c": (0.4, 0.6, 0.7, 0.8, 1.0),
        "imagenet_c": (1.0, 2.0, 3.0, 4.0, 6.0),
    },
    validation_in=frozenset({"cifar_c", "imagenet_c"}),
)
