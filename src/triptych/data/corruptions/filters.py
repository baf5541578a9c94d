"""Linear filters that treat every image alike, whatever batch it is in.

Sums run tap by tap: a matrix product over the batch could round differently in batches of other
sizes.
"""

import math
from collections.abc import Sequence
from functools import cache

import numpy as np

from triptych.data.corruptions.base import Pixels

CACHED = 64  # images that are filtered at a time; the result does not depend on it
LUMA = (0.299, 0.587, 0.114)  # of red, green and blue (Rec. 601)


def gaussian_kernel(sigma: float, truncate: float = 4.0) -> list[float]:
    """Weights at −r … r with r = ⌊truncate σ + ½⌋; they sum to 1."""
    radius = int(truncate * sigma + 0.5)
    if radius == 0:
        return [1.0]
    weights = [math.exp(-0.5 * (k / sigma) ** 2) for k in range(-radius, radius + 1)]
    total = math.fsum(weights)
    return [w / total for w in weights]


def along(x: Pixels, weights: Sequence[float], axis: int, mode: str = "edge") -> Pixels:
    """One separable pass over axis 1 or 2 of [N, H, W, C].

    Args:
        x: Images.
        weights: Of the offsets −r … r.
        axis: 1 for columns, 2 for rows.
        mode: What lies outside, as in ``numpy.pad``: "edge" repeats the last pixel, "reflect"
            mirrors about it.
    """
    radius, length = len(weights) // 2, x.shape[axis]
    padding = [(radius, radius) if a == axis else (0, 0) for a in range(4)]
    padded = np.pad(x, padding, mode=mode)  # type: ignore[call-overload]
    y, term = np.zeros_like(x), np.empty_like(x)
    for k, w in enumerate(weights):
        piece = padded[:, k : k + length] if axis == 1 else padded[:, :, k : k + length]
        y += np.multiply(piece, w, out=term)
    return y


def gaussian(x: Pixels, sigma: float) -> Pixels:
    """Gaussian blur with repeated edge pixels, cut off at 4 σ."""
    weights = gaussian_kernel(sigma)
    y = np.empty_like(x)
    for start in range(0, len(x), CACHED):
        rows = slice(start, start + CACHED)
        y[rows] = along(along(x[rows], weights, 1), weights, 2)
    return y


def motion(x: Pixels, radius: int, sigma: float, degrees: Pixels) -> Pixels:
    """Smear every image along its own direction, to one side, as a moving camera does.

    Pixel p reads Σ_i w_i x[p + round(i u)] with u the direction and w_i ∝ exp(−i²/2σ²) for i = 0 …
    2 radius, the half Gaussian of ImageMagick's motion blur. Positions outside read the nearest
    edge pixel, so that no brightness is lost; taps below 10⁻⁴ of the largest are left out.

    Args:
        x: [N, H, W, C].
        radius: Pixels.
        sigma: Pixels.
        degrees: [N], from the direction of the columns.
    """
    taps = np.exp(-0.5 * (np.arange(2 * radius + 1) / sigma) ** 2)
    taps = taps[taps > 1e-4]
    weights = (taps / math.fsum(taps)).tolist()
    steps = np.arange(len(taps))
    angle = np.deg2rad(degrees)[:, None]
    down = np.rint(steps * np.sin(angle)).astype(np.int64)
    right = np.rint(steps * np.cos(angle)).astype(np.int64)
    height, width = x.shape[1:3]
    down, right = np.clip(down, -height, height), np.clip(right, -width, width)
    y = np.empty_like(x)
    for image, rows, columns, out in zip(x, down, right, y, strict=True):
        top, left = max(0, -rows.min()), max(0, -columns.min())
        frame = ((top, max(0, rows.max())), (left, max(0, columns.max())), (0, 0))
        padded = np.pad(image, frame, mode="edge")
        total = np.zeros_like(image)
        for w, r, c in zip(weights, (rows + top).tolist(), (columns + left).tolist(), strict=True):
            total += w * padded[r : r + height, c : c + width]
        out[...] = total
    return y


def enlarge(x: Pixels, factor: float) -> Pixels:
    """The centre of every image, enlarged bilinearly to the full frame.

    Cut to ⌈L / factor⌉ pixels a side, interpolated to round(⌈L / factor⌉ factor) with corner on
    corner, cut to L: how ImageNet-C zooms.
    """
    return _stretch(_stretch(x, factor, 1), factor, 2)


def _stretch(x: Pixels, factor: float, axis: int) -> Pixels:
    length = x.shape[axis]
    index, weight = _lerp(length, *stretched(length, factor))
    if not weight.any():
        return x
    shape = [1, 1, 1, 1]
    shape[axis] = length
    w = weight.reshape(shape)
    low = np.take(x, index, axis=axis)
    return np.asarray(low + w * (np.take(x, index + (weight > 0), axis=axis) - low))


def stretched(length: int, factor: float) -> tuple[int, int]:
    """Pixels cut out of a side, and how many they become."""
    cut = math.ceil(length / factor)
    return cut, round(cut * factor)


@cache
def _lerp(
    length: int, cut: int, grown: int
) -> tuple["np.ndarray[tuple[int], np.dtype[np.int64]]", Pixels]:
    """Left neighbour and weight of the right one, for every pixel of the result."""
    start = (length - cut) // 2
    position = (np.arange(length) + (grown - length) // 2) * ((cut - 1) / max(grown - 1, 1))
    left = np.floor(position)
    return start + left.astype(np.int64), position - left


def luma(x: Pixels) -> Pixels:
    """Grey [N, H, W, 1] of images with one or three channels."""
    if x.shape[3] == 1:
        return x
    red, green, blue = (x[..., k : k + 1] for k in range(3))
    return np.asarray(LUMA[0] * red + LUMA[1] * green + LUMA[2] * blue)
