"""Spatter: drops of water, or mud. A validation kind of ImageNet-C."""

import numpy as np

from triptych.data.corruptions.base import Corruption, Pixels
from triptych.data.corruptions.draws import Draws
from triptych.data.corruptions.filters import gaussian, luma

TURQUOISE = np.array([175, 238, 238]) / 255.0
MUD = np.array([63, 42, 20]) / 255.0
DEEPEST = 20.0  # pixels from a drop's rim beyond which it is flat
RELIEF = ((-2, -1, 0), (-1, 1, 1), (0, 1, 2))  # light from one side

Constant = tuple[float, float, float, float, float, int]


def _apply(x: Pixels, constant: Constant, draws: Draws) -> Pixels:
    mean, deviation, sigma, threshold, strength, mud = constant
    liquid = gaussian(mean + deviation * draws.normal((*x.shape[1:3], 1)), sigma)
    if mud:
        cover = gaussian((liquid > threshold).astype(np.float64), strength)
        cover = np.where(cover < 0.8, 0.0, cover)
        return x * (1 - cover) + cover * _colour(MUD, x)
    drops = np.where(liquid < threshold, 0.0, liquid)
    return x + strength * _lit(drops) * _colour(TURQUOISE, x)


def _lit(drops: Pixels) -> Pixels:
    """How much light drops send on, the brightest point of an image at 1.

    Their thickness times a relief: the distance from the rim, smoothed, lit from one side, smoothed
    again. (Defined anew; the published code finds rims by Canny's edges and divides 0 by 0 on
    images without a drop.)
    """
    from scipy import ndimage  # here, so that parameters are checked without it

    depth = np.stack([ndimage.distance_transform_edt(drop[..., 0] > 0) for drop in drops])
    smooth = _box(np.minimum(depth, DEEPEST)[..., None])
    padded = np.pad(smooth, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="edge")
    height, width = drops.shape[1:3]
    relief = np.zeros_like(drops)
    for i, line in enumerate(RELIEF):
        for j, weight in enumerate(line):
            relief += weight * padded[:, i : i + height, j : j + width]
    light = drops * _box(np.maximum(relief, 0.0))
    brightest = light.max(axis=(1, 2, 3), keepdims=True)
    return np.asarray(light / np.where(brightest > 0, brightest, 1.0))


def _box(x: Pixels) -> Pixels:
    """Mean of 3×3 pixels."""
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="edge")
    rows = padded[:, :-2] + padded[:, 1:-1] + padded[:, 2:]
    return np.asarray((rows[:, :, :-2] + rows[:, :, 1:-1] + rows[:, :, 2:]) / 9.0)


def _colour(rgb: Pixels, x: Pixels) -> Pixels:
    """The colour, or its grey for images with one channel."""
    colour = rgb[None, None, None]
    return colour if x.shape[3] == 3 else luma(colour)


# Mean and deviation of the liquid, σ of its smoothing, threshold; strength of the water, or σ of
# the mud's rim; whether it is mud (Hendrycks & Dietterich 2019).
CORRUPTION = Corruption(
    _apply,
    {
        "small": (
            (0.62, 0.1, 0.7, 0.7, 0.5, 0), (0.65, 0.1, 0.5, 0.7, 0.5, 0),
            (0.65, 0.3, 0.6, 0.69, 0.5, 0), (0.65, 0.1, 0.5, 0.69, 0.3, 1),
            (0.65, 0.1, 0.3, 0.68, 0.3, 1),
        ),
        "cifar_c": (
            (0.62, 0.1, 0.7, 0.7, 0.5, 0), (0.65, 0.1, 0.8, 0.7, 0.5, 0),
            (0.65, 0.3, 1.0, 0.69, 0.5, 0), (0.65, 0.1, 0.7, 0.69, 0.6, 1),
            (0.65, 0.1, 0.5, 0.68, 0.6, 1),
        ),
        "imagenet_c": (
            (0.65, 0.3, 4.0, 0.69, 0.6, 0), (0.65, 0.3, 3.0, 0.68, 0.6, 0),
            (0.65, 0.3, 2.0, 0.68, 0.5, 0), (0.65, 0.3, 1.0, 0.65, 1.5, 1),
            (0.67, 0.4, 1.0, 0.65, 1.5, 1),
        ),
    },
    validation_in=frozenset({"small", "cifar_c", "imagenet_c"}),
    scales={"cifar_c": ((1, 2, 3), (4, 5)), "imagenet_c": ((1, 2), (3,), (4, 5))},  # water, mud
)  # fmt: skip
