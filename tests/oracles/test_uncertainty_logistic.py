"""Logistic regression: the optimum by its equations, and against the library."""

import numpy as np
import pytest
from scipy import special
from sklearn.linear_model import LogisticRegression

from triptych.uncertainty.models.logistic_regression import optimum

RNG = np.random.default_rng(0)


def case(classes: int, n: int = 120, columns: int = 4) -> tuple[np.ndarray, np.ndarray]:
    y = np.arange(n) % classes
    return RNG.normal(0, 1, (n, columns)) + 0.8 * RNG.normal(0, 1, (classes, columns))[y], y


@pytest.mark.parametrize("classes", [2, 3, 5])
@pytest.mark.parametrize("penalty", [0.1, 1.0, 30.0])
def test_the_gradient_vanishes(classes: int, penalty: float) -> None:
    """Σ (p_i − y_i) x_iᵀ + λW = 0 and Σ (p_i − y_i) = 0: the mean prediction is the class share."""
    x, y = case(classes)
    weight, bias = optimum(x, y, classes, penalty)
    gap = special.softmax(x @ weight.T + bias, axis=1) - np.eye(classes)[y]
    # The solver stops at a gradient of 1e-6, or where the objective no longer moves (1e-14 of it:
    # a gradient of about √(1e-14 · 100 · curvature 100) = 1e-5).
    assert np.abs(gap.T @ x + penalty * weight).max() < 1e-3
    assert np.abs(gap.sum(axis=0)).max() < 1e-3
    assert abs(bias.sum()) < 1e-12


@pytest.mark.parametrize("classes", [3, 5])
def test_probabilities_are_the_library_s(classes: int) -> None:
    x, y = case(classes)
    weight, bias = optimum(x, y, classes, 1.0)
    theirs = LogisticRegression(C=1.0, tol=1e-8, max_iter=2000).fit(x, y).predict_proba(x)
    ours = special.softmax(x @ weight.T + bias, axis=1)
    # Both gradients below 1e-4, the curvature at least the penalty 1: weights agree to 1e-4 · √N.
    assert np.abs(ours - theirs).max() < 2e-3


def test_a_strong_penalty_leaves_the_class_shares() -> None:
    x, y = case(2, n=100)
    y[:30] = 0
    weight, bias = optimum(x, y, 2, 1e7)
    assert np.abs(weight).max() < 1e-4
    shares = np.bincount(y) / len(y)
    assert np.allclose(special.softmax(bias), shares, atol=1e-3)
