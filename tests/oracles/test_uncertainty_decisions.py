"""Trap 14: decisions under the deck's table of costs, by enumeration."""

import doctest
import math

import numpy as np
import pytest

from triptych.metrics import decisions as d

GRID = np.arange(0, 100_001) / 100_000  # every multiple of 1e-5
RNG = np.random.default_rng(14)


def test_documented_examples() -> None:
    assert doctest.testmod(d).failed == 0


def by_hand(q: float) -> dict[str, float]:
    """Expected costs, written out from the deck's table."""
    return {"healthy": 10 * q, "diseased": 1 * (1 - q), "abstain": 0.5}


def test_the_rule_is_the_cheapest_action_at_every_probability() -> None:
    names = ("healthy", "diseased", "abstain")
    for q, action in zip(GRID[::7], d.best_action(GRID[::7]), strict=True):
        costs = by_hand(q)
        assert costs[names[action]] <= min(costs.values()) + 1e-12


def test_the_thresholds_are_five_hundredths_and_a_half() -> None:
    actions = d.best_action(GRID)
    for action, low, high in ((d.HEALTHY, 0.0, 0.05), (d.ABSTAIN, 0.05, 0.5), (d.DISEASED, 0.5, 1)):
        found = GRID[actions == action]
        # On a threshold two actions cost the same: either side of the tie by one step of the grid.
        assert found.min() == pytest.approx(low, abs=1.01e-5)
        assert found.max() == pytest.approx(high, abs=1.01e-5)
    assert d.thresholds() == pytest.approx((0.05, 0.5), abs=1e-15)


def test_a_tie_goes_to_the_first_action_of_the_table() -> None:
    table = np.array([[0.0, 1.0], [1.0, 0.0], [0.5, 0.5]])
    assert d.best_action(np.array([0.5]), table).tolist() == [d.HEALTHY]
    assert d.best_action(np.array([0.5]), table, abstain=False).tolist() == [d.HEALTHY]


def test_without_abstention_the_threshold_is_one_in_eleven() -> None:
    diseased = GRID[d.best_action(GRID, abstain=False) == d.DISEASED]
    assert diseased.min() == pytest.approx(1 / 11, abs=1.01e-5)
    # The more probable class costs ten times as much just below one half.
    q = np.array([0.4999])
    naive, best = d.more_probable(q), d.best_action(q, abstain=False)
    ratio = d.predicted_cost(q, naive) / d.predicted_cost(q, best)
    assert float(ratio) == pytest.approx(10 * 0.4999 / 0.5001)


@pytest.mark.parametrize("price", [0.0, 0.1, 0.5, 0.9, 10 / 11, 0.95, 1.0, 4.0])
def test_thresholds_at_other_prices(price: float) -> None:
    table = d.with_price(price)
    low, high = d.thresholds(table)
    q = GRID.copy()
    actions = d.best_action(q, table)
    inside = (q > low + 1e-5) & (q < high - 1e-5)
    assert (actions[inside] == d.ABSTAIN).all()
    assert (actions[q < low - 1e-5] == d.HEALTHY).all()
    assert (actions[q > high + 1e-5] == d.DISEASED).all()
    assert d.TABLE[d.ABSTAIN].tolist() == [0.5, 0.5]  # the deck's table is not changed
    if price >= 10 / 11:  # 10 q = 1 − q costs 10/11: nothing is gained by abstaining any more
        assert (low, high) == pytest.approx((1 / 11, 1 / 11))


def test_no_fixed_action_is_expected_to_be_cheaper() -> None:
    q = RNG.random(500)
    best = float(d.predicted_cost(q, d.best_action(q)))
    always = [
        float(d.predicted_cost(q, np.full(500, action)))
        for action in (d.HEALTHY, d.DISEASED, d.ABSTAIN)
    ]
    assert best <= min(always)
    assert best <= float(d.predicted_cost(q, d.best_action(q, abstain=False)))


def test_calibrated_probabilities_predict_their_cost() -> None:
    n = 100_000
    q = RNG.beta(0.5, 1.5, n)
    diseased = RNG.random(n) < q
    for abstain in (True, False):
        actions = d.best_action(q, abstain=abstain)
        chosen = d.TABLE[actions]
        variance = (q * (1 - q) * (chosen[:, 1] - chosen[:, 0]) ** 2).mean()
        # Five standard errors of a mean of independent costs with these variances.
        assert float(d.realised_cost(actions, diseased)) == pytest.approx(
            float(d.predicted_cost(q, actions)), abs=5 * math.sqrt(variance / n)
        )


def test_overconfidence_pays_where_knowing_would_abstain() -> None:
    """Log-odds three times too large: realised costs rise, predicted ones fall."""
    n = 100_000
    q = RNG.beta(0.5, 1.5, n)
    diseased = RNG.random(n) < q
    odds = (q / (1 - q)) ** 3
    sure = odds / (1 + odds)
    honest, boastful = (d.best_action(p) for p in (q, sure))
    assert float(d.realised_cost(boastful, diseased)) > 1.2 * float(
        d.realised_cost(honest, diseased)
    )
    assert float(d.predicted_cost(sure, boastful)) < float(d.predicted_cost(q, honest))


def test_realised_costs_are_looked_up() -> None:
    actions = np.array([d.HEALTHY, d.HEALTHY, d.DISEASED, d.DISEASED, d.ABSTAIN, d.ABSTAIN])
    diseased = np.array([False, True, False, True, False, True])
    assert float(d.realised_cost(actions, diseased)) == pytest.approx((0 + 10 + 1 + 0 + 1) / 6)
