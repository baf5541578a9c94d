"""Images on their way into a network, the same for training and for shifted test sets."""

import numpy as np
import torch
from torch import Tensor

from triptych.data.levels import Bytes, to_bytes

__all__ = ["Bytes", "network_input", "to_bytes"]


def network_input(x: Bytes) -> Tensor:
    """What networks see: uint8 [N, H, W, C] -> float32 [N, C, H, W], 1.0 for white.

    No mean or deviation is taken out: the statistics of a shifted set must not reach the network.
    """
    return torch.from_numpy(np.ascontiguousarray(x.transpose(0, 3, 1, 2))).float() / 255.0
