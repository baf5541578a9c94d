"""Trap 7: named aggregations, the weights of stacking, the curve of sizes; by hand, by force."""

import numpy as np
import pytest
from scipy import optimize

from triptych.metrics.aggregation import AGGREGATIONS, median, vote
from triptych.metrics.classification import accuracy, brier, negative_log_likelihood
from triptych.metrics.disagreement import split_of
from triptych.metrics.pooling import arithmetic, log_mean
from triptych.metrics.probabilities import log_softmax
from triptych.metrics.stacking import GAP, mixture, mixture_weights
from triptych.uncertainty.measures.sizes import curve

RNG = np.random.default_rng(11)


def logits(p: object) -> np.ndarray:
    """[M, K] probabilities as members on one example."""
    return np.log(np.array(p))[:, None, :]


# ------------------------------------------------------------------ 7. aggregations


def test_the_four_aggregations_differ_by_name_and_by_hand() -> None:
    members = logits([[0.6, 0.4], [0.6, 0.4], [0.01, 0.99]])
    found = {name: float(np.exp(pool(members))[0, 0]) for name, pool in AGGREGATIONS.items()}
    assert found["arithmetic"] == pytest.approx((0.6 + 0.6 + 0.01) / 3)
    odds = (1.5 * 1.5 / 99) ** (1 / 3)  # geometric mean of the odds
    assert found["geometric"] == pytest.approx(odds / (1 + odds))
    assert found["median"] == pytest.approx(0.6)
    assert found["vote"] == pytest.approx((2 + 0.5) / 4)
    # The two means follow the sure member, vote and median the majority.
    assert {name: p > 0.5 for name, p in found.items()} == {
        "arithmetic": False, "geometric": False, "median": True, "vote": True,
    }  # fmt: skip


def test_the_median_of_an_even_number_lies_between_and_sums_to_one() -> None:
    members = logits([[0.7, 0.2, 0.1], [0.1, 0.2, 0.7]])
    assert np.exp(median(members))[0] == pytest.approx(np.array([0.4, 0.2, 0.4]))
    spread = RNG.normal(0, 4, (4, 30, 5))
    assert np.exp(median(spread)).sum(axis=-1) == pytest.approx(np.ones(30), abs=1e-12)
    assert median(spread + 50) == pytest.approx(median(spread), abs=1e-9)
    assert median(spread[:1]) == pytest.approx(log_softmax(spread[0]), abs=1e-12)


def test_votes_rank_the_classes_and_leave_none_at_zero() -> None:
    members = RNG.normal(0, 4, (7, 50, 5))
    counts = (members.argmax(axis=-1)[..., None] == np.arange(5)).sum(axis=0)
    p = np.exp(vote(members))
    assert p.sum(axis=-1) == pytest.approx(np.ones(50), abs=1e-12)
    assert (p > 0).all()
    assert p * 8 - 0.2 == pytest.approx(counts, abs=1e-12)


@pytest.mark.parametrize("pool", AGGREGATIONS.values(), ids=AGGREGATIONS.keys())
def test_copies_of_one_member_predict_its_class(pool) -> None:  # type: ignore[no-untyped-def]
    one = RNG.normal(0, 3, (1, 40, 6))
    pooled = pool(np.repeat(one, 3, axis=0))
    assert (pooled.argmax(axis=-1) == one[0].argmax(axis=-1)).all()


# ------------------------------------------------------------------ stacking


def test_weights_of_two_members_are_the_best_of_a_search() -> None:
    log_p = np.log(RNG.uniform(0.05, 1, (2, 80)))

    def loss(w: float) -> float:
        return -float(np.log(w * np.exp(log_p[0]) + (1 - w) * np.exp(log_p[1])).mean())

    best = optimize.minimize_scalar(loss, bounds=(0, 1), method="bounded", options={"xatol": 1e-9})
    weights = mixture_weights(log_p)
    # The stopping rule guarantees the likelihood to within GAP of the best.
    assert loss(float(weights[0])) <= best.fun + GAP
    curvature = ((np.exp(log_p[0]) - np.exp(log_p[1])) ** 2
                 / (weights @ np.exp(log_p)) ** 2).mean()  # fmt: skip
    # A gap of δ in a parabola of that curvature is √(2δ/c) in the weight; twice that, as the
    # curvature changes along the way.
    assert weights[0] == pytest.approx(best.x, abs=2 * np.sqrt(2 * GAP / curvature))


