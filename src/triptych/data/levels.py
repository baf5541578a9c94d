"""Grey levels of image sets, stretched to bytes; needs no torch."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from triptych.data.parts import Part
from triptych.errors import UserError
from triptych.files import Array

Bytes = NDArray[np.uint8]


def to_bytes(x: Bytes, meta: Mapping[str, Any]) -> Bytes:
    """Stretch images of L grey levels to the full range 0..255.

    Level v becomes round(255 v / (L − 1)); different levels stay different, so nothing is lost.

    Args:
        x: uint8 [N, H, W, C] with values 0 .. L − 1.
        meta: Description of the data set; ``levels`` is L.

    Raises:
        UserError: A value is not a level.

    Example:
        >>> to_bytes(np.array([0, 8, 16], np.uint8), {"levels": 17}).tolist()
        [0, 128, 255]
    """
    levels = int(meta["levels"])
    if x.size and int(x.max()) >= levels:
        raise UserError(
            f"data set {meta.get('dataset', '')}: expected grey levels 0 to {levels - 1}, found "
            f"{int(x.max())}; prepare it again"
        )
    table = np.rint(np.arange(levels) * 255.0 / (levels - 1)).astype(np.uint8)
    return np.asarray(table[x], dtype=np.uint8)


def inputs(part: Part) -> Array:
    """What shifts and predictions start from: images stretched to 0..255, tables as they are."""
    x = part.arrays["x"]
    return to_bytes(x, part.meta) if part.meta["kind"] == "images" else x
