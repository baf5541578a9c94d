"""Multiply-adds, counted by hand."""

import pytest
import torch

from triptych.uncertainty.base import Method, method_class
from triptych.uncertainty.cost import multiply_adds, training_multiply_adds

META = {"kind": "images", "shape": [8, 8, 1], "n_classes": 3, "levels": 17}
TINY = {"width": 4, "hidden": 8}
X = torch.rand(1, 1, 8, 8, generator=torch.Generator().manual_seed(0))
# 64 pixels × 9 × 1 × 4, 64 × 9 × 4 × 8, then 4·4·8 = 128 inputs × 8, 8 × 3.
TRUNK, HEAD = 64 * 9 * 4 + 64 * 9 * 4 * 8, 128 * 8 + 8 * 3
NETWORK = TRUNK + HEAD


def build(kind: str, **params: object) -> Method:
    torch.manual_seed(0)
    entry = method_class(kind)
    return entry(entry.Params(**{**TINY, **params}), META).eval()


def test_a_prediction_costs_its_passes() -> None:
    assert build("single").prediction_cost(X) == NETWORK
    assert build("deep_ensemble", members=4).prediction_cost(X) == 4 * NETWORK
    assert build("batch_ensemble", members=3).prediction_cost(X) == 3 * NETWORK
    # The layers below the first dropout are computed once for all masks.
    assert build("mc_dropout", samples=6).prediction_cost(X) == TRUNK + 6 * HEAD
    assert build("swag", samples=5).prediction_cost(X) == 5 * NETWORK
    # One pass, the last layer anew for each draw. Drawing it is no part of predicting an image.
    assert build("laplace", samples=5).prediction_cost(X) == TRUNK + 128 * 8 + 5 * (9 * 3)
    # One pass, 16 random features, their mean logits, and what each draw adds to those.
    process = 8 * 16 + 16 * 3 + 5 * (16 * 3)
    sngp = build("sngp", samples=5, features=16)
    assert sngp.prediction_cost(X) == TRUNK + 128 * 8 + process


@pytest.mark.parametrize("kind", ["laplace", "sngp"])
def test_draws_of_the_last_layer_cost_no_more_for_a_larger_posterior(kind: str) -> None:
    """All that grows with the number of draws is their last layers."""
    few, many = (build(kind, samples=n).prediction_cost(X) for n in (1, 101))
    width = 9 if kind == "laplace" else 256
    assert many - few == 100 * width * 3


def test_the_count_is_of_one_example_and_leaves_no_gradient() -> None:
    model = build("single")
    assert multiply_adds(lambda: model.member(X.expand(7, -1, -1, -1))) == 7 * NETWORK
    assert all(p.grad is None for p in model.parameters())


def test_training_is_three_passes_per_update_and_example() -> None:
    cost = build("single").training_cost(X, {"model": 10}, 1000)
    assert cost == 3 * 10 * 64 * NETWORK
    assert build("single").training_cost(X, {"model": 10}, 40) == 3 * 10 * 40 * NETWORK
    steps = {"member_0": 10, "member_1": 7}
    ensemble = build("deep_ensemble", members=2)
    assert ensemble.training_cost(X, steps, 1000) == 3 * 17 * 64 * NETWORK
    # Its members share a batch: a step costs what it costs the single network.
    assert build("batch_ensemble").training_cost(X, {"model": 10}, 1000) == 3 * 10 * 64 * NETWORK


def test_temperature_and_laplace_cost_the_training_of_the_single_network() -> None:
    for kind in ("temperature", "laplace", "checkpoint_ensemble", "swag"):
        cost = build(kind).training_cost(X, {"model": 400}, 1000)
        assert cost == training_multiply_adds(
            {"model": build("single").member}, {"model": 400}, 64, X
        )
