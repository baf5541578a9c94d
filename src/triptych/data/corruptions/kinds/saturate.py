"""Saturation: S of HSV, scaled and shifted. A validation kind of ImageNet-C."""

import numpy as np

from triptych.data.corruptions.base import Corruption, Pixels
from triptych.data.corruptions.draws import Draws


def _apply(x: Pixels, constant: tuple[float, float], draws: Draws) -> Pixels:
    # HSV with V = max and S = (max − min)/max: pixels move along the line from V, which keeps hue
    # and value. Grey has no hue and stays grey (by the published code it turns red).
    scale, offset = constant
    value = x.max(axis=3, keepdims=True)
    chroma = value - x.min(axis=3, keepdims=True)
    grey = chroma == 0
    saturation = np.where(grey, 0.0, chroma / np.where(value == 0, 1.0, value))
    wanted = np.clip(scale * saturation + offset, 0.0, 1.0)
    ratio = np.where(grey, 1.0, wanted / np.where(grey, 1.0, saturation))
    return np.asarray(value - (value - x) * ratio)


# Factor and offset (Hendrycks & Dietterich 2019). Severities 1 and 2 take colour away, 3 to 5 add
# it: two scales, each of which must rise.
CORRUPTION = Corruption(
    _apply,
    {
        "cifar_c": ((0.3, 0.0), (0.1, 0.0), (1.5, 0.0), (2.0, 0.1), (2.5, 0.2)),
        "imagenet_c": ((0.3, 0.0), (0.1, 0.0), (2.0, 0.0), (5.0, 0.1), (20.0, 0.2)),
    },
    validation_in=frozenset({"cifar_c", "imagenet_c"}),
    colour=True,
    scales={"cifar_c": ((1, 2), (3, 4, 5)), "imagenet_c": ((1, 2), (3, 4, 5))},
)
