"""Every named way to make one prediction of several: means, the median, the vote."""

from collections.abc import Callable, Mapping
from typing import Any, Literal

import numpy as np

from triptych.metrics.pooling import POOLS
from triptych.metrics.probabilities import Floats, Scores, log_softmax

Aggregation = Literal["arithmetic", "geometric", "median", "vote"]
TINY = float(np.finfo(np.float64).tiny)  # what stands for a probability that underflowed


def median(logits: Floats) -> Scores:
    r"""Log of the members' median probability of each class, brought to sum 1.

    .. math:: \log p_k = \log m_k - \log \sum_j m_j, \quad m_k = \mathrm{median}_m\, p_{mk}

    Args:
        logits: [..., M, N, K].

    Returns:
        [..., N, K].
    """
    middle = np.median(np.exp(log_softmax(logits)), axis=-3)
    return log_softmax(np.log(np.maximum(middle, TINY)))


def vote(logits: Floats) -> Scores:
    r"""Log of the share of members that predict each class.

    .. math:: p_k = \frac{v_k + 1/K}{M + 1}

    A share of votes is 0 wherever no member votes for a class, and a single such image would make
    the log-likelihood infinite. One vote more is therefore spread evenly (Perks 1947), which
    changes no ranking of the classes.

    Args:
        logits: [..., M, N, K]; of tied classes the first is voted for.

    Returns:
        [..., N, K].
    """
    members, classes = logits.shape[-3], logits.shape[-1]
    chosen = logits.argmax(axis=-1)
    votes = (chosen[..., None] == np.arange(classes)).sum(axis=-3)
    return np.asarray(np.log((votes + 1 / classes) / (members + 1)))


AGGREGATIONS: Mapping[str, Callable[[np.ndarray[Any, Any]], Scores]] = {
    **POOLS,
    "median": median,
    "vote": vote,
}
