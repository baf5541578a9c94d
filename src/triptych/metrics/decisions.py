"""Decisions under a table of costs: which action is best at which probability, and what it costs.

The deck's table for a disease, with q the predicted probability of being diseased:

==========  =======  ========  =======================
action      healthy  diseased  expected cost
==========  =======  ========  =======================
healthy     0        10        10 q
diseased    1        0         1 − q
abstain     0.5      0.5       0.5
==========  =======  ========  =======================

Abstaining beats "healthy" where 0.5 < 10 q, that is q > 0.05, and "diseased" where 0.5 < 1 − q,
that is q < 0.5. The best rule says healthy below 0.05, diseased above 0.5 and abstains between.
Without abstention 10 q = 1 − q puts the one threshold at 1/11: the more probable class is the wrong
answer for every q between 1/11 and 1/2.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from triptych.metrics.probabilities import Floats, Scores

Actions = NDArray[np.int64]
Costs = NDArray[np.float64]

HEALTHY, DISEASED, ABSTAIN = 0, 1, 2
TABLE: Costs = np.array([[0.0, 10.0], [1.0, 0.0], [0.5, 0.5]])  # [action, truth]


class Thresholds(NamedTuple):
    """Probabilities of disease at which the best action changes."""

    healthy_below: float
    diseased_above: float


def with_price(price: float, table: Costs = TABLE) -> Costs:
    """The table with another price of abstaining."""
    changed = table.copy()
    changed[ABSTAIN] = price
    return changed


def thresholds(table: Costs = TABLE) -> Thresholds:
    """Where the best action changes, for a table that costs nothing when the answer is right.

    Equal to each other where abstaining costs so much that it is never best.

    Example:
        >>> tuple(round(q, 6) for q in thresholds())
        (0.05, 0.5)
    """
    missed, alarm = table[HEALTHY, 1], table[DISEASED, 0]
    price = table[ABSTAIN, 0]
    low, high = price / missed, 1 - price / alarm
    if low >= high:  # abstaining is never cheaper than the better of the two answers
        low = high = alarm / (alarm + missed)
    return Thresholds(float(low), float(high))


def expected_costs(q: Floats, table: Costs = TABLE) -> Scores:
    """Expected cost of every action: probabilities of disease [...] -> [..., actions]."""
    p = np.stack([1 - q, q], axis=-1).astype(np.float64)
    return np.asarray(p @ table.T)


def best_action(q: Floats, table: Costs = TABLE, *, abstain: bool = True) -> Actions:
    """The action of least expected cost (Bayes' rule); of equal ones the first of the table.

    Args:
        q: Probability of disease, [...].
        table: Costs [action, truth], the last action abstains.
        abstain: Whether abstaining is allowed.

    Returns:
        Index of the action, [...].

    Example:
        >>> best_action(np.array([0.04, 0.06, 0.49, 0.51])).tolist()
        [0, 2, 2, 1]
    """
    options = expected_costs(q, table if abstain else table[:ABSTAIN])
    return np.asarray(options.argmin(axis=-1), dtype=np.int64)


def more_probable(q: Floats) -> Actions:
    """The rule that ignores the costs: the class of larger probability."""
    return np.asarray(q > 0.5, dtype=np.int64)


def realised_cost(actions: Actions, diseased: NDArray[np.bool_], table: Costs = TABLE) -> Scores:
    """Mean cost of actions under the truth: [..., N], [N] -> [...]."""
    return np.asarray(table[actions, diseased.astype(np.int64)].mean(axis=-1))


def predicted_cost(q: Floats, actions: Actions, table: Costs = TABLE) -> Scores:
    """Mean cost that the probabilities themselves predict of the actions: [..., N] -> [...]."""
    chosen = np.take_along_axis(expected_costs(q, table), actions[..., None], axis=-1)
    return np.asarray(chosen[..., 0].mean(axis=-1))
