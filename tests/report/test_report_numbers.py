import math

import pytest

from triptych.report import numbers


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.012345, "0.0123"), (1234.5, "1234"), (-0.5, "−0.500"), (0.0, "0"), (math.nan, "–"),
        (None, "–"), (math.inf, "∞"), (-math.inf, "−∞"), (2e-9, "2·10⁻⁹"), (-1.5e12, "−1.5·10¹²"),
        (999.9, "1000"),
    ],
)  # fmt: skip
def test_significant(value: float | None, text: str) -> None:
    assert numbers.significant(value) == text


@pytest.mark.parametrize(
    ("mean", "spread", "n", "text"),
    [
        (0.95678, 0.0123, 5, "0.957 ± 0.012"),
        (64.0, 0.0, 5, "64"),
        (0.95678, 0.0, 1, "0.957"),
        (12.3456, 4.56, 5, "12.3 ± 4.6"),
        (1234.5, 56.0, 5, "1234 ± 56"),
        (2e-5, 1.5e-6, 5, "(2.00 ± 0.15)·10⁻⁵"),
        (0.999985, 4.9e-5, 5, "0.999985 ± 0.000049"),
        (2.5e8, 3.1e6, 5, "(2.500 ± 0.031)·10⁸"),
        (1.0, 1e-8, 5, "1.00 ± 1·10⁻⁸"),
        (0.42, 5.9e-17, 10, "0.420"),
        (0.0, 0.0, 10, "0"),
        (math.nan, 1.0, 5, "–"),
    ],
)
def test_plus_minus(mean: float, spread: float, n: int, text: str) -> None:
    assert numbers.plus_minus(mean, spread, n) == text


def test_interval_without_ends_is_the_effect_alone() -> None:
    assert numbers.interval(0.25, 0.2, 0.3) == "0.250 [0.200, 0.300]"
    assert numbers.interval(0.25, math.nan, math.nan) == "0.250"
    assert numbers.interval(0.25, -math.inf, math.inf) == "0.250 [−∞, ∞]"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0123, "0.012 s"), (59.4, "59.4 s"), (75, "1 min 15 s"), (4000, "1 h 7 min")],
)
def test_duration(seconds: float, text: str) -> None:
    assert numbers.duration(seconds) == text
