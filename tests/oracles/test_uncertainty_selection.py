"""Trap 13 for the detection of errors: direction, ties, which class is positive; risk-coverage."""

import doctest
import math
from itertools import permutations

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics as sk

from triptych.metrics import selection as s

RNG = np.random.default_rng(13)


def case(n: int, levels: int = 0) -> tuple[np.ndarray, np.ndarray]:
    score = RNG.random(n) if not levels else RNG.integers(0, levels, n) / levels
    return score, RNG.random(n) < 0.3 + 0.4 * score


def test_documented_examples() -> None:
    assert doctest.testmod(s).failed == 0


@pytest.mark.parametrize("levels", [0, 2, 5])
def test_areas_are_those_of_the_library(levels: int) -> None:
    for _ in range(20):
        score, positive = case(60, levels)
        assert s.auroc(score, positive) == pytest.approx(
            sk.roc_auc_score(positive, score), abs=1e-12
        )
        assert s.aupr(score, positive) == pytest.approx(
            sk.average_precision_score(positive, score), abs=1e-12
        )


def test_direction_and_ties() -> None:
    score, positive = case(50)
    assert s.auroc(-score, positive) == pytest.approx(1 - s.auroc(score, positive), abs=1e-12)
    assert s.auroc(np.zeros(50), positive) == 0.5
    assert s.auroc(positive.astype(float), positive) == 1.0
    prevalence = float(positive.mean())
    assert s.aupr(np.zeros(50), positive) == pytest.approx(prevalence)  # a score that says nothing


@pytest.mark.parametrize("distance", [0.0, 1.0, 3.0])
def test_two_normal_laws(distance: float) -> None:
    """N(d, 1) against N(0, 1): Φ(d/√2), and the FPR at recall .95 is Φ(1.645 − d)."""
    n = 20_000
    score = np.concatenate([RNG.normal(0, 1, n), RNG.normal(distance, 1, n)])
    positive = np.arange(2 * n) >= n
    # The variance of the rank sum is largest, (2n + 1) / (12 n²), where the laws agree.
    error = math.sqrt((2 * n + 1) / (12 * n**2))
    wanted = stats.norm.cdf(distance / math.sqrt(2))
    assert s.auroc(score, positive) == pytest.approx(wanted, abs=5 * error)
    rate = stats.norm.cdf(1.6448536 - distance)
    # A share of n negatives, and a threshold from a quantile of n positives moved by the ratio of
    # the two densities there.
    threshold = distance - 1.6448536
    slope = stats.norm.pdf(threshold) / stats.norm.pdf(threshold - distance)
    error = math.sqrt(rate * (1 - rate) / n) + slope * math.sqrt(0.95 * 0.05 / n)
    found = s.false_positive_rate(score, positive)
    assert found == pytest.approx(rate, abs=5 * error)


def test_false_positives_at_a_recall_that_is_hit_exactly() -> None:
    # 20 positives: the 19 highest are above both negatives but one; the last is below everything.
    score = np.concatenate([np.arange(100, 81, -1.0), [0.0], [90.5, 50.0]])
    positive = np.array([True] * 20 + [False] * 2)
    assert s.false_positive_rate(score, positive) == 0.5
    assert s.false_positive_rate(score, positive, 1.0) == 1.0


def test_undefined_without_one_of_the_two() -> None:
    score = np.array([0.1, 0.9])
    for marks in (np.zeros(2, bool), np.ones(2, bool)):
        assert math.isnan(s.auroc(score, marks))
        assert math.isnan(s.false_positive_rate(score, marks))
    assert math.isnan(s.aupr(score, np.zeros(2, bool)))
    assert s.aupr(score, np.ones(2, bool)) == 1.0


def test_risk_coverage_by_hand() -> None:
    confidence, wrong = np.array([0.9, 0.5, 0.7, 0.6]), np.array([False, True, True, False])
    # Surest first: right, wrong, right, wrong.
    assert s.risk_coverage(confidence, wrong).tolist() == pytest.approx([0, 1 / 2, 1 / 3, 2 / 4])
    assert s.aurc(confidence, wrong) == pytest.approx((0 + 1 / 2 + 1 / 3 + 1 / 2) / 4)
    # Best: both wrong ones last, 0 0 1/3 1/2.
    assert s.least_aurc(wrong) == pytest.approx((1 / 3 + 1 / 2) / 4)


def test_ties_are_the_mean_over_all_orders() -> None:
    confidence = np.array([0.9, 0.5, 0.5, 0.5, 0.2])
    wrong = np.array([True, True, False, False, True])
    curves = []
    for order in permutations((1, 2, 3)):
        ranked = wrong[[0, *order, 4]].astype(float)
        curves.append(np.cumsum(ranked) / np.arange(1, 6))
    assert np.allclose(s.risk_coverage(confidence, wrong), np.mean(curves, axis=0), atol=1e-14)
    shuffled = np.array([3, 0, 4, 1, 2])
    assert s.aurc(confidence[shuffled], wrong[shuffled]) == pytest.approx(
        s.aurc(confidence, wrong), abs=1e-15
    )


def test_a_confidence_that_says_nothing_has_the_error_rate() -> None:
    wrong = RNG.random(40) < 0.25
    assert s.aurc(np.ones(40), wrong) == pytest.approx(wrong.mean())
    assert s.least_aurc(wrong) <= s.aurc(RNG.random(40), wrong)
    assert s.aurc(np.ones(40), np.zeros(40, bool)) == 0.0
