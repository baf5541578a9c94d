"""Weights of a mixture, fitted to held-out predictions."""

import numpy as np

from triptych.metrics.probabilities import Floats, Scores

STEPS = 10_000
GAP = 1e-6  # nats per example that the best mixture may still be ahead when the fit stops


def mixture_weights(log_p: Floats) -> Scores:
    r"""Weights of largest likelihood for a mixture of given predictions.

    .. math:: \max_w \tfrac1N \sum_n \log \sum_m w_m p_{mn}, \quad w_m \ge 0, \; \sum_m w_m = 1

    (stacking of densities, Smyth & Wolpert 1999). The likelihood is concave, and the EM step

    .. math:: w_m \leftarrow w_m g_m, \quad
              g_m = \tfrac1N \sum_n \frac{p_{mn}}{\sum_j w_j p_{jn}}

    raises it. By concavity no weights are ahead by more than max_m g_m − 1, which is when to stop.

    Args:
        log_p: Log-probabilities that each of M members gave to what then happened, [M, N].

    Returns:
        [M].

    Example:
        >>> mixture_weights(np.log([[0.9, 0.9], [0.1, 0.1]])).round(4).tolist()
        [1.0, 0.0]
    """
    top = log_p.max(axis=0)
    p = np.exp(log_p.astype(np.float64) - top)  # a factor per example moves no weight
    weights = np.full(len(p), 1 / len(p))
    for _ in range(STEPS):
        gain = (p / (weights @ p)).mean(axis=1)
        if gain.max() - 1 <= GAP:
            break
        weights = weights * gain
    return np.asarray(weights / weights.sum(), dtype=np.float64)


def mixture(log_p: Floats, weights: Scores) -> Scores:
    """Log of the weighted mean probability: [M, N, K], [M] -> [N, K]."""
    kept = weights > 0
    terms = log_p[kept].astype(np.float64) + np.log(weights[kept])[:, None, None]
    return np.asarray(np.logaddexp.reduce(terms, axis=0))
