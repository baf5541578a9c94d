import math

import numpy as np
import pytest
from scipy import stats

from triptych.metrics.intervals import log_ratio_interval, paired_interval

# Two degrees of freedom have a closed form: t = q sqrt(2 / (1 − q²)) at coverage q.
T2 = 0.95 * math.sqrt(2 / (1 - 0.95**2))  # 4.3027


def test_three_values_by_hand() -> None:
    # mean 2, s = 1, half-width t / sqrt(3)
    interval = paired_interval([1.0, 2.0, 3.0])
    assert interval.n == 3
    assert interval.mean == 2.0
    assert interval.high - 2.0 == pytest.approx(T2 / math.sqrt(3), rel=1e-11)
    assert 2.0 - interval.low == pytest.approx(interval.high - 2.0, rel=1e-12)


def test_library_agrees() -> None:
    values = np.random.default_rng(0).normal(size=9)
    expected = stats.ttest_1samp(values, 0).confidence_interval(0.9)
    interval = paired_interval(values, level=0.9)
    assert (interval.low, interval.high) == pytest.approx((expected.low, expected.high), rel=1e-12)


def test_hold_out_correction_by_hand() -> None:
    # n = 4, n_test / n_train = 1/4: the variance factor 1/4 + 1/4 doubles, the width takes sqrt 2
    values = [0.0, 1.0, 0.0, 1.0]
    plain, corrected = paired_interval(values), paired_interval(values, test_train_ratio=0.25)
    assert corrected.mean == plain.mean
    ratio = (corrected.high - corrected.low) / (plain.high - plain.low)
    assert ratio == pytest.approx(math.sqrt(2), rel=1e-12)


def test_more_seeds_cannot_shrink_a_repeated_hold_out_to_nothing() -> None:
    values = np.tile([0.0, 1.0], 50_000)
    limit = stats.norm.ppf(0.975) * 0.5 * math.sqrt(0.25)
    interval = paired_interval(values, test_train_ratio=0.25)
    # 1/n = 1e-5 beside 0.25, t against normal quantile 1e-5: relative error below 1e-4
    assert interval.high - interval.mean == pytest.approx(limit, rel=1e-4)


def test_one_value_bounds_nothing() -> None:
    interval = paired_interval([3.0])
    assert (interval.mean, interval.low, interval.high) == (3.0, -math.inf, math.inf)


def test_no_value() -> None:
    interval = paired_interval([])
    assert math.isnan(interval.mean)
    assert (interval.low, interval.high, interval.n) == (-math.inf, math.inf, 0)


def test_equal_values_have_no_width_although_their_mean_rounds() -> None:
    interval = paired_interval([0.1, 0.1, 0.1])  # np.mean gives 0.10000000000000002 for some n
    assert (interval.low, interval.mean, interval.high) == (0.1, 0.1, 0.1)


def test_log_ratio_of_powers_of_two() -> None:
    # logs: ln 2, ln 4, ln 8; mean ln 4, s = ln 2
    interval = log_ratio_interval([2.0, 4.0, 8.0], [1.0, 1.0, 1.0])
    assert interval.mean == pytest.approx(4.0, rel=1e-12)
    expected = 4.0 * 2.0 ** (T2 / math.sqrt(3))
    assert interval.high == pytest.approx(expected, rel=1e-10)


def test_log_ratio_of_one_pair() -> None:
    interval = log_ratio_interval([2.0], [1.0])
    assert (interval.low, interval.high) == (0.0, math.inf)


@pytest.mark.parametrize(
    "call",
    [
        lambda: paired_interval([1.0, math.nan]),
        lambda: paired_interval([1.0, 2.0], level=95),
        lambda: paired_interval([1.0, 2.0], test_train_ratio=-0.1),
        lambda: log_ratio_interval([1.0], [0.0]),
        lambda: log_ratio_interval([1.0, 2.0], [1.0]),
    ],
)
def test_wrong_arguments(call) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError):
        call()
