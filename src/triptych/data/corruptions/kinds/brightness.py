"""Brightness: V of HSV plus a constant, hue and saturation kept."""

import numpy as np

from triptych.data.corruptions.base import Corruption, Pixels
from triptych.data.corruptions.draws import Draws


def _apply(x: Pixels, amount: float, draws: Draws) -> Pixels:
    # HSV with V = max(R, G, B): scaling all channels by V'/V leaves H and S alone; black has no
    # hue and becomes grey.
    value = x.max(axis=3, keepdims=True)
    brighter = np.clip(value + amount, 0.0, 1.0)
    black = value == 0
    return np.asarray(np.where(black, brighter, x * (brighter / np.where(black, 1.0, value))))


# Added fraction of white (Hendrycks & Dietterich 2019); independent of the size of the image.
_IMAGENET_C = (0.1, 0.2, 0.3, 0.4, 0.5)
CORRUPTION = Corruption(
    _apply,
    {
        "small": _IMAGENET_C,
        "cifar_c": (0.05, 0.10, 0.15, 0.20, 0.30),
        "imagenet_c": _IMAGENET_C,
    },
)
