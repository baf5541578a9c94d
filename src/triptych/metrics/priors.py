"""Predictions under other class frequencies than the training data's."""

import numpy as np

from triptych.metrics.probabilities import Floats, Scores, log_softmax

STEPS = 1000  # of expectation-maximisation at most
CHANGE = 1e-10  # in any class frequency, below which it has converged


def with_prior(log_p: Floats, prior: Floats, target: Floats) -> Scores:
    r"""Log-probabilities for data whose class frequencies are others.

    .. math:: p'(y|x) \propto p(y|x)\,\frac{\pi'(y)}{\pi(y)}

    Exact where p(x|y) is the same and p(y|x) is right.

    Args:
        log_p: Log-probabilities under the training data's frequencies, [..., N, K].
        prior: Those frequencies π, [K].
        target: The frequencies π' of the data at hand, [K].

    Returns:
        [..., N, K], normalised.
    """
    ratio = np.log(np.asarray(target, np.float64)) - np.log(np.asarray(prior, np.float64))
    return log_softmax(log_p.astype(np.float64) + ratio)


def estimated_prior(log_p: Floats, prior: Floats) -> Scores:
    """Class frequencies of unlabelled data by expectation-maximisation.

    Saerens, Latinne & Decaestecker (2002): correct the predictions by the current frequencies, take
    their mean as the next, from the training data's on.

    Args:
        log_p: Log-probabilities under the training data's frequencies, [N, K].
        prior: Those frequencies, [K].

    Returns:
        [K], adding up to 1.
    """
    found = np.asarray(prior, np.float64)
    with np.errstate(divide="ignore"):  # a frequency may go to 0
        for _ in range(STEPS):
            following = np.exp(with_prior(log_p, prior, found)).mean(axis=0)
            if np.abs(following - found).max() < CHANGE:
                return np.asarray(following)
            found = following
    return found


def frequencies(labels: "np.ndarray[tuple[int, ...], np.dtype[np.int64]]", classes: int) -> Scores:
    """Share of every class, [K]."""
    return np.bincount(labels, minlength=classes) / len(labels)
