"""Fog: a cloud with the spectrum of turbulence (diamond-square), under constant light."""

import numpy as np

from triptych.data.corruptions.base import Corruption, Pixels
from triptych.data.corruptions.draws import Draws


def _apply(x: Pixels, constant: tuple[float, float], draws: Draws) -> Pixels:
    density, decay = constant
    height, width = x.shape[1:3]
    side = 1 << (max(height, width) - 1).bit_length()
    cloud = clouds(draws.uniform((side * side - 1,)), side, decay)[:, :height, :width, None]
    brightest = x.max(axis=(1, 2, 3), keepdims=True)
    return np.asarray((x + density * cloud) * (brightest / (brightest + density)))


def clouds(uniform: Pixels, side: int, decay: float) -> Pixels:
    """Height maps by the diamond-square algorithm on a torus, scaled to 0 … 1.

    The midpoints of squares, then those of their edges, are the mean of their four neighbours plus
    noise, whose size falls by decay² with every halving (the published code multiplies its wibble
    by a draw from ± wibble).

    Args:
        uniform: Draws in [0, 1), [N, side² − 1].
        side: A power of two; the published maps are the smallest that cover the image, too.
        decay: Larger is smoother.

    Returns:
        [N, side, side].
    """
    n = len(uniform)
    grid = np.zeros((n, side, side))
    used, step, size = 0, side, 1.0
    while step > 1:
        half = step // 2
        corners = grid[:, ::step, ::step]
        count = corners.shape[1] ** 2

        def noise(block: int, count: int = count, used: int = used, size: float = size) -> Pixels:
            drawn = uniform[:, used + block * count : used + (block + 1) * count]
            return size * (2.0 * drawn.reshape(n, round(count**0.5), -1) - 1.0)

        across = corners + np.roll(corners, -1, axis=2)
        down = corners + np.roll(corners, -1, axis=1)
        centres = (across + np.roll(across, -1, axis=1)) / 4 + noise(0)
        grid[:, half::step, half::step] = centres
        above = centres + np.roll(centres, 1, axis=1)
        before = centres + np.roll(centres, 1, axis=2)
        grid[:, ::step, half::step] = (across + above) / 4 + noise(1)
        grid[:, half::step, ::step] = (down + before) / 4 + noise(2)
        used, step, size = used + 3 * count, half, size / decay**2
    lowest = grid.min(axis=(1, 2), keepdims=True)
    grid -= lowest
    highest = grid.max(axis=(1, 2), keepdims=True)
    return np.asarray(grid / np.where(highest > 0, highest, 1.0))


# Density and decay (Hendrycks & Dietterich 2019).
_CIFAR_C = ((0.2, 3.0), (0.5, 3.0), (0.75, 2.5), (1.0, 2.0), (1.5, 1.75))
CORRUPTION = Corruption(
    _apply,
    {
        "small": _CIFAR_C,
        "cifar_c": _CIFAR_C,
        "imagenet_c": ((1.5, 2.0), (2.0, 2.0), (2.5, 1.7), (2.5, 1.5), (3.0, 1.4)),
    },
)
