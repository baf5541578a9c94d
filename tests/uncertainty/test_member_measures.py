"""Measures of several members: aggregations, sizes, diversity, scores at the own temperature."""

import numpy as np
import pytest

from triptych.metrics.classification import negative_log_likelihood
from triptych.metrics.function_space import mean_distance, principal_map
from triptych.metrics.pooling import arithmetic
from triptych.metrics.probabilities import log_softmax
from triptych.metrics.temperature import NEUTRAL, UNDETERMINED, Temperature, fit_temperature
from triptych.uncertainty import outputs
from triptych.uncertainty.measures import (
    aggregations,
    calibrated,
    decisions,
    detection,
    diversity,
    members,
    scores,
    sizes,
)
from triptych.uncertainty.measures.base import Named, Number, Prediction
from triptych.uncertainty.models.deep_ensemble import EnsembleParams

RNG = np.random.default_rng(17)


def prediction(count: int = 5, n: int = 60, **more: object) -> Prediction:
    logits = RNG.normal(0, 2, (count, n, 4)).astype(np.float32)
    labels = RNG.integers(0, 4, n)
    return Prediction(logits, arithmetic(logits), labels, 15, **more)  # type: ignore[arg-type]


def by_name(found: list[Number]) -> dict[str, float]:
    assert len({n.metric for n in found}) == len(found)
    return {n.metric: n.value for n in found}


def test_one_member_has_nothing_to_combine_or_dispute() -> None:
    alone = prediction(1)
    assert aggregations.measure(alone) == sizes.measure(alone) == diversity.measure(alone) == []


def far(**more: object) -> Prediction:
    """Inputs far from the data, with a clean test part beside them."""
    near = prediction(**more)
    return prediction(named=Named("noise", "", "out-of-distribution", near, near), **more)


def test_members_of_different_kinds_have_no_sizes() -> None:
    assert sizes.measure(prediction(exchangeable=False)) == []


def test_members_that_are_weighted_dispute_nothing() -> None:
    """Equal shares are not what stacking predicts: their dispute may exceed its whole entropy."""
    mixed = prediction(2, exchangeable=False)
    assert by_name(members.measure(mixed)).keys() == {"predictive_entropy"}
    assert diversity.measure(mixed) == []
    assert detection.scores(mixed).keys() == {"max_probability", "entropy"}
    assert not any("mutual" in n.metric for n in detection.measure(far(exchangeable=False)))
    alike = prediction(2)
    assert {"mutual_information", "disagreement"} <= by_name(members.measure(alike)).keys()
    assert "mutual_information" in detection.scores(alike)
    facts = {"borders": [0.0, 1.0, 0.0, 1.0], "points": np.zeros((1, 3))}
    for asked, drawn in ((mixed, False), (alike, True)):
        named = Named("plane", "", "picture", asked, asked, facts=facts)
        shown = Prediction(
            asked.members, asked.log_p, asked.labels, 15, named, exchangeable=asked.exchangeable
        )
        assert ("plane_mutual" in outputs.surfaces(shown)) == drawn


def test_numbers_of_the_mixture_say_so_where_the_prediction_is_another_pool() -> None:
    text = "the prediction itself is their geometric aggregation"
    for pool, said in (("arithmetic", False), ("geometric", True)):
        params = EnsembleParams(members=5, aggregation=pool)
        split = {n.metric: n.protocol for n in members.measure(prediction(params=params))}
        for metric in ("expected_entropy", "mutual_information"):
            assert (text in split[metric]) == said and "arithmetic mean" in split[metric]
        found = {n.metric: n.protocol for n in detection.measure(far(params=params))}
        for score in ("auroc", "aupr", "fpr95"):
            assert (text in found[f"{score}/mutual_information"]) == said
            assert text not in found[f"{score}/entropy"]


def test_far_inputs_say_how_sure_one_is_at_least() -> None:
    """Of four classes one has 1/4 at least; and no confidence is below it."""
    found = by_name(detection.measure(far()))
    assert found["least_confidence"] == 0.25 <= found["mean_confidence"]


def test_the_whole_ensemble_is_the_last_size_and_the_arithmetic_aggregation() -> None:
    asked = prediction()
    nll = float(negative_log_likelihood(asked.log_p, asked.labels))
    assert by_name(sizes.measure(asked))["nll_of_size/k=5"] == pytest.approx(nll, abs=1e-12)
    assert by_name(aggregations.measure(asked))["nll_aggregated/arithmetic"] == pytest.approx(nll)


def test_what_is_read_at_the_mean_alone_is_not_recorded_for_every_corruption() -> None:
    asked = prediction()
    at_the_mean = (aggregations, sizes, diversity)
    assert not any(n.by_kind for module in at_the_mean for n in module.measure(asked))
    assert {n.metric for n in scores.measure(asked) if n.by_kind} == {"accuracy", "nll", "brier"}


