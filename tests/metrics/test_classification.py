"""Scores and disagreement: documented examples, leading axes, extreme inputs."""

import doctest

import numpy as np
import pytest

from triptych.metrics import calibration, classification, disagreement, pooling, temperature
from triptych.metrics.probabilities import log_softmax

RNG = np.random.default_rng(0)
MODULES = [calibration, classification, disagreement, pooling, temperature]


@pytest.mark.parametrize("module", MODULES, ids=lambda m: m.__name__)
def test_documented_examples(module) -> None:  # type: ignore[no-untyped-def]
    assert doctest.testmod(module).failed == 0


def test_leading_axes_are_kept() -> None:
    logits, labels = RNG.normal(size=(2, 3, 4, 50, 6)), RNG.integers(0, 6, 50)
    log_p = log_softmax(logits)
    for score in (
        classification.accuracy, classification.negative_log_likelihood, classification.brier,
    ):  # fmt: skip
        together = score(log_p, labels)
        assert together.shape == (2, 3, 4)
        for index in np.ndindex(2, 3, 4):
            assert together[index] == pytest.approx(float(score(log_p[index], labels)), abs=1e-14)
    assert pooling.arithmetic(logits).shape == (2, 3, 50, 6)
    assert disagreement.entropy_split(logits).mutual.shape == (2, 3, 50)
    assert disagreement.pairwise_disagreement(logits).shape == (2, 3)


def test_a_sure_and_wrong_prediction_costs_its_logit() -> None:
    log_p = log_softmax(np.array([[1000.0, 0.0]], np.float32))
    assert float(classification.negative_log_likelihood(log_p, np.array([1]))) == 1000.0
    confidence, correct = classification.top_label(log_p, np.array([1]))
    assert confidence.tolist() == [1.0] and correct.tolist() == [False]


def test_confidence_never_exceeds_one() -> None:
    logits = RNG.normal(0, 40, (20_000, 10)).astype(np.float32)
    confidence, _ = classification.top_label(log_softmax(logits), np.zeros(20_000, int))
    assert confidence.max() <= 1.0 and confidence.dtype == np.float64


def test_tied_classes_predict_the_first() -> None:
    log_p = np.log([[0.5, 0.5], [0.5, 0.5]])
    assert float(classification.accuracy(log_p, np.array([0, 1]))) == 0.5
