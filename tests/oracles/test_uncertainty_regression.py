"""Trap 18: coverage, CRPS, likelihood and mixtures of predicted normal distributions."""

import doctest
import math

import numpy as np
import pytest
from scipy import integrate, stats

from triptych.metrics import regression as r

RNG = np.random.default_rng(18)
NOMINAL = (0.5, 0.8, 0.9, 0.95)


def test_documented_examples() -> None:
    assert doctest.testmod(r).failed == 0


# ------------------------------------------------------------------ coverage


@pytest.mark.parametrize("nominal", NOMINAL)
@pytest.mark.parametrize("factor", [0.5, 1.0, 2.0])
def test_a_scale_wrong_by_k_covers_as_the_normal_law_says(nominal: float, factor: float) -> None:
    """Coverage at nominal 2Φ(z) − 1 of a standard deviation scaled by k is 2Φ(kz) − 1."""
    n = 200_000
    y = RNG.normal(2.0, 3.0, n)
    levels = np.array(r.tails(nominal))
    q = r.gaussian_quantiles(np.full(n, 2.0), np.full(n, (3.0 * factor) ** 2), levels)
    wanted = 2 * stats.norm.cdf(factor * stats.norm.ppf((1 + nominal) / 2)) - 1
    error = math.sqrt(wanted * (1 - wanted) / n)
    assert float(r.coverage(q[:, 0], q[:, 1], y)) == pytest.approx(wanted, abs=5 * error)
    exact = r.known_coverage(q[:, 0], q[:, 1], np.full(n, 2.0), np.full(n, 9.0))
    # A handful of roundings of numbers below 10.
    assert np.allclose(exact, wanted, atol=64 * 2.0**-52)


def test_half_the_scale_at_ninety_per_cent_covers_59() -> None:
    assert 2 * stats.norm.cdf(0.5 * 1.6448536) - 1 == pytest.approx(0.589, abs=5e-4)


def test_intervals_are_closed() -> None:
    assert float(r.coverage(np.array([0.0, 0.0]), np.array([1.0, 1.0]), np.array([1.0, 0.0]))) == 1


def test_the_floor_is_the_mean_gap_of_perfect_intervals() -> None:
    n, runs, nominal = 89, 20_000, 0.9
    gaps = np.abs(RNG.binomial(n, nominal, runs) / n - nominal)
    floor = r.coverage_floor(nominal, n)
    # Five standard errors, and the normal approximation of the binomial: relative 1 / (12 V) with
    # its variance V = n p (1 − p) = 8.
    tolerance = 5 * gaps.std() / math.sqrt(runs) + floor / (12 * 8)
    assert abs(gaps.mean() - floor) < tolerance


def test_coverage_says_nothing_about_where_it_errs() -> None:
    """One scale for two groups of different noise covers on average and in neither group."""
    scales = np.repeat([0.5, 2.0], 1)
    # The common scale whose 90 % interval holds 90 % of both groups together, by bisection.
    low, high = 0.5, 2.0
    for _ in range(60):
        middle = (low + high) / 2
        z = 1.6448536269514722 * middle / scales
        low, high = (middle, high) if (2 * stats.norm.cdf(z) - 1).mean() < 0.9 else (low, middle)
    bounds = stats.norm.ppf(0.95) * high * np.ones(2)
    found = r.known_coverage(-bounds, bounds, np.zeros(2), scales**2)
    assert float(found.mean()) == pytest.approx(0.9, abs=1e-9)
    assert found[0] > 0.99 and found[1] < 0.81


# ------------------------------------------------------------------ CRPS


@pytest.mark.parametrize(("mean", "scale", "y"), [(0, 1, 0), (0, 1, 2.5), (-1, 0.2, 3), (4, 7, 4)])
def test_the_closed_form_is_the_integral(mean: float, scale: float, y: float) -> None:
    """CRPS = ∫ (F(t) − [y ≤ t])² dt, by quadrature on both sides of the jump."""
    law = stats.norm(mean, scale)
    low, high = min(y, mean) - 12 * scale, max(y, mean) + 12 * scale
    below, error = integrate.quad(lambda t: law.cdf(t) ** 2, low, y, limit=200)
    above, more = integrate.quad(lambda t: law.sf(t) ** 2, y, high, limit=200)
    found = r.gaussian_crps(np.array([mean]), np.array([scale**2]), np.array([y]))
    # The tails cut off at 12 σ hold less than 1e-32.
    assert float(found) == pytest.approx(below + above, abs=error + more + 1e-12)


def test_crps_of_the_standard_normal_at_zero() -> None:
    by_hand = (math.sqrt(2) - 1) / math.sqrt(math.pi)  # 2φ(0) − 1/√π
    assert by_hand == pytest.approx(0.2337, abs=5e-5)
    found = float(r.gaussian_crps(np.zeros(1), np.ones(1), np.zeros(1)))
    assert found == pytest.approx(by_hand, abs=1e-15)


