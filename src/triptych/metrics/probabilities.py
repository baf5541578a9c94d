"""From logits to log-probabilities; kept apart from the scores, which training does not import."""

import numpy as np
from numpy.typing import NDArray
from scipy import special

Floats = NDArray[np.floating]
Scores = NDArray[np.float64]


def log_softmax(logits: Floats) -> Scores:
    """Log-softmax over the last axis, in float64: [..., K] -> [..., K]."""
    return np.asarray(special.log_softmax(logits.astype(np.float64), axis=-1))
