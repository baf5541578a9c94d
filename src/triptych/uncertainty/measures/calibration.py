"""Calibration of the predicted class."""

from triptych.metrics import calibration as c
from triptych.metrics.classification import top_label
from triptych.uncertainty.measures.base import Number, Prediction


def measure(prediction: Prediction) -> list[Number]:
    """ECE with its noise floor, mean confidence, and its distance from the accuracy."""
    confidence, correct = top_label(prediction.log_p, prediction.labels)
    ece = c.expected_calibration_error(confidence, correct, prediction.bins)
    floor = c.noise_floor(confidence, prediction.bins)
    mean = float(confidence.mean())
    how = f"{prediction.bins} equal-width bins (lower, upper], top label"
    return [
        Number("ece", float(ece), "fraction", "estimate", how),
        Number(
            "ece_floor", float(floor), "fraction", "estimate", f"{how}; ECE if calibrated",
            by_kind=False,
        ),
        Number("mean_confidence", mean, "fraction", "exact", "top label", by_kind=False),
        Number(
            "confidence_minus_accuracy", mean - float(correct.mean()), "fraction", "exact",
            "positive: overconfident", by_kind=False,
        ),
    ]  # fmt: skip
