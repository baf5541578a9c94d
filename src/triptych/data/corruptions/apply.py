"""From clean bytes to corrupted bytes: draws keyed per image, one clip, one rounding."""

import math

import numpy as np
from numpy.typing import NDArray

from triptych.data.corruptions.base import SEVERITIES, Bytes, ConstantSet, Pictures
from triptych.data.corruptions.draws import Draws
from triptych.data.corruptions.registry import find, names
from triptych.errors import UserError, nearest

CHUNK = 1024  # images in float64 at a time at most; the result does not depend on it


def corrupt(
    x: Bytes,
    kind: str,
    severity: int,
    ids: NDArray[np.int64],
    dataset: str,
    seed: int = 0,
    constants: ConstantSet = "small",
    pictures: Pictures | None = None,
) -> Bytes:
    """Corrupt images.

    The draws of an image are keyed by (data set, image id, kind, severity, seed): they are the same
    alone and in any batch, in any order, whatever other kinds are made. The result is clipped and
    rounded to the nearest level once, at the end (the reference implementation truncates, which
    darkens every image by half a level).

    Args:
        x: uint8 [N, H, W, C], the full range 0..255.
        kind: Name of the corruption.
        severity: 0 (identity) to 5.
        ids: int64 [N], not negative: which images of the data set these are.
        dataset: Name of the data set.
        seed: Another seed gives other draws.
        constants: Whose constants the severities stand for.
        pictures: uint8 [H', W', 3] each, for a kind that has a companion.

    Returns:
        uint8 [N, H, W, C], a new array.

    Raises:
        UserError: The kind is unknown or has no constants in this set.
        ValueError: Shapes or types are not the ones above, or the kind made a value that is no
            number; or its pictures are missing.
    """
    _check(x, severity, ids)
    if kind not in names(constants):
        raise UserError(
            f"no corruption {kind!r} with {constants} constants; {nearest(kind, names(constants))}"
        )
    if severity == 0:
        return x.copy()
    corruption = find(kind)
    if corruption.companion and not pictures:
        raise ValueError(f"{kind}: expected the pictures of {corruption.companion}, found none")
    constant = corruption.constants[constants][severity - 1]
    overlay = (pictures,) if corruption.companion else ()
    out = np.empty_like(x)
    step = max(1, min(CHUNK, corruption.block // (8 * max(1, math.prod(x.shape[1:])))))
    for start in range(0, len(x), step):
        rows = slice(start, start + step)
        draws = Draws(ids[rows], "corruption", dataset, kind, severity, seed)
        y = corruption.apply(x[rows] / 255.0, constant, draws, *overlay)
        if y.shape != x[rows].shape or not np.isfinite(y).all():
            raise ValueError(
                f"{kind} at severity {severity}: expected finite values of shape {x[rows].shape}, "
                f"found shape {y.shape} with {int((~np.isfinite(y)).sum())} values not finite"
            )
        y = np.clip(y, 0.0, 1.0)
        y *= 255.0
        out[rows] = np.rint(y, out=y)
    return out


def _check(x: Bytes, severity: int, ids: NDArray[np.int64]) -> None:
    if x.dtype != np.uint8 or x.ndim != 4:
        raise ValueError(f"images: expected uint8 [N, H, W, C], found {x.dtype} {list(x.shape)}")
    if ids.shape != (len(x),) or ids.dtype != np.int64 or (ids < 0).any():
        raise ValueError(
            f"ids: expected int64 [{len(x)}], none negative, found {ids.dtype} {list(ids.shape)}"
        )
    if severity not in (0, *SEVERITIES):
        raise ValueError(f"severity: expected 0 to 5, found {severity}")
