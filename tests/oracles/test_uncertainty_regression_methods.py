"""Networks of the regression task against the scores they are measured with."""

import math

import numpy as np
import pytest
import torch

from triptych.metrics import regression as r
from triptych.uncertainty.base import HeldOut
from triptych.uncertainty.dropout import sampling
from triptych.uncertainty.models import mean_variance, mean_variance_dropout, quantile_regression
from triptych.uncertainty.regression import GaussianNetwork, QuantileNetwork
from triptych.uncertainty.regression_levels import LEVELS

META = {"kind": "table", "task": "regression", "features": ["a", "b"], "dataset": "toy", "seed": 0}
NOTHING = HeldOut(np.zeros((1, 1, 2)), np.zeros(1))
ROUNDING = 1e-5  # single precision, sums of a few hundred terms of order 1


def rows(n: int = 200) -> tuple[torch.Tensor, torch.Tensor]:
    rng = torch.Generator().manual_seed(0)
    x = torch.randn(n, 2, generator=rng)
    return x, 50 + 20 * (x[:, 0] + torch.randn(n, generator=rng))


def fitted(network: torch.nn.Module) -> torch.nn.Module:
    x, y = rows()
    network.body.trunk[0].fit(x)  # type: ignore[operator,union-attr]
    network.target.fit(y[:, None])  # type: ignore[operator,union-attr]
    return network


@torch.no_grad()
def test_training_loss_is_the_likelihood_up_to_its_constants() -> None:
    """NLL in units = loss + ½ ln 2π + ln(scale of the target), exactly."""
    torch.manual_seed(1)
    network = fitted(GaussianNetwork(2, 16))
    assert isinstance(network, GaussianNetwork)
    x, y = rows()
    found = network.in_units(network.body(x)).double().numpy()
    nll = float(r.gaussian_nll(found[:, 0], found[:, 1], y.double().numpy()))
    loss = float(network.loss({"x": x, "y": y}, torch.Generator()))
    constant = 0.5 * math.log(2 * math.pi) + math.log(float(network.target.scale))
    assert nll == pytest.approx(loss + constant, abs=ROUNDING)
    assert (found[:, 1] > 0).all()


@torch.no_grad()
def test_pinball_loss_is_the_measure_in_units_of_the_target() -> None:
    torch.manual_seed(2)
    network = fitted(QuantileNetwork(2, 16))
    assert isinstance(network, QuantileNetwork)
    x, y = rows()
    q = network.in_units(network.body(x)).double().numpy()
    measured = float(r.pinball(q, np.array(LEVELS), y.double().numpy()))
    loss = float(network.loss({"x": x, "y": y}, torch.Generator()))
    assert measured == pytest.approx(loss * float(network.target.scale), rel=ROUNDING)


@pytest.mark.parametrize("size", [0.01, 1.0, 100.0])
@torch.no_grad()
def test_quantiles_never_cross(size: float) -> None:
    torch.manual_seed(3)
    network = fitted(QuantileNetwork(2, 16))
    assert isinstance(network, QuantileNetwork)
    for parameter in network.parameters():
        parameter.mul_(size)
    q = network.in_units(network.body(1000 * torch.randn(500, 2)))
    assert (q.diff(dim=1) >= 0).all() and torch.isfinite(q).all()


@torch.no_grad()
def test_an_ensemble_of_copies_is_the_one_network() -> None:
    torch.manual_seed(4)
    entry = mean_variance.Entry(mean_variance.MeanVarianceParams(members=3, hidden=8), META)
    state = entry.members[0].state_dict()
    for member in entry.members:
        member.load_state_dict(state)
    found = entry.member_logits(rows()[0], torch.Generator()).numpy()
    combined = mean_variance.Entry.combine(None, found, NOTHING)
    assert np.allclose(combined, found[0], rtol=1e-6)


@torch.no_grad()
def test_without_dropout_every_pass_is_the_deterministic_one() -> None:
    torch.manual_seed(5)
    params = mean_variance_dropout.DropoutParams(dropout=0.0, samples=3, hidden=8)
    entry = mean_variance_dropout.Entry(params, META).eval()
    x = rows()[0]
    found = entry.member_logits(x, torch.Generator().manual_seed(0))
    alone = entry.member.in_units(entry.member.body(x))
    assert torch.equal(found, alone.expand(3, -1, -1))


@torch.no_grad()
def test_passes_differ_and_their_means_add_variance() -> None:
    torch.manual_seed(6)
    params = mean_variance_dropout.DropoutParams(dropout=0.5, samples=10, hidden=32)
    entry = mean_variance_dropout.Entry(params, META).eval()
    found = entry.member_logits(rows()[0], torch.Generator().manual_seed(0)).numpy()
    again = entry.member_logits(rows()[0], torch.Generator().manual_seed(0)).numpy()
    assert np.array_equal(found, again) and not np.array_equal(found[0], found[1])
    combined = mean_variance_dropout.Entry.combine(None, found, NOTHING)
    assert (combined[:, 1] > found[..., 1].mean(axis=0) - 1e-6).all()
    with sampling(entry.member.body.head, torch.Generator()):
        assert entry.member.body.head[0].training
    assert not entry.member.body.head[0].training


def test_quantile_predictions_are_passed_on_unchanged() -> None:
    q = np.sort(np.random.default_rng(0).normal(0, 1, (1, 7, len(LEVELS)))).astype(np.float32)
    assert np.array_equal(quantile_regression.Entry.combine(None, q, NOTHING), q[0])
