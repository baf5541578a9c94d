"""Defocus: a point becomes a disk, its rim softened against aliasing."""

import math

import numpy as np

from triptych.data.corruptions.base import Corruption, Pixels
from triptych.data.corruptions.draws import Draws
from triptych.data.corruptions.filters import along


def _apply(x: Pixels, constant: tuple[float, float], draws: Draws) -> Pixels:
    radius, sigma = constant
    reach = 1 if radius <= 8 else 2
    taps = [math.exp(-0.5 * (k / sigma) ** 2) for k in range(-reach, reach + 1)]
    rim = [tap / math.fsum(taps) for tap in taps]
    return along(along(_disk(x, radius), rim, 1, "reflect"), rim, 2, "reflect")


def _disk(x: Pixels, radius: float) -> Pixels:
    """Mean over the disk around every pixel, the image mirrored about its edge pixels.

    A disk is a stack of runs, and a run a difference of two running sums: exact in whole levels.
    (The published kernel for radius 10 sums to 1.0108, because its rim is blurred within a frame
    that is too small; this one sums to 1.)
    """
    r = int(radius)
    if r == 0:
        return x
    height, width = x.shape[1:3]
    levels = np.rint(x * 255.0).astype(np.int32)
    frame = ((0, 0), (r, r), (r + 1, r), (0, 0))
    sums = np.pad(levels, frame, mode="reflect").cumsum(axis=2, dtype=np.int32)
    total = np.zeros(x.shape, np.int32)
    count = 0
    for down in range(-r, r + 1):
        half = math.isqrt(int(radius**2 - down**2))
        rows = sums[:, r + down : r + down + height]
        total += rows[:, :, r + half + 1 : r + half + 1 + width]
        total -= rows[:, :, r - half : r - half + width]
        count += 2 * half + 1
    return np.asarray(total / (255.0 * count))


# Radius and σ of the rim, pixels (Hendrycks & Dietterich 2019). A radius below 1 leaves the rim
# alone. At 8×8 the lengths are our own.
CORRUPTION = Corruption(
    _apply,
    {
        "small": ((0.5, 0.35), (0.5, 0.5), (1.0, 0.2), (1.0, 0.7), (1.5, 0.5)),
        "cifar_c": ((0.3, 0.4), (0.4, 0.5), (0.5, 0.6), (1.0, 0.2), (1.5, 0.1)),
        "imagenet_c": ((3, 0.1), (4, 0.5), (6, 0.5), (8, 0.5), (10, 0.5)),
    },
)
