"""Trap 6: temperature, fitted once on held-out logits, one number above 0."""

import numpy as np
import pytest

from triptych.metrics.classification import negative_log_likelihood
from triptych.metrics.probabilities import log_softmax
from triptych.metrics.temperature import BOUNDS, NEUTRAL, UNDETERMINED, fit_temperature

RNG = np.random.default_rng(7)
N, K = 20_000, 10


def truthful(n: int = N) -> tuple[np.ndarray, np.ndarray]:
    """Logits and labels drawn from their own softmax."""
    logits = RNG.normal(0, 2, (n, K))
    p = np.exp(log_softmax(logits))
    return logits, (p.cumsum(axis=1) > RNG.random((n, 1))).argmax(axis=1)


@pytest.mark.parametrize("factor", [0.3, 1.0, 3.0])
def test_logits_scaled_by_k_have_temperature_k(factor: float) -> None:
    logits, labels = truthful()
    fitted = fit_temperature(factor * logits, labels)
    # Fisher information of β = 1/T at the truth: N · E[Var_p(z)]; the relative error of T is that
    # of β. Five standard errors.
    z, p = factor * logits, np.exp(log_softmax(logits))
    variance = (p * z**2).sum(axis=1) - (p * z).sum(axis=1) ** 2
    relative = 5 * factor / np.sqrt(N * variance.mean())
    assert fitted.value == pytest.approx(factor, rel=relative)
    assert not fitted.bounded and not fitted.note


def test_the_fit_is_the_stationary_point_and_no_worse_than_before() -> None:
    logits, labels = truthful(2000)
    logits = 2.5 * logits
    before = logits.argmax(axis=1)
    fitted = fit_temperature(logits, labels)
    log_p = log_softmax(logits / fitted.value)
    right = logits[np.arange(len(labels)), labels].mean()
    expected = (np.exp(log_p) * logits).sum(axis=1).mean()
    # β is found to 1e-12; the slope's own slope is E[Var_p(z)], about 20 here.
    assert right == pytest.approx(expected, abs=1e-10)
    assert (log_p.argmax(axis=1) == before).all()
    assert negative_log_likelihood(log_p, labels) < negative_log_likelihood(
        log_softmax(logits), labels
    )


def test_a_perfectly_separated_set_is_bounded_and_says_so() -> None:
    """The likelihood rises as T → 0: there is no estimate, and probabilities stay as they are."""
    fitted = fit_temperature(3.0 * np.eye(K), np.arange(K))
    assert fitted == UNDETERMINED != NEUTRAL
    assert fitted.value == 1.0 and fitted.bounded
    assert fitted.note == "the validation part does not determine it: T = 1"


@pytest.mark.parametrize("margin", [1e-9, 0.1, 1.0, 1.8, 2.0, 40.0])
def test_rounding_makes_no_temperature_of_a_separated_set(margin: float) -> None:
    """However near the wrong classes are, and however large the logits themselves."""
    for offset in (-30.0, 0.0, 1e3):
        logits = RNG.uniform(-5, 0, (200, K))
        labels = RNG.integers(0, K, 200)
        logits[np.arange(200), labels] = logits.max(axis=1) + margin
        assert fit_temperature(logits + offset, labels) == UNDETERMINED


def test_one_mistake_determines_a_temperature() -> None:
    """Two classes, N margins m, one of them on the wrong side, q = σ(m/T).

    The slope is m/N (q − (N − 1)(1 − q)), its root q = 1 − 1/N, so that m/T = ln(N − 1).
    """
    n, margin = 50, 3.0
    logits = np.tile([margin, 0.0], (n, 1))
    labels = np.zeros(n, np.int64)
    labels[7] = 1
    fitted = fit_temperature(logits, labels)
    assert fitted.value == pytest.approx(margin / np.log(n - 1), rel=1e-9)
    assert not fitted.bounded


def test_a_set_that_is_always_wrong_is_bounded_and_says_so() -> None:
    fitted = fit_temperature(3.0 * np.eye(K), (np.arange(K) + 1) % K)
    assert fitted == type(fitted)(BOUNDS[1], True)
    assert fitted.note == "on the upper bound of the search"
