"""What fewer members would have predicted, from the logits of all: no network is trained for it."""

import numpy as np

from triptych.files import Array
from triptych.metrics.probabilities import Scores
from triptych.uncertainty.measures.base import Number, Prediction

ON = ("",)
LARGER = (16, 32, 64, 100)  # sizes beyond ten


def measure(prediction: Prediction) -> list[Number]:
    """NLL, Brier score and accuracy of ensembles of 1, 2 … M members."""
    total = len(prediction.members)
    if total < 2 or not prediction.exchangeable:
        return []
    found = []
    for size, (nll, brier, accuracy) in curve(prediction.log_members, prediction.labels).items():
        how = f"mean over {total} ensembles of {size} neighbours among {total} members"
        found += [
            Number(f"nll_of_size/k={size}", nll, "nats", "exact", how, by_kind=False),
            Number(f"brier_of_size/k={size}", brier, "1", "exact", how, by_kind=False),
            Number(f"accuracy_of_size/k={size}", accuracy, "fraction", "exact", how, by_kind=False),
        ]
    return found


def curve(log_p: Scores, labels: Array) -> dict[int, tuple[float, float, float]]:
    """Size -> mean NLL, Brier score and accuracy of arithmetic means over so many members.

    Members stand in a circle, and every run of k neighbours is one ensemble: all members count
    alike at every size, and the last size is the whole.

    Args:
        log_p: Log-probabilities of the members, [M, N, K].
        labels: [N].
    """
    members = len(log_p)
    p = np.exp(log_p)
    rows = np.arange(len(labels))
    truth = np.eye(p.shape[-1])[labels]
    right: Scores = log_p[:, rows, labels]  # summed as logarithms: what is tiny stays exact
    log_sum, total = right, p
    found: dict[int, tuple[float, float, float]] = {}
    for size in range(1, members + 1):
        if size > 1:
            log_sum = np.logaddexp(log_sum, np.roll(right, 1 - size, axis=0))
            total = total + np.roll(p, 1 - size, axis=0)
        if size <= 10 or size in (*LARGER, members):
            nll = float(np.log(size) - log_sum.mean())
            brier = float(((total / size - truth) ** 2).sum()) / right.size
            found[size] = nll, brier, float((total.argmax(axis=-1) == labels).mean())
    return found
