"""Traps of calibration: bin edges, bin means, top label, equal mass, the positive bias (1 to 5)."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triptych.claims.uncertainty import u07_calibration_error
from triptych.metrics import calibration as c
from triptych.metrics.classification import top_label

RNG = np.random.default_rng(20260)
ROUNDING = 1e-12


def ece(confidence: list[float], correct: list[int], bins: int, norm: c.Norm = "l1") -> float:
    diagram = c.reliability(np.array(confidence), np.array(correct, dtype=bool), bins)
    return float(c.calibration_error(diagram, norm))


# ------------------------------------------------------------------ 1. edges

# Every value by hand, bins (lower, upper], 0 in the first bin and 1 in the last.
# Where others differ: torchmetrics puts a confidence of exactly 1 into a hidden bin of its own
# (its issue 3510), which turns the first row into ½·.05 + ½·1 = .525; the code of Ovadia et al.
# 2019 counts with np.histogram, [lower, upper), but sums with np.digitize(right=True), (lower,
# upper], so that a bin may have a sum and no count, as in the third row.
TABLE = [
    # both in the last bin: conf .975, acc .5
    ([0.95, 1.0], [1, 0], 15, "l1", 0.475),
    ([1.0, 1.0], [1, 1], 15, "l1", 0.0),
    # all in (.4, .5]: conf .5, acc .75
    ([0.5, 0.5, 0.5, 0.5], [1, 0, 1, 1], 10, "l1", 0.25),
    ([0.0], [1], 15, "l1", 1.0),
    ([0.0], [0], 15, "l1", 0.0),
    ([1.0], [0], 1, "l1", 1.0),
    # (0, .5]: 2 of 5, conf .25, acc 0; (.5, 1]: 3 of 5, conf 2.05/3, acc 1
    ([0.25, 0.25, 0.55, 0.75, 0.75], [0, 0, 1, 1, 1], 2, "l1", 0.29),
    ([0.25, 0.25, 0.55, 0.75, 0.75], [0, 0, 1, 1, 1], 2, "l2", (0.025 + 0.95**2 / 15) ** 0.5),
    ([0.25, 0.25, 0.55, 0.75, 0.75], [0, 0, 1, 1, 1], 2, "max", 0.95 / 3),
    # .5 on the edge belongs below it: conf .45, acc 0 and conf .7, acc 1
    ([0.4, 0.5, 0.7], [0, 0, 1], 2, "l1", 2 / 3 * 0.45 + 1 / 3 * 0.3),
]


@pytest.mark.parametrize(("confidence", "correct", "bins", "norm", "value"), TABLE)
def test_edges(
    confidence: list[float], correct: list[int], bins: int, norm: c.Norm, value: float
) -> None:
    assert ece(confidence, correct, bins, norm) == pytest.approx(value, abs=ROUNDING)


def test_the_values_of_other_definitions_are_not_ours() -> None:
    """The two defects named above, rebuilt, give what the comment says they give."""
    confidence, correct = np.array([0.95, 1.0]), np.array([1.0, 0.0])
    hidden = np.digitize(confidence, np.linspace(0, 1, 16))  # 1.0 lands in bin 16
    gaps = [abs(correct[hidden == b].mean() - confidence[hidden == b].mean()) for b in (15, 16)]
    assert np.mean(gaps) == pytest.approx(0.525)
    confidence = np.full(4, 0.5)
    edges = np.linspace(0, 1, 11)
    counts = np.histogram(confidence, edges)[0]
    sums = np.bincount(np.digitize(confidence, edges, right=True) - 1, confidence, minlength=10)
    assert ((sums > 0) & (counts == 0)).any()


@pytest.mark.parametrize("bins", [1, 2, 3, 10, 15, 20, 30, 100])
def test_a_confidence_on_an_edge_is_in_the_bin_below(bins: int) -> None:
    # The stored edges decide: ceil(c·B) − 1 disagrees with them at some k/B.
    assert c.equal_width(c.edges(bins)[1:], bins).tolist() == list(range(bins))
    above = np.nextafter(c.edges(bins)[:-1], 2.0)
    assert c.equal_width(above, bins).tolist() == list(range(bins))


def test_float32_confidences_are_binned_in_float64() -> None:
    third = np.float32(1 / 3)  # above the float64 edge 1/3, equal to it in float32
    assert c.equal_width(np.array([third]), 3).tolist() == [1]


@pytest.mark.parametrize("wrong", [[-0.1], [1.1], [float("nan")]])
def test_confidences_outside_zero_to_one_are_refused(wrong: list[float]) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        c.equal_width(np.array(wrong), 15)


# ------------------------------------------------------------------ 2. bin means


def test_a_bin_is_compared_with_its_mean_confidence_not_its_centre() -> None:
    # Both in (.8, 1], centre .9: right every second time at a mean confidence of .82.
    assert ece([0.81, 0.83], [1, 0], 5) == pytest.approx(0.32, abs=ROUNDING)


pairs = st.lists(
    st.tuples(st.floats(0, 1, allow_subnormal=False), st.booleans()), min_size=1, max_size=60
)


@given(pairs, st.integers(1, 20))
@settings(max_examples=200, deadline=None)
def test_properties_of_the_calibration_error(values: list[tuple[float, bool]], bins: int) -> None:
    confidence = np.array([v for v, _ in values])
    correct = np.array([v for _, v in values])
    diagram = c.reliability(confidence, correct, bins)
    l1, l2, worst = (float(c.calibration_error(diagram, norm)) for norm in ("l1", "l2", "max"))
    assert diagram.count.sum() == len(values)
    assert -ROUNDING <= l1 <= l2 + ROUNDING <= worst + 2 * ROUNDING <= 1 + 3 * ROUNDING
    assert abs(correct.mean() - confidence.mean()) <= l1 + ROUNDING
    order = np.random.default_rng(0).permutation(len(values))
    for c2, y2 in (
        (confidence[order], correct[order]),
        (np.tile(confidence, 2), np.tile(correct, 2)),
    ):
        assert float(c.expected_calibration_error(c2, y2, bins)) == pytest.approx(l1, abs=1e-12)


# ------------------------------------------------------------------ 3. top label


def test_two_classes_are_scored_by_the_top_label() -> None:
    # p(y = 1) = .2 and y = 0: the prediction is class 0 with confidence .8, and right.
    confidence, correct = top_label(np.log([[0.8, 0.2]]), np.array([0]))
    assert float(c.expected_calibration_error(confidence, correct)) == pytest.approx(0.2)


@pytest.mark.parametrize("classes", [2, 3, 10])
def test_a_forecaster_that_tells_the_truth_is_calibrated(classes: int) -> None:
    n = 40_000
    p = RNG.dirichlet(np.ones(classes), n)
    labels = (p.cumsum(axis=1) > RNG.random((n, 1))).argmax(axis=1)
    confidence, correct = top_label(np.log(p), labels)
    found = float(c.expected_calibration_error(confidence, correct))
    # sd of a sum of |normal| over bins <= floor / sqrt(number of bins in use); four bins or more.
    assert found < float(c.noise_floor(confidence)) * (1 + 5 / 2)
    flipped, right = top_label(np.log(p[:, ::-1]), labels)  # the same numbers for the wrong classes
    if classes == 2:
        assert float(c.expected_calibration_error(flipped, right)) == pytest.approx(
            float(2 * confidence.mean() - 1), abs=0.02
        )  # it is right with 1 − c where it says c


def test_sure_and_wrong_is_one_sure_and_right_is_zero() -> None:
    sure = np.array([[0.0, -800.0]] * 7)
    for labels, value in ((np.zeros(7, int), 0.0), (np.ones(7, int), 1.0)):
        assert float(c.expected_calibration_error(*top_label(sure, labels))) == value


# ------------------------------------------------------------------ 4. equal mass


def test_equal_mass_is_equal_width_for_uniform_confidences() -> None:
    confidence = (np.arange(60) + 0.5) / 60
    assert (c.equal_mass(confidence, 15) == c.equal_width(confidence, 15)).all()


def test_equal_mass_keeps_ties_together_in_any_order() -> None:
    confidence = np.array([0.2, 0.9, 0.9, 0.9, 0.9, 0.3, 0.9, 0.5])
    correct = np.array([1, 0, 1, 1, 0, 0, 1, 1], dtype=bool)
    index = c.equal_mass(confidence, 4)
    assert len(set(index[confidence == 0.9])) == 1
    values = set()
    for seed in range(20):
        order = np.random.default_rng(seed).permutation(8)
        diagram = c.reliability(
            confidence[order], correct[order], 4, c.equal_mass(confidence[order], 4)
        )
        values.add(round(float(c.calibration_error(diagram)), 12))
    assert len(values) == 1


def test_fewer_examples_than_bins_is_no_nan() -> None:
    confidence, correct = np.array([0.2, 0.7, 0.9]), np.array([False, True, True])
    index = c.equal_mass(confidence, 15)
    assert len(set(index.tolist())) == 3
    diagram = c.reliability(confidence, correct, 15, index)
    assert float(c.calibration_error(diagram)) == pytest.approx((0.2 + 0.3 + 0.1) / 3)
    assert float(c.expected_calibration_error(confidence, correct)) == pytest.approx(0.2)


# ------------------------------------------------------------------ 5. the bias


def forecasts(shape: str, n: int) -> np.ndarray:
    runs = 400
    return RNG.random((runs, n)) if shape == "uniform" else RNG.beta(9, 1, (runs, n))


@pytest.mark.parametrize(("shape", "n"), [("uniform", 1000), ("uniform", 10_000), ("beta", 10_000)])
def test_the_noise_floor_is_the_ece_of_a_calibrated_forecaster(shape: str, n: int) -> None:
    confidence = forecasts(shape, n)
    correct = RNG.random(confidence.shape) < confidence
    found = c.expected_calibration_error(confidence, correct)
    floor = c.noise_floor(confidence)
    # Five standard errors of the mean over runs, and 3 % because the mean absolute deviation of a
    # binomial differs from the normal's by a relative 1 / (12 V) or so, V its variance: V > 2 in
    # the least populated bin of the smallest case.
    tolerance = 5 * found.std() / np.sqrt(len(found)) + 0.03 * floor.mean()
    assert abs(found.mean() - floor.mean()) < tolerance
    assert found.mean() > 0.5 * floor.mean()


def test_the_floor_falls_with_the_square_root_of_n() -> None:
    confidence = RNG.beta(9, 1, 500)
    once, four = c.noise_floor(confidence), c.noise_floor(np.tile(confidence, 4))
    assert float(once / four) == pytest.approx(2.0, abs=1e-12)


def test_the_floor_of_sure_forecasts_is_zero() -> None:
    assert float(c.noise_floor(np.array([0.0, 1.0, 1.0]))) == 0.0


def test_the_debiased_square_is_zero_on_average_and_the_plain_one_is_not() -> None:
    confidence = forecasts("uniform", 360)
    correct = RNG.random(confidence.shape) < confidence
    diagram = c.reliability(confidence, correct, 15)
    debiased = c.debiased_squared_error(diagram)
    plain = c.calibration_error(diagram, "l2") ** 2
    # Five standard errors, and what mixing confidences inside a bin leaves: the true variance of
    # acc is mean c(1 − c), the estimate's expectation mean c (1 − mean c); they differ by the
    # variance of c in a bin, (1/15)²/12, over n_b, here summed to 15 · (1/15)²/12 / 360.
    tolerance = 5 * debiased.std() / np.sqrt(len(debiased)) + 15 * (1 / 15) ** 2 / 12 / 360
    assert abs(debiased.mean()) < tolerance
    assert plain.mean() > 10 * abs(debiased.mean())


def test_the_debiased_square_leaves_single_examples_out() -> None:
    diagram = c.reliability(np.array([0.3, 0.9]), np.array([True, False]), 10)
    assert float(c.debiased_squared_error(diagram)) == 0.0


def test_claim_u07_holds() -> None:
    checks = u07_calibration_error.check()
    assert len(checks) == 3
    assert all(check.discrepancy <= check.tolerance for check in checks)


def test_many_models_at_once_are_the_same_as_one_at_a_time() -> None:
    confidence, correct = RNG.random((3, 4, 50)), RNG.random((3, 4, 50)) < 0.5
    together = c.expected_calibration_error(confidence, correct, 7)
    floors = c.noise_floor(confidence, 7)
    masses = c.equal_mass(confidence, 7)
    for i, j in np.ndindex(3, 4):
        assert together[i, j] == c.expected_calibration_error(confidence[i, j], correct[i, j], 7)
        assert floors[i, j] == c.noise_floor(confidence[i, j], 7)
        assert (masses[i, j] == c.equal_mass(confidence[i, j], 7)).all()
