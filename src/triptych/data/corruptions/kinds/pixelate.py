"""Pixelate: shrink by a box filter, then enlarge again."""

import math

import numpy as np

from triptych.data.corruptions.base import Corruption, Pixels
from triptych.data.corruptions.draws import Draws


def _apply(x: Pixels, factor: float, draws: Draws) -> Pixels:
    height, width = x.shape[1:3]
    small = _resize(_resize(x, int(height * factor), 1), int(width * factor), 2)
    return _resize(_resize(small, height, 1), width, 2)


def _resize(x: Pixels, size: int, axis: int) -> Pixels:
    """Box filter as Pillow defines it: every new pixel is the mean of the old centres it covers.

    (An area-weighted mean would share the pixels at the borders; the published sets were made with
    Pillow.)
    """
    length = x.shape[axis]
    step = length / size
    reach = max(step, 1.0) / 2
    columns = []
    for index in range(size):
        centre = (index + 0.5) * step
        first, last = math.floor(centre - reach + 0.5), math.floor(centre + reach + 0.5)
        covered = range(max(first, 0), min(last, length))
        # A centre on the upper border belongs to the next box.
        inside = [j for j in covered if -reach < j + 0.5 - centre <= reach] or [covered[0]]
        total = 0.0 + _line(x, inside[0], axis)
        for j in inside[1:]:
            total += _line(x, j, axis)
        columns.append(total / len(inside))
    return np.stack(columns, axis=axis)


def _line(x: Pixels, j: int, axis: int) -> Pixels:
    return x[:, j] if axis == 1 else x[:, :, j]


# Side length that is left (Hendrycks & Dietterich 2019). An 8×8 image has few whole side lengths:
# "small" goes through 7, 5, 4, 3 and 2 pixels (6 are further from
# the original than 5).
CORRUPTION = Corruption(
    _apply,
    {
        "small": (0.875, 0.625, 0.5, 0.375, 0.25),
        "cifar_c": (0.95, 0.9, 0.85, 0.75, 0.65),
        "imagenet_c": (0.6, 0.5, 0.4, 0.3, 0.25),
    },
)
