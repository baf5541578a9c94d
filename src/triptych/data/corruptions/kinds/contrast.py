"""Contrast: towards the image's own mean, per channel."""

import numpy as np

from triptych.data.corruptions.base import Corruption, Pixels
from triptych.data.corruptions.draws import Draws


def _apply(x: Pixels, factor: float, draws: Draws) -> Pixels:
    # Summed as whole levels, which is exact: a sum of fractions would round differently in batches
    # of other shapes.
    pixels = x.shape[1] * x.shape[2]
    mean = np.rint(x * 255.0).sum(axis=(1, 2), keepdims=True) / (255.0 * pixels)
    return np.asarray((x - mean) * factor + mean)


# Share of the contrast that is left (Hendrycks & Dietterich 2019).
_IMAGENET_C = (0.4, 0.3, 0.2, 0.1, 0.05)
CORRUPTION = Corruption(
    _apply,
    {
        "small": _IMAGENET_C,
        "cifar_c": (0.75, 0.5, 0.4, 0.3, 0.15),
        "imagenet_c": _IMAGENET_C,
    },
)
