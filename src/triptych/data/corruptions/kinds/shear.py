"""Horizontal shear about the centre, to either side."""

import numpy as np

from triptych.data.corruptions.base import Corruption, Pixels
from triptych.data.corruptions.draws import Draws
from triptych.data.corruptions.sampling import resample


def _apply(x: Pixels, slope: float, draws: Draws) -> Pixels:
    source = np.tile(np.eye(2), (len(x), 1, 1))
    source[:, 1, 0] = slope * draws.signs(1)[:, 0]
    return resample(x, source)


# Columns per row, of random sign (the values of MNIST-C, Mu & Gilmer 2019). Not a kind of
# ImageNet-C or CIFAR-10-C.
CORRUPTION = Corruption(_apply, {"small": (0.2, 0.4, 0.6, 0.8, 1.0)})
