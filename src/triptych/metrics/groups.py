"""Groups of examples: how much worse the worst of them is than chance would make it."""

from collections.abc import Sequence

import numpy as np


def expected_worst(accuracies: Sequence[float], sizes: Sequence[int]) -> float:
    r"""Expected least accuracy of groups that all have the same.

    The least of several noisy numbers lies below their mean even where no group is worse. With the
    pooled accuracy a and group i's standard error σ_i = √(a (1 − a) / n_i),

    .. math:: a - \int_0^\infty \Big(1 - \prod_i \Phi(t/\sigma_i)\Big) dt
              + \int_{-\infty}^0 \prod_i \Phi(t/\sigma_i)\, dt

    that is a plus the mean of the least of independent normal errors.

    Args:
        accuracies: Of each group.
        sizes: Examples in each group.

    Returns:
        At most a, at least 0.
    """
    from scipy import integrate, special  # slow to load, and few evaluations have groups

    n = np.asarray(sizes, dtype=np.float64)
    pooled = float((np.asarray(accuracies) * n).sum() / n.sum())
    errors = np.sqrt(pooled * (1 - pooled) / n)
    if not errors.any():
        return pooled

    def below(t: float) -> float:  # P(all errors < t)
        return float(special.ndtr(t / errors).prod())

    reach = 10 * float(errors.max())
    above = integrate.quad(lambda t: 1 - below(t), 0, reach)[0]
    under = integrate.quad(below, -reach, 0)[0]
    return max(0.0, pooled - float(above - under))
