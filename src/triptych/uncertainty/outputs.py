"""Predictions that figures show: of the members one by one, and over a plane."""

import numpy as np

from triptych.files import Array
from triptych.metrics.disagreement import split_of
from triptych.metrics.probabilities import log_softmax
from triptych.uncertainty.measures.base import Prediction

SHOWN = 1000  # test examples


def probabilities(logits: Array) -> Array:
    """Of every member, in single precision: [..., K] -> [..., K]."""
    return np.exp(log_softmax(logits)).astype(np.float32)


def surfaces(prediction: Prediction) -> dict[str, Array]:
    """What is drawn over a plane: class probabilities, model uncertainty, borders, test points."""
    assert prediction.named is not None
    found = {
        "plane": np.exp(prediction.log_p).astype(np.float32),
        "borders": np.asarray(prediction.named.facts["borders"], dtype=np.float32),
        "points": np.asarray(prediction.named.facts["points"], dtype=np.float32),
    }
    if prediction.disputes:
        found["plane_mutual"] = split_of(prediction.log_members).mutual.astype(np.float32)
    return found
