"""Trap 9: Monte Carlo dropout, against its closed form on a linear network."""

import numpy as np
import pytest
import torch
from torch import nn

from triptych.uncertainty.dropout import sampling
from triptych.uncertainty.models.mc_dropout import DropoutParams, Entry

META = {"shape": [8, 8, 1], "n_classes": 10, "levels": 17}


def model(dropout: float, samples: int) -> Entry:
    torch.manual_seed(0)
    params = DropoutParams(width=4, hidden=16, dropout=dropout, samples=samples)
    return Entry(params, META).eval()


def images(n: int) -> torch.Tensor:
    return torch.rand(n, 1, 8, 8, generator=torch.Generator().manual_seed(1))


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_a_linear_network_has_the_mean_and_variance_of_its_masks() -> None:
    p, passes = 0.3, 40_000
    linear = nn.Sequential(nn.Dropout(p), nn.Linear(5, 1, bias=False)).double()
    x = torch.tensor([[0.5, -1.0, 2.0, 0.1, 0.7]], dtype=torch.double)
    w = linear[1].weight[0]
    with torch.no_grad(), sampling(linear, rng()):
        draws = linear(x.expand(passes, -1))[:, 0]
    w = w.detach()
    mean = float((w * x[0]).sum())
    variance = float((w**2 * x[0] ** 2).sum() * p / (1 - p))
    # Five standard errors of a mean and of a variance; the sum of five bounded terms has kurtosis
    # below 3 + 1 / (p (1 − p)) < 8, so Var(s²) < 7 σ⁴ / n.
    assert float(draws.mean()) == pytest.approx(mean, abs=5 * np.sqrt(variance / passes))
    assert float(draws.var()) == pytest.approx(variance, abs=5 * np.sqrt(7 / passes) * variance)


def test_batch_normalisation_is_left_alone() -> None:
    network = nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.Dropout(0.5), nn.Linear(6, 2))
    network.train()
    network(torch.randn(32, 4, generator=rng()))  # some statistics
    network.eval()
    before = {k: v.clone() for k, v in network.state_dict().items()}
    x = torch.randn(8, 4, generator=rng(1)) + 5.0  # shifted data must not enter the statistics
    with torch.no_grad(), sampling(network, rng()):
        hidden = network[1](network[0](x))
        network(x)
    assert all(torch.equal(v, before[k]) for k, v in network.state_dict().items())
    assert torch.equal(hidden, network[1](network[0](x)))  # running statistics, not the batch's


def test_modes_and_the_global_stream_are_put_back() -> None:
    network = nn.Sequential(nn.Dropout(0.5), nn.Linear(4, 2), nn.Dropout1d(0.2))
    network.train()
    network[1].eval()
    torch.manual_seed(3)
    expected = torch.rand(3)
    torch.manual_seed(3)
    with sampling(network, rng()):
        assert network[0].training and network[2].training and not network[1].training
        network(torch.ones(2, 4))
    assert torch.equal(torch.rand(3), expected)
    assert network.training and network[0].training and not network[1].training


def test_without_dropout_every_pass_is_the_deterministic_network() -> None:
    entry, x = model(0.0, 3), images(6)
    with torch.no_grad():
        logits = entry.member_logits(x, rng())
        assert torch.equal(logits, entry.member(x).expand(3, -1, -1))


def test_passes_and_images_have_masks_of_their_own() -> None:
    entry = model(0.5, 4)
    x = images(1).expand(5, -1, -1, -1)  # five copies of one image
    with torch.no_grad():
        logits = entry.member_logits(x, rng())
    assert logits.shape == (4, 5, 10)
    assert len(torch.unique(logits.reshape(20, 10), dim=0)) == 20
    with torch.no_grad():
        assert torch.equal(logits, entry.member_logits(x, rng()))  # the generator decides
        assert not torch.equal(logits, entry.member_logits(x, rng(1)))


def test_an_image_is_not_moved_by_its_batch_mates() -> None:
    entry, x = model(0.0, 2), images(64)
    with torch.no_grad():
        together = entry.member_logits(x, rng())
        alone = torch.cat([entry.member_logits(x[i : i + 1], rng()) for i in range(64)], dim=1)
    # Convolutions of other batch sizes may add in another order: float32 rounding of sums of a few
    # hundred terms of order 1.
    assert torch.allclose(together, alone, atol=1e-5)


def test_shared_features_are_the_whole_network() -> None:
    """Computing the layers below the dropout once gives what a full pass with that mask gives."""
    entry, x = model(0.4, 1), images(3)
    with torch.no_grad():
        logits = entry.member_logits(x, rng())
        with sampling(entry.member, rng()):
            full = entry.member(x)
    assert torch.equal(logits[0], full)
