"""Confidence intervals over seeds: Student's t, widened where seeds share their data."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy import special


@dataclass(frozen=True)
class Interval:
    """A mean and its confidence interval.

    Attributes:
        mean: Mean of the values; nan where there are none.
        low: Lower end.
        high: Upper end.
        n: Number of values.
    """

    mean: float
    low: float
    high: float
    n: int


def paired_interval(
    values: Iterable[float], level: float = 0.95, test_train_ratio: float = 0.0
) -> Interval:
    """Two-sided t interval of the mean of paired effects, one per seed.

    The half-width is ``t_{n-1} s sqrt(1/n + n_test/n_train)``. With a ratio of 0 it is the textbook
    interval. Seeds that redraw hold-out sets of one small data set share most of their examples, so
    their effects are correlated (by about n_test / (n_test + n_train)) and more seeds do not shrink
    the error to 0; the second term is the correction of Nadeau and Bengio (Inference for the
    Generalization Error, Machine Learning 52, 2003).

    Values that are all equal give an interval of zero width: a deterministic effect (a count of
    network evaluations, say) was seen to repeat. One value shows no spread at all, so its interval
    is the whole line, whatever the value.

    Args:
        values: Effects, shape [n], finite, in any unit.
        level: Coverage, in (0, 1).
        test_train_ratio: n_test / n_train of repeated hold-out; 0 for a fixed split.

    Raises:
        ValueError: A value is not finite (leave diverged seeds out and say so), the level is not
            between 0 and 1, or the ratio is negative.

    Example:
        >>> paired_interval([1.0, 2.0, 3.0]).high  # 2 + 4.3027 / sqrt(3)
        4.484...
    """
    array = np.asarray(list(values), dtype=np.float64)
    if not np.isfinite(array).all():
        raise ValueError(f"expected finite effects, found {array.tolist()}")
    if not 0 < level < 1:
        raise ValueError(f"expected a level between 0 and 1, found {level}")
    if test_train_ratio < 0:
        raise ValueError(f"expected n_test / n_train >= 0, found {test_train_ratio}")
    n = len(array)
    if n == 0:
        return Interval(math.nan, -math.inf, math.inf, 0)
    if n == 1:
        return Interval(float(array[0]), -math.inf, math.inf, 1)
    if (array == array[0]).all():  # the mean of equal floats may differ from them by rounding
        return Interval(float(array[0]), float(array[0]), float(array[0]), n)
    mean = float(array.mean())
    quantile = float(special.stdtrit(n - 1, 0.5 + level / 2))
    half = quantile * float(array.std(ddof=1)) * math.sqrt(1 / n + test_train_ratio)
    return Interval(mean, mean - half, mean + half, n)


def log_ratio_interval(
    numerators: Iterable[float],
    denominators: Iterable[float],
    level: float = 0.95,
    test_train_ratio: float = 0.0,
) -> Interval:
    """Interval of a ratio of positive numbers, paired by seed, through logarithms.

    Costs spread by factors, so the mean is the geometric one and the interval is symmetric in the
    logarithm: ``exp(paired_interval(log(a / b)))``.

    Args:
        numerators: Positive values, shape [n].
        denominators: Positive values of the same seeds, shape [n].
        level: Coverage, in (0, 1).
        test_train_ratio: As for :func:`paired_interval`.

    Raises:
        ValueError: The lengths differ or a value is not positive.

    Example:
        >>> log_ratio_interval([2.0, 8.0], [1.0, 1.0]).mean
        4.0
    """
    pairs = list(zip(numerators, denominators, strict=True))
    if any(not (a > 0 and b > 0) for a, b in pairs):
        raise ValueError("expected positive numerators and denominators")
    logs = paired_interval([math.log(a / b) for a, b in pairs], level, test_train_ratio)
    return Interval(math.exp(logs.mean), math.exp(logs.low), math.exp(logs.high), logs.n)
