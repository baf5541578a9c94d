"""Accuracy and proper scores."""

from triptych.metrics import classification as c
from triptych.uncertainty.measures.base import Number, Prediction


def measure(prediction: Prediction) -> list[Number]:
    """Accuracy, NLL of the pooled prediction, mean NLL of the members, Brier score."""
    log_p, labels = prediction.log_p, prediction.labels
    members = c.negative_log_likelihood(prediction.log_members, labels)
    return [
        Number("accuracy", float(c.accuracy(log_p, labels)), "fraction", "exact"),
        Number("nll", float(c.negative_log_likelihood(log_p, labels)), "nats", "exact"),
        Number(
            "nll_members", float(members.mean()), "nats", "exact", "mean over members",
            by_kind=False,
        ),
        Number("brier", float(c.brier(log_p, labels)), "1", "exact", "sum over classes, 0 to 2"),
    ]  # fmt: skip
