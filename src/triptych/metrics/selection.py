"""Telling two kinds of examples apart by a score, and predicting only where one is sure.

For the detection of errors the positive examples are the wrong predictions and the score is the
uncertainty, 1 − confidence: a score that rises with being wrong. Ties count one half everywhere, so
that nothing depends on the order of the examples.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from triptych.metrics.probabilities import Floats

Marks = NDArray[np.bool_]


def auroc(score: Floats, positive: Marks) -> float:
    r"""P(score of a positive > score of a negative) + ½ P(equal): area under the ROC curve.

    The rank sum of Mann and Whitney. Nan without a positive or without a negative.

    Args:
        score: Higher means more likely positive, [N].
        positive: [N].

    Example:
        >>> auroc(np.array([0.1, 0.4, 0.4, 0.9]), np.array([False, False, True, True]))
        0.875
    """
    found = int(positive.sum())
    others = len(positive) - found
    if not found or not others:
        return math.nan
    # Equal scores share the mean of their ranks.
    _, which, count = np.unique(score.astype(np.float64), return_inverse=True, return_counts=True)
    ranks = (np.cumsum(count) - (count - 1) / 2)[which]
    return float((ranks[positive].sum() - found * (found + 1) / 2) / (found * others))


class Operating(NamedTuple):
    """Rates at every threshold "positive from this score on", from the highest score down."""

    true_positive: NDArray[np.float64]
    false_positive: NDArray[np.float64]
    precision: NDArray[np.float64]


def operating_points(score: Floats, positive: Marks) -> Operating:
    """One point per distinct score: tied examples are called together."""
    order = np.argsort(-score.astype(np.float64), kind="stable")
    ranked, hit = score[order], positive[order]
    last = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)
    right = np.cumsum(hit)[last].astype(np.float64)
    called = last + 1.0
    with np.errstate(divide="ignore", invalid="ignore"):
        return Operating(
            right / positive.sum(), (called - right) / (~positive).sum(), right / called
        )


def aupr(score: Floats, positive: Marks) -> float:
    """Average precision: precision at every threshold, weighted by the recall it adds.

    The step-wise sum, not the trapezoid, which is optimistic (Davis & Goadrich 2006). It starts at
    the prevalence for a score that says nothing, and is compared at equal prevalence only. Nan
    without a positive.
    """
    if not positive.any():
        return math.nan
    points = operating_points(score, positive)
    gained = np.diff(points.true_positive, prepend=0.0)
    return float((gained * points.precision).sum())


def false_positive_rate(score: Floats, positive: Marks, recall: float = 0.95) -> float:
    """Share of negatives called at the strictest threshold that finds ``recall`` of the positives.

    "FPR95" with the positives as defined here; some papers fix the recall of the other class. Nan
    without a positive or a negative.
    """
    if not positive.any() or positive.all():
        return math.nan
    points = operating_points(score, positive)
    # Recall is a ratio of counts: 19 of 20 must count as .95 however it is rounded.
    enough = points.true_positive >= recall - 1e-12
    return float(points.false_positive[np.argmax(enough)])


def risk_coverage(confidence: Floats, wrong: Marks) -> NDArray[np.float64]:
    """Error among the k surest predictions, k = 1 … N: [N] twice -> [N].

    Within a tie the errors are spread evenly: the mean over all orders of the tied examples.
    """
    order = np.argsort(-confidence.astype(np.float64), kind="stable")
    ranked, errors = confidence[order], wrong[order].astype(np.float64)
    group = np.cumsum(np.append(0, np.diff(ranked) != 0))
    shared = (np.bincount(group, errors) / np.bincount(group))[group]
    return np.asarray(np.cumsum(shared) / np.arange(1, len(errors) + 1))


def aurc(confidence: Floats, wrong: Marks) -> float:
    """Area under the risk-coverage curve: mean error over all shares that are answered.

    (Geifman & El-Yaniv 2017.) 0 only without errors; the error rate itself for a confidence that
    says nothing.
    """
    return float(risk_coverage(confidence, wrong).mean())


def least_aurc(wrong: Marks) -> float:
    """The least possible one at this number of errors: all of them answered last."""
    return aurc(1.0 - wrong.astype(np.float64), wrong)
