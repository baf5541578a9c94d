"""The calibration error without bins, and what libraries say of confidences on the edges."""

import doctest

import numpy as np
import pytest
import torch
from sklearn.calibration import calibration_curve

from triptych.metrics import calibration as c
from triptych.metrics import smooth_calibration as smooth
from triptych.metrics.smooth_calibration import smooth_calibration_error

RNG = np.random.default_rng(5)
# Linear sharing over a grid of step h = 1/1024 moves a residual's mass by a kernel of width h; the
# smoothed residual is wrong by (h/σ)²/12 relative, and σ here is 0.01 or more.
QUADRATURE = (1 / smooth.GRID / 0.01) ** 2 / 12 + 2.0**-smooth.STEPS


def test_documented_examples() -> None:
    assert doctest.testmod(smooth).failed == 0


@pytest.mark.parametrize("confidence", [0.0, 0.3, 0.7412, 1.0])
def test_one_confidence_errs_by_its_gap(confidence: float) -> None:
    """All residuals in one place: |acc − c| whatever the width, ends of the interval included."""
    correct = np.array([True, False, True, True])
    found = smooth_calibration_error(np.full(4, confidence), correct)
    assert found == pytest.approx(abs(0.75 - confidence), abs=2 * 2.0**-smooth.STEPS)


def test_against_the_definition_by_quadrature() -> None:
    """The reflected Gaussian written out, integrated on a fine grid, the width by a root search."""
    n = 200
    confidence = RNG.beta(4, 2, n)
    correct = RNG.random(n) < np.clip(confidence - 0.12, 0, 1)
    t = (np.arange(4000) + 0.5) / 4000

    def error(width: float) -> float:
        total = np.zeros_like(t)
        for shift in range(-3, 4):  # images of the unit interval at its ends
            for sign in (1, -1):
                gap = (t[:, None] - (sign * confidence + 2 * shift)) / width
                kernel = np.exp(-(gap**2) / 2) / (width * np.sqrt(2 * np.pi))
                total += kernel @ (correct - confidence) / n
        return float(np.abs(total).mean())

    low, high = 0.0, 1.0
    for _ in range(20):
        middle = (low + high) / 2
        low, high = (middle, high) if error(middle) > middle else (low, middle)
    assert smooth_calibration_error(confidence, correct) == pytest.approx(
        high, abs=2.0**-20 + QUADRATURE
    )


def test_over_all_bounds() -> None:
    for _ in range(20):
        n = int(RNG.integers(1, 80))
        confidence, correct = RNG.random(n), RNG.random(n) < 0.5
        found = smooth_calibration_error(confidence, correct)
        assert abs(correct.mean() - confidence.mean()) <= found + QUADRATURE
        assert found <= 1.0
        order = RNG.permutation(n)
        twice = smooth_calibration_error(np.tile(confidence[order], 2), np.tile(correct[order], 2))
        assert twice == pytest.approx(found, abs=4 * 2.0**-smooth.STEPS)


def test_calibrated_forecasts_err_less_with_more_of_them() -> None:
    def mean(n: int) -> float:
        found = []
        for _ in range(20):
            confidence = RNG.beta(9, 1, n)
            found.append(smooth_calibration_error(confidence, RNG.random(n) < confidence))
        return float(np.mean(found))

    few, many = mean(100), mean(6400)
    assert many < 0.5 * few  # N^(-1/3) at the worst: 64^(1/3) = 4 times less


def test_an_edge_of_a_bin_is_no_place_to_jump() -> None:
    """Moved by 1e-9 over the edge between two bins the binned error jumps, the smooth one not."""
    correct = np.array([True] * 30 + [False] * 30)
    at = np.concatenate([np.full(30, 0.6), np.full(30, 0.6)])
    beside = np.concatenate([np.full(30, 0.6), np.full(30, 0.6 + 1e-9)])
    binned = [float(c.expected_calibration_error(x, correct, 10)) for x in (at, beside)]
    assert abs(binned[1] - binned[0]) > 0.3
    unbinned = [smooth_calibration_error(x, correct) for x in (at, beside)]
    assert unbinned[0] == pytest.approx(unbinned[1], abs=1e-6)


@pytest.mark.parametrize("wrong", [[-0.1], [1.1], [float("nan")]])
def test_confidences_outside_zero_to_one_are_refused(wrong: list[float]) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        smooth_calibration_error(np.array(wrong), np.array([True]))


# ------------------------------------------------------------------ libraries (trap 1)

# 0, 1 and every edge of ten bins among the confidences. By hand, bins (lower, upper]: bin 1 holds
# 0 and .1, bin 5 holds .5 and .45, bin 10 holds 1, 1 and .95.
EDGES = (
    np.array([0.0, 0.1, 0.5, 0.45, 1.0, 1.0, 0.95]),
    np.array([False, True, True, False, True, False, True]),
)
# |1/2 − .05|·2/7 + |1/2 − .475|·2/7 + |2/3 − 2.95/3|·3/7
BY_HAND = (2 * 0.45 + 2 * 0.025 + 0.95) / 7


def test_the_table_with_zero_one_and_edges() -> None:
    assert float(c.expected_calibration_error(*EDGES, 10)) == pytest.approx(BY_HAND, abs=1e-15)


def test_scikit_learn_bins_as_we_do() -> None:
    """`calibration_curve` has bins (lower, upper] with both ends inside; it gives no counts."""
    share, mean = calibration_curve(EDGES[1], EDGES[0], n_bins=10)
    diagram = c.reliability(*EDGES, 10)
    used = diagram.count > 0
    assert np.allclose(share, diagram.accuracy[used]) and np.allclose(
        mean, diagram.confidence[used]
    )


def test_torchmetrics_would_put_one_in_a_hidden_bin() -> None:
    """Its rule, ``bucketize(right=True) − 1``: bins [lower, upper), 1 in an eleventh (issue 3510).

    In seven predictions: bin 1 holds 0; bin 2 .1; bin 5 .45; bin 6 .5; bin 10 .95; bin 11 both
    ones.
    """
    confidence = torch.from_numpy(EDGES[0])
    boundaries = torch.linspace(0, 1, 11, dtype=torch.float64)
    index = (torch.bucketize(confidence, boundaries, right=True) - 1).numpy()
    assert index.max() == 10
    theirs = c.calibration_error(c.reliability(*EDGES, 11, index))
    assert float(theirs) == pytest.approx((0 + 0.9 + 0.45 + 0.5 + 0.05 + 2 * 0.5) / 7, abs=1e-15)
    assert abs(float(theirs) - BY_HAND) > 0.1
    # Before, without ``right=True``, bins were ours but for 0, whose index was −1 (issue 1646).
    before = (torch.bucketize(confidence, boundaries) - 1).numpy()
    ours = c.equal_width(EDGES[0], 10)
    assert before[0] == -1 and (before[1:] == ours[1:]).all()


def test_the_code_of_ovadia_et_al_counts_in_other_bins_than_it_averages() -> None:
    """`np.histogram` counts in [lower, upper), `np.digitize(right=True)` sums in (lower, upper].

    Four predictions of exactly .5 are counted in bin 6 and averaged in bin 5: the mean of an empty
    bin is nan, where the error is |.75 − .5|.
    """
    confidence, correct = np.full(4, 0.5), np.array([1, 0, 1, 1])
    counts, edges = np.histogram(confidence, bins=10, range=(0.0, 1.0))
    place = np.digitize(confidence, edges, right=True) - 1
    assert counts.argmax() == 5 and set(place.tolist()) == {4}
    assert float(c.expected_calibration_error(confidence, correct == 1, 10)) == 0.25
