"""Inputs that belong to no class: how sure a model is of them, and whether it tells them apart."""

import numpy as np

from triptych.metrics import selection as s
from triptych.metrics.disagreement import entropy, split_of
from triptych.metrics.probabilities import Scores
from triptych.uncertainty.measures.base import Number, Prediction, noted

ON = ("out-of-distribution", "open set")
SURE = 0.9  # a prediction above this counts as confident
KEPT = 0.95
MUTUAL = "mutual_information"


def measure(prediction: Prediction) -> list[Number]:
    """Confidence on inputs far from the data, and detection by each score of uncertainty."""
    assert prediction.named is not None
    confidence = np.exp(prediction.log_p.max(axis=-1))
    numbers = [
        Number("mean_confidence", float(confidence.mean()), "fraction", "exact", "top label"),
        Number(
            "least_confidence", 1 / prediction.log_p.shape[-1], "fraction", "exact",
            "1/K of the K known classes: no top probability is lower",
        ),
        Number(
            "confident_share", float((confidence > SURE).mean()), "fraction", "exact",
            f"inputs with a top probability above {SURE}",
        ),
        Number(
            "predictive_entropy", float(entropy(prediction.log_p).mean()), "nats", "exact"
        ),
    ]  # fmt: skip
    near, far = scores(prediction.named.clean), scores(prediction)
    inputs = np.arange(len(prediction.labels) + len(prediction.named.clean.labels))
    positive = inputs < len(prediction.labels)
    share = f"{positive.sum()} of {len(positive)} inputs are far"
    for name, outside in far.items():
        score = np.concatenate([outside, near[name]])
        pool = prediction.other_pool if name == MUTUAL else ""
        score_of = noted(f"score: {name.replace('_', ' ')}", pool)
        how = f"far inputs are the positives; {score_of}"
        # The near inputs are the positives here: the share of far ones that pass with 95 % of them.
        passing = s.false_positive_rate(-score, np.logical_not(positive), KEPT)
        numbers += [
            Number(f"auroc/{name}", s.auroc(score, positive), "fraction", "estimate", how),
            Number(
                f"aupr/{name}", s.aupr(score, positive), "fraction", "estimate",
                f"{how}; step-wise; {share}",
            ),
            Number(
                f"fpr95/{name}", passing, "fraction", "estimate",
                f"far inputs that pass where {KEPT:.0%} of the near ones do; {score_of}",
            ),
        ]  # fmt: skip
    return numbers


def scores(prediction: Prediction) -> dict[str, Scores]:
    """Scores that rise with uncertainty, each [N]; of members that count alike also their dispute.

    (That is the mutual information in their arithmetic mixture.)
    """
    found = {
        "max_probability": -prediction.log_p.max(axis=-1),
        "entropy": entropy(prediction.log_p),
    }
    if prediction.disputes:
        found[MUTUAL] = split_of(prediction.log_members).mutual
    return found
