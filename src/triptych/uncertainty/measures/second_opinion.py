"""Calibration error by other definitions than bins of equal width."""

import numpy as np

from triptych.metrics import calibration as c
from triptych.metrics.classification import top_label
from triptych.metrics.smooth_calibration import smooth_calibration_error
from triptych.uncertainty.measures.base import Number, Prediction


def measure(prediction: Prediction) -> list[Number]:
    """With bins of equal mass, without the bias of the noise, and without bins."""
    confidence, correct = top_label(prediction.log_p, prediction.labels)
    bins = prediction.bins
    mass = c.reliability(confidence, correct, bins, c.equal_mass(confidence, bins))
    width = c.reliability(confidence, correct, bins)
    debiased = float(c.debiased_squared_error(width))
    return [
        Number(
            "ece_equal_mass", float(c.calibration_error(mass)), "fraction", "estimate",
            f"{bins} bins of equal mass, ties together, top label", by_kind=False,
        ),
        Number(
            "ece_debiased", float(np.sqrt(max(debiased, 0.0))), "fraction", "estimate",
            f"{bins} equal-width bins, root of the squared error without its noise, at least 0",
            by_kind=False,
        ),
        Number(
            "ece_smooth", smooth_calibration_error(confidence, correct), "fraction", "estimate",
            "no bins: residuals under a Gaussian kernel as wide as the error", by_kind=False,
        ),
    ]  # fmt: skip
