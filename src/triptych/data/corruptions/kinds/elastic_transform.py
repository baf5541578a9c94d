"""Elastic: a random affine map and a smooth random displacement of every pixel."""

from functools import cache

import numpy as np

from triptych.data.corruptions.base import Corruption, Pixels
from triptych.data.corruptions.draws import Draws
from triptych.data.corruptions.filters import gaussian_kernel


def _apply(x: Pixels, constant: tuple[float, float, float], draws: Draws) -> Pixels:
    height, width = x.shape[1:3]
    side = min(height, width)
    amplitude, sigma, jitter = (value * side for value in constant)
    row, column = (axis[None] for axis in np.indices((height, width), dtype=np.float64))
    corners = jitter * (2.0 * draws.uniform((3, 2)) - 1.0)
    if amplitude:
        fields = 2.0 * draws.uniform((2, height, width)) - 1.0
        down, right = _smooth(height, sigma), _smooth(width, sigma).T
        # One small product per image: nothing of an image depends on the others.
        moved = amplitude * np.matmul(np.matmul(down, fields), right)
        row, column = row + moved[:, 0], column + moved[:, 1]
    shift = _affine(corners, row - height // 2, column - width // 2, side // 3)
    return _read(x, row + shift[0], column + shift[1])


def _affine(jitter: Pixels, row: Pixels, column: Pixels, size: int) -> tuple[Pixels, Pixels]:
    """The affine displacement that moves three corners of a square about the centre.

    Args:
        jitter: Of the corners (+, +), (+, −) and (−, −), [N, 3, 2].
        row: From the centre, [., H, W].
        column: From the centre.
        size: Half the side of the square.
    """
    a, b, c = (jitter[:, k, :, None, None] for k in range(3))
    u, v = (row - size) / (2 * size), (column + size) / (2 * size)
    first, second = (b[:, k] + v * (a - b)[:, k] + u * (b - c)[:, k] for k in (0, 1))
    return np.asarray(first), np.asarray(second)


def _read(x: Pixels, row: Pixels, column: Pixels) -> Pixels:
    """Bilinear samples; the image is mirrored at its border."""
    n, height, width, channels = x.shape
    row, column = np.broadcast_to(row, x.shape[:3]), np.broadcast_to(column, x.shape[:3])
    top, down = _split(row, height)
    left, right = _split(column, width)
    pixels = x.reshape(n * height * width, channels)
    start = np.arange(n)[:, None, None] * (height * width)
    below = start + np.minimum(top + 1, height - 1) * width
    above = start + top * width
    beside = np.minimum(left + 1, width - 1)
    upper, lower = (
        pixels[line + left] * (1 - right) + pixels[line + beside] * right for line in (above, below)
    )
    return np.asarray(upper * (1 - down) + lower * down)


def _split(
    position: Pixels, length: int
) -> tuple["np.ndarray[tuple[int, ...], np.dtype[np.int64]]", Pixels]:
    """Whole pixel, and share of the next one [..., 1], of positions mirrored into the image."""
    folded = np.abs((position + 0.5) % (2 * length) - length)  # length at 0, 0 at the far border
    inside = np.clip(length - folded - 0.5, 0, length - 1)
    whole = inside.astype(np.int64)
    return whole, (inside - whole)[..., None]


@cache
def _smooth(length: int, sigma: float) -> Pixels:
    """Gaussian blur of a mirrored signal as a matrix, cut off at 3 σ: [length, length]."""
    weights = gaussian_kernel(sigma, truncate=3.0)
    radius = len(weights) // 2
    matrix = np.zeros((length, length))
    for i in range(length):
        for k, w in enumerate(weights):
            j = (i + k - radius) % (2 * length)
            matrix[i, j if j < length else 2 * length - 1 - j] += w
    return matrix


# Amplitude and σ of the displacement and jitter of the corners, in sides of the image (Hendrycks &
# Dietterich 2019). They scaled by 244 where the images have 224 pixels and read the image once per
# map; here the side is the image's own, and the two maps are composed and read once.
CORRUPTION = Corruption(
    _apply,
    {
        "small": tuple((0.1 * k, 0.1, 0.02) for k in (1, 2, 3, 4, 5)),
        "cifar_c": (
            (0.0, 0.0, 0.08), (0.05, 0.2, 0.07), (0.08, 0.06, 0.06), (0.1, 0.04, 0.05),
            (0.1, 0.03, 0.03),
        ),
        "imagenet_c": (
            (2.0, 0.7, 0.1), (2.0, 0.08, 0.2), (0.05, 0.01, 0.02), (0.07, 0.01, 0.02),
            (0.12, 0.01, 0.02),
        ),
    },
    scales={
        "cifar_c": ((1,), (2,), (3,), (4,), (5,)),  # what the corners lose the fields gain
        "imagenet_c": ((1, 2), (3, 4, 5)),
    },
)  # fmt: skip
