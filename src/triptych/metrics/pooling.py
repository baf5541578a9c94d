"""From the members' predictions to one: named ways to pool class probabilities."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from triptych.metrics.probabilities import Floats, Scores, log_softmax


def arithmetic(logits: Floats) -> Scores:
    r"""Log of the mean probability, a mixture of the members.

    .. math:: \log \bar p_k = \log \tfrac1M \sum_m \mathrm{softmax}(z_m)_k

    Probabilities are averaged, not logits: members (.99, .5) pool to .745, while their mean logit
    stands for .909.

    Args:
        logits: [..., M, N, K].

    Returns:
        [..., N, K].
    """
    return log_mean(log_softmax(logits))


def log_mean(log_p: Scores) -> Scores:
    """Log of the members' mean probability: [..., M, N, K] -> [..., N, K]."""
    top = log_p.max(axis=-3, keepdims=True)
    top[np.isneginf(top)] = 0.0  # no member gives the class any probability: that stays -inf
    with np.errstate(divide="ignore"):
        mean = np.log(np.exp(log_p - top).mean(axis=-3))
    return np.asarray(mean + top.squeeze(-3))


def geometric(logits: Floats) -> Scores:
    r"""Log of the normalised geometric mean, a product of experts; equals averaging logits.

    .. math:: \log p_k = \tfrac1M \sum_m z_{mk} - \log \sum_j \exp \tfrac1M \sum_m z_{mj}

    Args:
        logits: [..., M, N, K].

    Returns:
        [..., N, K].
    """
    return log_softmax(logits.mean(axis=-3, dtype=np.float64))


POOLS: Mapping[str, Callable[[np.ndarray[Any, Any]], Scores]] = {
    "arithmetic": arithmetic,
    "geometric": geometric,
}
