"""Impulse noise: salt and pepper, per pixel and channel."""

import numpy as np

from triptych.data.corruptions.base import Corruption, Pixels
from triptych.data.corruptions.draws import Draws


def _apply(x: Pixels, share: float, draws: Draws) -> Pixels:
    u = draws.uniform(x.shape[1:])
    return np.where(u < share / 2, 0.0, np.where(u < share, 1.0, x))


# Share of values replaced, half of them by black (Hendrycks & Dietterich 2019).
_IMAGENET_C = (0.03, 0.06, 0.09, 0.17, 0.27)
CORRUPTION = Corruption(
    _apply,
    {
        "small": _IMAGENET_C,
        "cifar_c": (0.01, 0.02, 0.03, 0.05, 0.07),
        "imagenet_c": _IMAGENET_C,
    },
)
