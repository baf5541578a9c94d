"""Every method at its own best temperature (Ashukha, Lyzhov, Molchanov & Vetrov 2020)."""

from triptych.metrics import classification as c
from triptych.metrics.calibration import expected_calibration_error
from triptych.metrics.probabilities import log_softmax
from triptych.uncertainty.measures.base import Number, Prediction, noted


def measure(prediction: Prediction) -> list[Number]:
    """NLL and ECE once the pooled prediction is divided by a temperature, and the temperature.

    It was fitted to the clean validation part and is the same for every shifted set. Scores without
    it mix up what a method knows with how its confidence happens to be scaled. Where that part does
    not determine a temperature all protocols say so, and the scores are those at T = 1.
    """
    fitted = prediction.temperature
    log_p, labels = log_softmax(prediction.log_p / fitted.value), prediction.labels
    ece = expected_calibration_error(*c.top_label(log_p, labels), prediction.bins)
    how = noted("after pooling; one temperature of the clean validation part", fitted.note)
    return [
        Number(
            "nll_calibrated", float(c.negative_log_likelihood(log_p, labels)), "nats", "exact", how,
            by_kind=False,
        ),
        Number("ece_calibrated", float(ece), "fraction", "estimate", how, by_kind=False),
        Number("temperature", fitted.value, "1", "estimate", how, by_kind=False),
    ]  # fmt: skip