def test_no_weights_are_ahead_by_more_than_the_gap() -> None:
    """The gradient bounds what any other mixture could gain (concavity)."""
    log_p = RNG.normal(-1, 1, (5, 200)).clip(max=0)
    weights = mixture_weights(log_p)
    assert weights.sum() == pytest.approx(1.0) and (weights >= 0).all()
    fitted = np.log(weights @ np.exp(log_p)).mean()
    for other in RNG.dirichlet(np.full(5, 0.3), 500):
        assert np.log(other @ np.exp(log_p)).mean() <= fitted + GAP


def test_a_member_that_is_always_better_gets_all_the_weight() -> None:
    log_p = np.log(np.stack([np.full(30, 0.8), np.full(30, 0.3), np.full(30, 0.2)]))
    # Its likelihood is within GAP of the sure winner's, whose lead is at least 0.5 per unit weight.
    assert mixture_weights(log_p)[0] == pytest.approx(1.0, abs=2 * GAP)


def test_equal_weights_are_the_arithmetic_mean_and_extremes_do_not_overflow() -> None:
    members = RNG.normal(0, 300, (3, 20, 4))
    mixed = mixture(log_softmax(members), np.full(3, 1 / 3))
    assert mixed == pytest.approx(arithmetic(members), abs=1e-12)
    only = mixture(log_softmax(members), np.array([0.0, 1.0, 0.0]))
    assert only == pytest.approx(log_softmax(members[1]), abs=1e-12)
    tiny = mixture_weights(np.array([[-2000.0, -1500.0], [-2001.0, -1502.0]]))
    assert tiny[0] > 0.5 and np.isfinite(tiny).all()


# ------------------------------------------------------------------ sizes


def test_the_curve_of_sizes_is_the_mean_over_circular_runs() -> None:
    members, labels = RNG.normal(0, 3, (5, 30, 4)), RNG.integers(0, 4, 30)
    found = curve(log_softmax(members), labels)
    assert list(found) == [1, 2, 3, 4, 5]
    for size, values in found.items():
        runs = [members[[(i + j) % 5 for j in range(size)]] for i in range(5)]
        pooled = [arithmetic(run) for run in runs]
        for value, score in zip(values, (negative_log_likelihood, brier, accuracy), strict=True):
            expected = np.mean([score(log_p, labels) for log_p in pooled])
            assert value == pytest.approx(expected, abs=1e-12)


def test_more_members_never_score_worse_on_average() -> None:
    """NLL and Brier are convex in the probabilities: a run lies below the mean of its parts."""
    members, labels = RNG.normal(0, 3, (10, 50, 4)), RNG.integers(0, 4, 50)
    found = curve(log_softmax(members), labels)
    for smaller, larger in ((1, 2), (2, 4), (1, 5), (5, 10), (1, 10)):
        assert found[larger][0] <= found[smaller][0] + 1e-12
        assert found[larger][1] <= found[smaller][1] + 1e-12


def test_what_is_nearly_impossible_keeps_its_likelihood() -> None:
    members = np.array([[[0.0, 800.0]], [[0.0, 810.0]], [[0.0, 790.0]]])
    nll = curve(log_softmax(members), np.array([0]))[3][0]
    # (e^-800 + e^-810 + e^-790) / 3
    assert nll == pytest.approx(790 - np.log((1 + np.exp(-10) + np.exp(-20)) / 3), abs=1e-9)


def test_a_class_that_no_member_gives_any_probability_keeps_none() -> None:
    log_p = np.array([[[0.0, -np.inf]], [[np.log(0.5), np.log(0.5)]], [[0.0, -np.inf]]])
    assert log_mean(log_p)[0] == pytest.approx(np.log([2.5 / 3, 0.5 / 3]), abs=1e-15)
    assert log_mean(log_p[[0, 2]])[0].tolist() == [0.0, -np.inf]
    assert split_of(log_p[[0, 2]]).total.tolist() == [0.0]
