"""Reading images between their pixels."""

import numpy as np

from triptych.data.corruptions.base import Pixels


def bilinear(x: Pixels, rows: Pixels, columns: Pixels) -> Pixels:
    """Bilinear samples of every image at its own positions; outside lies black.

    Args:
        x: [N, H, W, C].
        rows: [N, H', W'], 0 is the centre of the first row.
        columns: [N, H', W'].

    Returns:
        [N, H', W', C].
    """
    top, left = np.floor(rows).astype(np.int64), np.floor(columns).astype(np.int64)
    down, right = (rows - top)[..., None], (columns - left)[..., None]
    upper = _pixel(x, top, left) * (1 - right) + _pixel(x, top, left + 1) * right
    lower = _pixel(x, top + 1, left) * (1 - right) + _pixel(x, top + 1, left + 1) * right
    return np.asarray(upper * (1 - down) + lower * down)


def centred_grid(height: int, width: int) -> tuple[Pixels, Pixels]:
    """Row and column of every pixel from the image's centre, each [height, width]."""
    rows = np.arange(height, dtype=np.float64) - (height - 1) / 2
    columns = np.arange(width, dtype=np.float64) - (width - 1) / 2
    grid = np.meshgrid(rows, columns, indexing="ij")
    return grid[0], grid[1]


def resample(x: Pixels, source: Pixels) -> Pixels:
    """Linear map of the plane about the centre: pixel r reads the clean image at ``source @ r``.

    Args:
        x: [N, H, W, C].
        source: [N, 2, 2], acting on (row, column) measured from the centre.
    """
    height, width = x.shape[1:3]
    row, column = centred_grid(height, width)
    a = source[..., None, None]
    rows = a[:, 0, 0] * row + a[:, 0, 1] * column + (height - 1) / 2
    columns = a[:, 1, 0] * row + a[:, 1, 1] * column + (width - 1) / 2
    return bilinear(x, rows, columns)


def _pixel(x: Pixels, row: "np.ndarray[tuple[int, ...], np.dtype[np.int64]]",
           column: "np.ndarray[tuple[int, ...], np.dtype[np.int64]]") -> Pixels:  # fmt: skip
    n, height, width = x.shape[:3]
    inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
    image = np.arange(n)[:, None, None]
    values = x[image, np.clip(row, 0, height - 1), np.clip(column, 0, width - 1)]
    return np.asarray(values * inside[..., None])
