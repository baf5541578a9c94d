"""Traps 7, 8 and 10: pool probabilities and not logits, Jensen, the conventions of Brier."""

import numpy as np
import pytest

from triptych.claims.uncertainty import u16_one_prediction
from triptych.metrics.calibration import expected_calibration_error
from triptych.metrics.classification import brier, negative_log_likelihood, top_label
from triptych.metrics.disagreement import (
    entropy,
    entropy_split,
    normalised_disagreement,
    pairwise_disagreement,
)
from triptych.metrics.pooling import POOLS, arithmetic, geometric
from triptych.metrics.probabilities import log_softmax

RNG = np.random.default_rng(8)


def logit(p: float) -> list[float]:
    return [np.log(p), np.log(1 - p)]


PAIR = np.array([[logit(0.99)], [logit(0.5)]])  # two members, one example, class 0 likely


# ------------------------------------------------------------------ 7. pooling


def test_probabilities_are_averaged_and_logits_are_not() -> None:
    assert np.exp(arithmetic(PAIR))[0, 0] == pytest.approx(0.745, abs=1e-12)
    # The mean logit is ln(99)/2: sigmoid = √99 / (1 + √99) = .9087.
    assert np.exp(geometric(PAIR))[0, 0] == pytest.approx(99**0.5 / (1 + 99**0.5), abs=1e-12)


@pytest.mark.parametrize("pool", POOLS.values(), ids=POOLS.keys())
def test_pools_are_distributions_unmoved_by_order_copies_and_constants(pool) -> None:  # type: ignore[no-untyped-def]
    logits = RNG.normal(0, 5, (4, 20, 6))
    pooled = pool(logits)
    assert np.exp(pooled).sum(axis=-1) == pytest.approx(1.0, abs=1e-12)
    assert pool(logits[::-1]) == pytest.approx(pooled, abs=1e-12)
    assert pool(logits + 100.0) == pytest.approx(pooled, abs=1e-9)
    assert pool(np.repeat(logits, 2, axis=0)) == pytest.approx(pooled, abs=1e-12)
    assert pool(logits[:1]) == pytest.approx(log_softmax(logits[0]), abs=1e-12)


def test_extreme_logits_do_not_overflow() -> None:
    logits = np.array([[[1e4, 0.0]], [[0.0, 1e4]]])
    assert np.exp(arithmetic(logits)) == pytest.approx(np.array([[0.5, 0.5]]))


# ------------------------------------------------------------------ 8. Jensen


def test_nll_of_the_mean_is_below_the_mean_nll() -> None:
    labels = np.array([0])
    assert float(negative_log_likelihood(arithmetic(PAIR), labels)) == pytest.approx(-np.log(0.745))
    members = negative_log_likelihood(log_softmax(PAIR), labels)
    assert float(members.mean()) == pytest.approx(-(np.log(0.99) + np.log(0.5)) / 2)
    logits, labels = RNG.normal(0, 3, (5, 300, 10)), RNG.integers(0, 10, 300)
    for score in (negative_log_likelihood, brier):
        assert score(arithmetic(logits), labels) < score(log_softmax(logits), labels).mean()


def test_the_mean_of_calibrated_members_is_underconfident() -> None:
    # Each member sees independent evidence on a fair coin and is calibrated alone; their mean says
    # less than they know together. Members see y ± noise: log-odds 2(y + σε)/σ², y = ±1.
    n, members, sigma = 20_000, 4, 1.5
    y = RNG.choice([-1.0, 1.0], n)
    odds = 2 * (y + sigma * RNG.normal(size=(members, n))) / sigma**2
    logits = np.stack([np.zeros_like(odds), odds], axis=-1)
    labels = (y > 0).astype(np.int64)
    confidence, correct = top_label(log_softmax(logits), labels)
    floor = np.sqrt(2 / np.pi * 15 * 0.25 / n)  # above every member's noise floor
    assert (expected_calibration_error(confidence, correct) < 3 * floor).all()
    confidence, correct = top_label(arithmetic(logits), labels)
    assert correct.mean() - confidence.mean() > 0.05


# ------------------------------------------------------------------ 10. Brier


def test_brier_is_the_sum_form() -> None:
    log_p, labels = np.log([[0.7, 0.2, 0.1]]), np.array([0])
    score = float(brier(log_p, labels))
    assert score == pytest.approx(0.09 + 0.04 + 0.01)
    # The two other conventions, for readers of other papers: mean over K, and without the +1.
    assert score / 3 == pytest.approx(0.14 / 3)
    assert score - 1 == pytest.approx(-0.86)


@pytest.mark.parametrize("classes", [2, 3, 10])
def test_brier_of_the_uniform_forecast_and_of_the_extremes(classes: int) -> None:
    labels = np.arange(classes)
    uniform = np.full((classes, classes), -np.log(classes))
    assert float(brier(uniform, labels)) == pytest.approx(1 - 1 / classes)
    sure = log_softmax(1e4 * np.eye(classes))
    assert float(brier(sure, labels)) == 0.0
    assert float(brier(sure, (labels + 1) % classes)) == 2.0


# ------------------------------------------------------------------ entropies and disagreement


def test_claim_u16_holds() -> None:
    checks = u16_one_prediction.check()
    assert len(checks) == 5
    assert all(check.discrepancy <= check.tolerance for check in checks)


def test_entropy_split_of_opposites_and_copies() -> None:
    opposite = entropy_split(np.array([[[900.0, 0.0]], [[0.0, 900.0]]]))
    assert float(opposite.mutual[0]) == pytest.approx(np.log(2))
    assert float(opposite.expected[0]) == pytest.approx(0.0, abs=1e-12)
    same = entropy_split(np.zeros((3, 1, 4)))
    assert float(same.total[0]) == pytest.approx(np.log(4))
    assert float(same.mutual[0]) == pytest.approx(0.0, abs=1e-12)
    assert float(entropy(np.log([[0.5, 0.25, 0.25]]))[0]) == pytest.approx(1.5 * np.log(2))


def test_disagreement_counts_pairs() -> None:
    votes = np.array([[0, 1], [0, 1], [1, 1]])  # [M, N]
    logits = np.eye(3)[votes]
    # Example 0: of three pairs two disagree; example 1: none.
    assert float(pairwise_disagreement(logits)) == pytest.approx((2 / 3 + 0) / 2)
    # Labels (0, 1): member errors 0, 0, 1/2.
    assert float(normalised_disagreement(logits, np.array([0, 1]))) == pytest.approx((1 / 3) * 6)
    copies = np.repeat(logits[:1], 4, axis=0)
    assert float(pairwise_disagreement(copies)) == 0.0
    assert np.isnan(normalised_disagreement(copies, np.array([0, 1])))
    with pytest.raises(ValueError, match="two members"):
        pairwise_disagreement(logits[:1])


def test_independent_predictors_disagree_by_chance() -> None:
    p = np.array([0.5, 0.3, 0.2])
    n = 40_000
    logits = np.eye(3)[RNG.choice(3, (2, n), p=p)]
    chance = 1 - (p**2).sum()
    bound = 5 * np.sqrt(chance * (1 - chance) / n)  # binomial, five standard errors
    assert abs(float(pairwise_disagreement(logits)) - chance) < bound
