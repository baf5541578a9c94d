"""Images on their way into a network, the same for training and for shifted test sets."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from triptych.errors import UserError

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


def network_input(x: Bytes) -> Tensor:
    """What networks see: uint8 [N, H, W, C] -> float32 [N, C, H, W], 1.0 for white.

    No mean or deviation is taken out: the statistics of a shifted set must not reach the network.
    """
    return torch.from_numpy(np.ascontiguousarray(x.transpose(0, 3, 1, 2))).float() / 255.0