def test_distance_and_disagreement_by_hand() -> None:
    """Two sure members, of the same class on one image of two: distance and disagreement 1/2."""
    logits = np.array([[[900.0, 0.0], [900.0, 0.0]], [[900.0, 0.0], [0.0, 900.0]]])
    asked = Prediction(logits, arithmetic(logits), np.array([0, 0]), 15)
    found = by_name(diversity.measure(asked))
    assert found["members_distance"] == pytest.approx(0.5)
    assert found["accuracy_members"] == pytest.approx(0.75)
    assert found["normalised_disagreement"] == pytest.approx(0.5 / 0.25)


def test_members_without_any_error_have_no_ratio() -> None:
    logits = np.repeat(np.array([[[5.0, 0.0]]]), 3, axis=0)
    asked = Prediction(logits, arithmetic(logits), np.array([0]), 15)
    assert np.isnan(by_name(diversity.measure(asked))["normalised_disagreement"])


def test_the_distance_is_a_metric_of_pairs() -> None:
    p = RNG.dirichlet(np.ones(4), (3, 20))
    pairs = [mean_distance(p[[i, j]]) for i, j in ((0, 1), (0, 2), (1, 2))]
    assert mean_distance(p) == pytest.approx(np.mean(pairs))
    assert pairs[0] <= pairs[1] + pairs[2]
    assert mean_distance(np.repeat(p[:1], 4, axis=0)) == 0.0


# ------------------------------------------------------------------ 6, 8. at the own temperature


def test_scores_at_the_own_temperature_undo_a_scale() -> None:
    """A method whose logits are three times too large scores as if they were not."""
    asked = prediction(1, n=4000)
    z = 1.5 * asked.log_p
    labels = (np.exp(log_softmax(z)).cumsum(axis=1) > RNG.random((4000, 1))).argmax(axis=1)
    fitted = fit_temperature(log_softmax(3 * z), labels)
    loud = Prediction(asked.members, log_softmax(3 * z), labels, 15, temperature=fitted)
    found = by_name(calibrated.measure(loud))
    assert found["temperature"] == fitted.value
    # Fitted on these very labels, T can only score lower than the truth does.
    best = float(negative_log_likelihood(log_softmax(z), labels))
    assert best - 0.01 < found["nll_calibrated"] <= best


def test_a_neutral_temperature_changes_nothing() -> None:
    asked = prediction(temperature=NEUTRAL)
    found = by_name(calibrated.measure(asked))
    assert found["nll_calibrated"] == pytest.approx(
        float(negative_log_likelihood(asked.log_p, asked.labels)), abs=1e-12
    )


@pytest.mark.parametrize("fitted", [UNDETERMINED, Temperature(20.0, True), NEUTRAL])
def test_every_number_at_a_bounded_temperature_says_so(fitted: Temperature) -> None:
    asked = prediction(dataset="breast_cancer", temperature=fitted)
    found = calibrated.measure(asked)
    assert {n.metric for n in found} == {"nll_calibrated", "ece_calibrated", "temperature"}
    tempered = [n for n in decisions.measure(asked) if n.metric.startswith("decision_cost_temp")]
    assert len(tempered) == 2
    ends = "the validation part does not determine it", "on the upper bound of the search"
    for number in (*found, *tempered):
        said = [end for end in ends if end in number.protocol]
        assert said == [end for end in ends if end in fitted.note]
    plain = [n for n in decisions.measure(asked) if not n.metric.startswith("decision_cost_temp")]
    assert not any(end in n.protocol for n in plain for end in ends)


def test_an_undetermined_temperature_leaves_the_scores_alone() -> None:
    asked = prediction(temperature=UNDETERMINED)
    found = by_name(calibrated.measure(asked))
    nll = float(negative_log_likelihood(asked.log_p, asked.labels))
    assert found["nll_calibrated"] == pytest.approx(nll, abs=1e-12)


# ------------------------------------------------------------------ the map


def test_the_map_keeps_distances_that_two_axes_can_hold() -> None:
    flat = RNG.normal(size=(12, 2)) @ RNG.normal(size=(2, 30)) + 5
    places, share = principal_map(flat)
    before = np.linalg.norm(flat[:, None] - flat[None], axis=-1)
    after = np.linalg.norm(places[:, None] - places[None], axis=-1)
    assert after == pytest.approx(before, abs=1e-9)
    assert share.sum() == pytest.approx(1.0) and share[0] >= share[1]


def test_the_map_does_not_depend_on_the_order_of_the_members() -> None:
    points = RNG.normal(size=(9, 20))
    order = RNG.permutation(9)
    assert principal_map(points[order])[0] == pytest.approx(principal_map(points)[0][order])
