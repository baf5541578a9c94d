"""Fit to the labels of several people: cross-entropy and divergence from their distribution."""

import numpy as np

from triptych.files import Array
from triptych.metrics.disagreement import entropy
from triptych.uncertainty.measures.base import Number, Prediction

TASKS = ("classification", "human labels")
ON = ("human labels",)


def measure(prediction: Prediction) -> list[Number]:
    r"""Cross-entropy −Σ q log p and divergence Σ q log(q/p) of the annotators' q from p.

    q are the shares of their votes. Of finitely many votes the cross-entropy is unbiased and the
    divergence about (K − 1) / 2n too large, the same for every method; where the distribution
    behind the votes is known the divergence from it is given too.
    """
    if prediction.named is None or "counts" not in prediction.named.attributes:
        return []
    counts = prediction.named.attributes["counts"].astype(np.float64)
    log_p = prediction.log_p
    q = counts / counts.sum(axis=1, keepdims=True)
    crossed = float(-(q * log_p).sum(axis=1).mean())
    own = float(entropy(_log(q)).mean())
    majority = float((log_p.argmax(axis=1) == q.argmax(axis=1)).mean())
    votes = f"shares of {counts.sum(axis=1).mean():.0f} votes per image"
    numbers = [
        Number("human_nll", crossed, "nats", "exact", votes),
        Number("human_divergence", crossed - own, "nats", "estimate", f"{votes}, KL from them"),
        Number("human_entropy", own, "nats", "estimate", f"of the {votes}"),
        Number("human_majority", majority, "fraction", "exact", "the class most of them chose"),
    ]
    if "truth" in prediction.named.attributes:
        truth = prediction.named.attributes["truth"]
        known = float(-(truth * log_p).sum(axis=1).mean() - entropy(_log(truth)).mean())
        how = "simulated annotators: KL from their known distribution"
        numbers.append(Number("human_divergence_known", known, "nats", "exact", how))
    return numbers


def _log(p: Array) -> Array:
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(p))
