"""From logits to log-probabilities; kept apart from the scores, which training does not import."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
Scores = NDArray[np.float64]


def log_softmax(logits: Floats) -> Scores:
    """Log-softmax over the last axis, in float64: [..., K] -> [..., K]."""
    # Written out, since loading `scipy.special` costs more than most of its uses.
    shifted = logits.astype(np.float64)
    shifted -= shifted.max(axis=-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)))
