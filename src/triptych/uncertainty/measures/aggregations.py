"""The same members under every named aggregation."""

from triptych.metrics import classification as c
from triptych.metrics.aggregation import AGGREGATIONS
from triptych.metrics.calibration import expected_calibration_error
from triptych.uncertainty.measures.base import Number, Prediction

ON = ("",)


def measure(prediction: Prediction) -> list[Number]:
    """Accuracy, NLL, Brier score and ECE of each; of one member there is nothing to aggregate."""
    if len(prediction.members) < 2:
        return []
    found = []
    for name, pool in AGGREGATIONS.items():
        log_p, labels = pool(prediction.members), prediction.labels
        ece = expected_calibration_error(*c.top_label(log_p, labels), prediction.bins)
        how = f"{len(prediction.members)} members"
        found += [
            Number(f"{metric}_aggregated/{name}", float(value), unit, "exact", how, by_kind=False)
            for metric, value, unit in (
                ("accuracy", c.accuracy(log_p, labels), "fraction"),
                ("nll", c.negative_log_likelihood(log_p, labels), "nats"),
                ("brier", c.brier(log_p, labels), "1"),
                ("ece", ece, "fraction"),
            )
        ]
    return found
