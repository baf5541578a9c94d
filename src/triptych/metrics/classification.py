"""Scores of predicted class probabilities.

Every function takes log-probabilities or logits first and labels second, keeps leading axes, and
averages over the examples alone, so that many models or shifts are scored at once.
"""

import numpy as np
from numpy.typing import NDArray

from triptych.metrics.probabilities import Floats, Scores

Labels = NDArray[np.int64]


def top_label(log_p: Floats, labels: Labels) -> tuple[Scores, NDArray[np.bool_]]:
    """Confidence in the predicted class and whether it is the right one.

    The calibration measures know nothing but these pairs. For two classes this is the confidence in
    the top label, which is not the probability of class 1.

    Args:
        log_p: [..., N, K].
        labels: [N].

    Returns:
        Confidence max_k p_k in float64, and correctness, both [..., N]; of tied classes the first
        is predicted.

    Example:
        >>> confidence, correct = top_label(np.log([[0.8, 0.2]]), np.array([0]))
        >>> confidence.round(6).tolist(), correct.tolist()
        ([0.8], [True])
    """
    confidence = np.exp(log_p.astype(np.float64).max(axis=-1))
    # log_softmax of a sure prediction may round to a probability just above 1.
    return np.minimum(confidence, 1.0), log_p.argmax(axis=-1) == labels


def accuracy(log_p: Floats, labels: Labels) -> Scores:
    """Share of examples whose most probable class is right: [..., N, K], [N] -> [...]."""
    return np.asarray((log_p.argmax(axis=-1) == labels).mean(axis=-1))


def negative_log_likelihood(log_p: Floats, labels: Labels) -> Scores:
    """Mean −log p(y|x) in nats: [..., N, K], [N] -> [...].

    Example:
        >>> float(negative_log_likelihood(np.log([[0.5, 0.5]]), np.array([1])).round(6))
        0.693147
    """
    right = log_p[..., np.arange(len(labels)), labels]
    return np.asarray(-right.astype(np.float64).mean(axis=-1))


def brier(log_p: Floats, labels: Labels) -> Scores:
    r"""Brier score in its sum form, between 0 and 2.

    .. math:: \frac1N \sum_n \sum_k (p_{nk} - [y_n = k])^2

    (Brier 1950). Elsewhere it is divided by K, or the constant 1 is left out: three conventions
    that differ by a factor or an offset.

    Args:
        log_p: [..., N, K].
        labels: [N].

    Returns:
        [...].

    Example:
        >>> float(brier(np.log([[0.7, 0.2, 0.1]]), np.array([0])).round(6))
        0.14
    """
    p = np.exp(log_p.astype(np.float64))
    truth = np.eye(p.shape[-1])[labels]
    return np.asarray(((p - truth) ** 2).sum(axis=(-2, -1)) / len(labels))
