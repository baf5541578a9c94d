"""The plane around a data set of two features, as a grid: for pictures of what a method predicts.

The grid holds points on the data as well as far from them, so that no number is read off it.
"""

from collections.abc import Mapping

import numpy as np

from triptych.data.shifts.base import Made, Shift, Source, of

SIDE = 60  # points per axis
MARGIN = 1.0  # beyond the data on every side, in units of their longer range


def make(source: Source) -> Mapping[str, Made]:
    """Grid points row by row, the second feature falling; ``facts``: borders and test points."""
    low, high = source.x.min(axis=0), source.x.max(axis=0)
    half = (0.5 + MARGIN) * (high - low).max()
    first, second = (np.linspace(c - half, c + half, SIDE) for c in (low + high) / 2)
    grid = np.stack(np.meshgrid(first, second[::-1]), axis=-1).reshape(-1, 2)
    points = np.column_stack([source.x, source.labels])
    facts = {
        "borders": [float(v) for axis in (first, second) for v in (axis[0], axis[-1])],
        "points": [[round(float(v), 4) for v in row] for row in points],
    }
    return {"": Made(grid, facts=facts)}


SHIFT = Shift("picture", make, of("two_moons"))
