"""Rotation about the centre, to either side."""

import math

import numpy as np

from triptych.data.corruptions.base import Corruption, Pixels
from triptych.data.corruptions.draws import Draws
from triptych.data.corruptions.sampling import resample


def _apply(x: Pixels, angle: float, draws: Draws) -> Pixels:
    cosine, sine = math.cos(angle), math.sin(angle)
    sign = draws.signs(1)[:, 0]
    source = np.empty((len(x), 2, 2))
    source[:, 0, 0] = source[:, 1, 1] = cosine
    source[:, 0, 1] = -sign * sine
    source[:, 1, 0] = sign * sine
    return resample(x, source)


# Radians, of random sign (MNIST-C, Mu & Gilmer 2019). Not a kind of ImageNet-C or CIFAR-10-C.
CORRUPTION = Corruption(_apply, {"small": (0.2, 0.4, 0.6, 0.8, 1.0)})
