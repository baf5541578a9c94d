"""How far the members of a method differ: entropies and disagreement of predicted classes."""

from dataclasses import dataclass

import numpy as np

from triptych.metrics.classification import Labels, accuracy
from triptych.metrics.pooling import log_mean
from triptych.metrics.probabilities import Floats, Scores, log_softmax


@dataclass(frozen=True)
class EntropySplit:
    r"""Total, expected and mutual entropy per example, in nats, each [..., N].

    .. math:: H[\bar p] = \tfrac1M \sum_m H[p_m] + I

    Attributes:
        total: Entropy of the mean prediction.
        expected: Mean entropy of the members: what is uncertain under every one of them.
        mutual: Mutual information between the class and the member: what they disagree about.
    """

    total: Scores
    expected: Scores
    mutual: Scores


def entropy(log_p: Floats) -> Scores:
    """−Σ p log p in nats over the last axis: [..., K] -> [...]."""
    log_p = log_p.astype(np.float64)
    p = np.exp(log_p)
    return np.asarray(-(p * np.where(p > 0, log_p, 0.0)).sum(axis=-1))


def entropy_split(logits: Floats) -> EntropySplit:
    """Split the entropy of the arithmetic mean of members: logits [..., M, N, K].

    One member alone has mutual information 0 whatever the truth is: its records leave it out.
    """
    return split_of(log_softmax(logits))


def split_of(log_p: Scores) -> EntropySplit:
    """The same from the members' log-probabilities [..., M, N, K]."""
    total = entropy(log_mean(log_p))
    expected = entropy(log_p).mean(axis=-2)
    # Jensen makes it non-negative; what is below is rounding.
    return EntropySplit(total, expected, np.maximum(total - expected, 0.0))


def pairwise_disagreement(logits: Floats) -> Scores:
    """Share of examples on which two members predict different classes, mean over pairs.

    Args:
        logits: [..., M, N, K] with M >= 2.

    Returns:
        [...]; 0 for copies, 1 − Σ p_k² for independent predictors with class frequencies p.

    Raises:
        ValueError: There is one member.
    """
    members, classes = logits.shape[-3], logits.shape[-1]
    if members < 2:
        raise ValueError("disagreement: expected two members or more, found one")
    predicted = np.moveaxis(logits.argmax(axis=-1), -2, -1)  # [..., N, M]
    votes = (predicted[..., None] == np.arange(classes)).sum(axis=-2)  # [..., N, K]
    # Of M(M−1) ordered pairs, v(v−1) agree on a class with v votes.
    agreeing = (votes * (votes - 1)).sum(axis=-1) / (members * (members - 1))
    return np.asarray(1.0 - agreeing.mean(axis=-1))


def normalised_disagreement(logits: Floats, labels: Labels) -> Scores:
    """Disagreement over the members' mean error (Fort et al. 2019); nan without any error."""
    error = 1.0 - accuracy(logits, labels).mean(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(error > 0, pairwise_disagreement(logits) / error, np.nan)