def test_twice_the_pinball_over_all_levels_is_the_crps() -> None:
    mean, variance, y = RNG.normal(0, 1, 50), RNG.uniform(0.3, 4, 50), RNG.normal(0, 2, 50)
    count = 20_000
    levels = (np.arange(count) + 0.5) / count
    q = r.gaussian_quantiles(mean, variance, levels)
    found = 2 * float(r.pinball(q, levels, y))
    # The midpoint rule misses the half cells at both ends, where |q| < 5σ: 2 · 5σ / count each,
    # and O(1/count²) between.
    assert found == pytest.approx(
        float(r.gaussian_crps(mean, variance, y)), abs=4 * 5 * 2.0 / count
    )


def test_the_true_quantile_has_the_least_pinball_loss() -> None:
    y = np.arange(1, 100, dtype=float)  # 1 … 99, each equally likely
    losses = [float(r.pinball(np.full((99, 1), q), np.array([0.7]), y)) for q in y]
    assert y[int(np.argmin(losses))] == 70  # F(69) < .7 <= F(70)


# ------------------------------------------------------------------ likelihood, PIT, mixtures


def test_nll_has_its_constants() -> None:
    mean, variance, y = RNG.normal(0, 1, 20), RNG.uniform(0.1, 5, 20), RNG.normal(0, 3, 20)
    wanted = -stats.norm.logpdf(y, mean, np.sqrt(variance)).mean()
    assert float(r.gaussian_nll(mean, variance, y)) == pytest.approx(wanted, abs=1e-13)


def test_the_divergence_is_the_nll_above_the_best() -> None:
    mean, variance = np.array([0.3, -1.0]), np.array([0.5, 3.0])
    truth, noise = np.array([0.0, -0.5]), np.array([1.0, 2.0])
    excess = []
    for m, v, t, w in zip(mean, variance, truth, noise, strict=True):
        law, best = stats.norm(m, v**0.5), stats.norm(t, w**0.5)
        excess.append(best.expect(lambda y, p=law, q=best: q.logpdf(y) - p.logpdf(y)))
    assert float(r.gaussian_divergence(mean, variance, truth, noise)) == pytest.approx(
        np.mean(excess), abs=1e-8
    )  # the quadrature's own tolerance is 1.5e-8
    assert float(r.gaussian_divergence(truth, noise, truth, noise)) == 0.0


def test_pit_of_the_true_law_is_uniform_and_of_a_narrow_one_is_not() -> None:
    y = RNG.normal(1, 2, 20_000)
    mean = np.ones_like(y)
    right = stats.kstest(r.gaussian_pit(mean, np.full_like(y, 4.0), y), "uniform")
    narrow = stats.kstest(r.gaussian_pit(mean, np.full_like(y, 1.0), y), "uniform")
    assert right.pvalue > 1e-6 and narrow.pvalue < 1e-12


def test_pit_of_quantiles_is_read_between_them() -> None:
    levels = np.array([0.25, 0.5, 0.75])
    q = np.array([[0.0, 1.0, 3.0]] * 4)
    found = r.quantile_pit(q, levels, np.array([0.0, 2.0, -9.0, 9.0]))
    assert found.tolist() == [0.25, 0.625, 0.125, 0.875]


def test_copies_add_no_variance() -> None:
    means, variances = RNG.normal(0, 1, (1, 9)), RNG.uniform(0.5, 2, (1, 9))
    mean, variance = r.mixture_moments(np.repeat(means, 5, 0), np.repeat(variances, 5, 0))
    # Means of five equal numbers: rounding only.
    assert np.allclose(mean, means[0], atol=1e-15) and np.allclose(variance, variances[0])


def test_mixture_moments_are_those_of_its_draws() -> None:
    means, variances = np.array([[-2.0], [0.0], [5.0]]), np.array([[0.1], [1.0], [4.0]])
    mean, variance = (float(v[0]) for v in r.mixture_moments(means, variances))
    # E y = (−2 + 0 + 5)/3 = 1; E y² = mean of σ² + μ² = (4.1 + 1 + 29)/3.
    assert mean == pytest.approx(1.0) and variance == pytest.approx(34.1 / 3 - 1.0)


def test_leading_axes_are_kept() -> None:
    mean, variance = RNG.normal(0, 1, (2, 3, 7)), RNG.uniform(0.5, 2, (2, 3, 7))
    y = RNG.normal(0, 1, 7)
    for score in (r.gaussian_nll, r.gaussian_crps):
        together = score(mean, variance, y)
        assert together.shape == (2, 3)
        assert together[1, 2] == score(mean[1, 2], variance[1, 2], y)
