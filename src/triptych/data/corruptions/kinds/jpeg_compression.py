"""JPEG: what quantising the cosine coefficients of 8×8 blocks takes away."""

import math
from functools import cache

import numpy as np

from triptych.data.corruptions.base import Corruption, Pixels
from triptych.data.corruptions.draws import Draws

BLOCK = 8
# Example tables of the standard (ITU-T T.81, annex K), at quality 50.
LUMINANCE = (
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55,
    14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62,
    18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92,
    49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
)  # fmt: skip
CHROMINANCE = (
    17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99,
    24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99, 99, 99, 99, 99,
    *(99,) * 32,
)  # fmt: skip


def _apply(x: Pixels, quality: int, draws: Draws) -> Pixels:
    """Colours to luma and halved chroma, blocks to coefficients, rounding, and back.

    Entropy coding loses nothing and is left out, so that no library's version has a say; sums run
    in a fixed order, because coefficients that lie between two steps are common.
    """
    levels = np.rint(x * 255.0)
    if x.shape[3] == 1:
        return np.asarray(_coded(levels[..., 0], LUMINANCE, quality)[..., None] / 255.0)
    red, green, blue = (levels[..., k] for k in range(3))
    y = np.rint(0.299 * red + 0.587 * green + 0.114 * blue)
    cb = np.rint(128 - 0.168736 * red - 0.331264 * green + 0.5 * blue)
    cr = np.rint(128 + 0.5 * red - 0.418688 * green - 0.081312 * blue)
    y = _coded(y, LUMINANCE, quality)
    cb, cr = (_chroma(plane, quality) - 128 for plane in (cb, cr))
    rgb = [y + 1.402 * cr, y - 0.344136 * cb - 0.714136 * cr, y + 1.772 * cb]
    return np.asarray(np.stack(rgb, axis=3) / 255.0)


def _chroma(plane: Pixels, quality: int) -> Pixels:
    """A plane through half its height and width: means of 2×2, and back by triangles."""
    height, width = plane.shape[1:]
    even = np.pad(plane, ((0, 0), (0, height % 2), (0, width % 2)), mode="edge")
    pairs = even[:, ::2] + even[:, 1::2]
    half = np.rint((pairs[:, :, ::2] + pairs[:, :, 1::2]) / 4)
    coded = _coded(half, CHROMINANCE, quality)
    return np.asarray(np.rint(_doubled(_doubled(coded, 1), 2)[:, :height, :width]))


def _doubled(plane: Pixels, axis: int) -> Pixels:
    """Every pixel becomes two, each a quarter of the way to its neighbour on that side."""
    pad = [(0, 0)] * 3
    pad[axis] = (1, 1)
    wide = np.moveaxis(np.pad(plane, pad, mode="edge"), axis, 1)
    here = 0.75 * wide[:, 1:-1]
    pair = np.stack([here + 0.25 * wide[:, :-2], here + 0.25 * wide[:, 2:]], axis=2)
    joined = pair.reshape(len(plane), -1, pair.shape[3])
    return np.asarray(np.moveaxis(joined, 1, axis))


def _coded(plane: Pixels, table: tuple[int, ...], quality: int) -> Pixels:
    """One plane of levels 0 … 255, [N, H, W], quantised and rounded to levels again."""
    n, height, width = plane.shape
    pad = ((0, 0), (0, -height % BLOCK), (0, -width % BLOCK))
    full = np.pad(plane, pad, mode="edge") - 128.0
    rows, columns = (side // BLOCK for side in full.shape[1:])
    # [row in block, column in block, image, block row, block column]: sums run over the first two.
    blocks = full.reshape(n, rows, BLOCK, columns, BLOCK).transpose(2, 4, 0, 1, 3)
    steps = _steps(table, quality)[:, :, None, None, None]
    there = _cosines(np.ascontiguousarray(blocks)) / steps
    quantised = np.copysign(np.floor(np.abs(there) + 0.5), there) * steps  # halves go outwards
    back = _cosines(quantised, inverse=True).transpose(2, 3, 0, 4, 1).reshape(full.shape)
    return np.asarray(np.clip(np.rint(back[:, :height, :width] + 128.0), 0, 255))


def _steps(table: tuple[int, ...], quality: int) -> Pixels:
    """Quantisation steps at a quality, by the rule of the Independent JPEG Group."""
    scale = 5000 // quality if quality < 50 else 200 - 2 * quality
    scaled = (np.array(table).reshape(BLOCK, BLOCK) * scale + 50) // 100
    return np.asarray(np.clip(scaled, 1, 255), dtype=np.float64)


def _cosines(blocks: Pixels, inverse: bool = False) -> Pixels:
    """Orthonormal cosine transform of the first two axes."""
    for axis in (0, 1):
        turned = np.moveaxis(blocks, axis, 0)
        out = np.empty_like(turned)
        for k, weights in enumerate(_basis(inverse)):
            total = weights[0] * turned[0]
            for j in range(1, BLOCK):
                total += weights[j] * turned[j]
            out[k] = total
        blocks = np.moveaxis(out, 0, axis)
    return blocks


@cache
def _basis(inverse: bool) -> tuple[tuple[float, ...], ...]:
    forward = [
        [
            (math.sqrt(0.125) if k == 0 else 0.5) * math.cos(math.pi * (2 * j + 1) * k / 16)
            for j in range(BLOCK)
        ]
        for k in range(BLOCK)
    ]
    rows = zip(*forward, strict=True) if inverse else forward
    return tuple(tuple(row) for row in rows)


# Quality (Hendrycks & Dietterich 2019).
CORRUPTION = Corruption(
    _apply,
    {
        "small": (50, 25, 15, 10, 5),
        "cifar_c": (80, 65, 58, 50, 40),
        "imagenet_c": (25, 18, 15, 10, 7),
    },
)
