"""From logits to log-probabilities; kept apart from the scores, which training does not import."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
Scores = NDArray[np.float64]


def log_softmax(logits: Floats) -> Scores:
    """Log-softmax over the last axis, in float64: [..., K] -> [..., K]."""
    # Written out, since loading `scipy.special` costs more than most of its uses; with the classes
    # first, since NumPy is slow to reduce a short last axis.
    shifted = np.moveaxis(logits, -1, 0).astype(np.float64, order="C")
    shifted -= shifted.max(axis=0)
    shifted -= np.log(np.exp(shifted).sum(axis=0))
    return np.ascontiguousarray(np.moveaxis(shifted, 0, -1))
