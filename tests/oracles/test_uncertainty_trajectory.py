"""SWAG and checkpoint ensembles: moments of a known sequence, and weights of known moments."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn.utils import parameters_to_vector

from triptych.checkpoint import Checkpoint
from triptych.training import fit
from triptych.uncertainty.base import MethodParams
from triptych.uncertainty.cost import multiply_adds
from triptych.uncertainty.models.checkpoint_ensemble import CheckpointParams, kept_after
from triptych.uncertainty.models.checkpoint_ensemble import Entry as Checkpoints
from triptych.uncertainty.models.swag import Entry as Swag
from triptych.uncertainty.models.swag import SwagParams
from triptych.uncertainty.networks import Network
from triptych.uncertainty.trajectory import Moments

META = {"kind": "images", "shape": [8, 8, 1], "n_classes": 3, "levels": 17}
RNG = np.random.default_rng(9)
CPU = torch.device("cpu")


def network() -> Network:
    torch.manual_seed(0)
    return Network([8, 8, 1], 3, 2, 4)


def moments(rank: int, sequence: np.ndarray) -> Moments:
    """Moments of a sequence of weights [n, P]."""
    found = Moments(network(), 0, 1, rank)
    size = sequence.shape[1]
    found.mean, found.square = torch.zeros(size).double(), torch.zeros(size).double()
    found.deviations = torch.zeros(rank, size).double()
    for weights in sequence:
        found.take(torch.from_numpy(weights))
    return found


def test_moments_of_a_known_sequence() -> None:
    sequence = RNG.normal(2, 3, (11, 5))
    found = moments(4, sequence)
    assert found.mean.numpy() == pytest.approx(sequence.mean(axis=0), abs=1e-12)
    assert (found.square - found.mean**2).numpy() == pytest.approx(sequence.var(axis=0), abs=1e-12)
    running = np.array([sequence[: i + 1].mean(axis=0) for i in range(11)])
    last = (sequence - running)[-4:]  # the deviations that are kept, in a ring
    kept = found.deviations.numpy()
    assert sorted(map(tuple, kept.round(12))) == sorted(map(tuple, last.round(12)))


def test_draws_have_half_of_each_covariance() -> None:
    """Cov = (Σ_diag + D Dᵀ/(K − 1)) / 2."""
    sequence = RNG.normal(0, 1, (20, 4)) @ RNG.normal(0, 1, (4, 4))
    found = moments(5, sequence)
    rng, draws = torch.Generator().manual_seed(0), 20_000
    drawn = np.stack([found.draw(rng).numpy() for _ in range(draws)])
    d = found.deviations.numpy()
    expected = (np.diag(sequence.var(axis=0)) + d.T @ d / 4) / 2
    error = np.sqrt(np.diag(expected) / draws)
    assert (np.abs(drawn.mean(axis=0) - sequence.mean(axis=0)) < 5 * error).all()
    # Entries of a normal sample covariance: variance (Σ_ii Σ_jj + Σ_ij²) / n.
    scale = np.sqrt((np.outer(np.diag(expected), np.diag(expected)) + expected**2) / draws)
    assert (np.abs(np.cov(drawn.T) - expected) < 5 * scale).all()


def test_weights_that_stand_still_have_no_spread() -> None:
    found = moments(3, np.ones((6, 4)))
    assert found.draw(torch.Generator()).numpy() == pytest.approx(np.ones(4), abs=1e-12)


# ------------------------------------------------------------------ during training


def data() -> dict[str, torch.Tensor]:
    rng = torch.Generator().manual_seed(2)
    return {"x": torch.rand(40, 1, 8, 8, generator=rng), "y": torch.arange(40) % 3}


def trained(steps: int) -> torch.Tensor:
    """Weights of the plain network after so many updates."""
    member = network()
    settings = MethodParams(steps=steps, batch_size=8)
    fit(member, data(), data(), settings, seed=("toy",), device=CPU)
    return parameters_to_vector(member.parameters()).detach()


def snapshots() -> Checkpoints:
    model = Checkpoints(
        CheckpointParams(width=2, hidden=4, steps=12, batch_size=8, members=3, start=0.5), META
    )
    model.run.network.load_state_dict(network().state_dict())
    return model


def test_members_are_the_weights_of_their_moments() -> None:
    model = snapshots()
    fit(model.run, data(), data(), model.params, seed=("toy",), device=CPU)
    assert kept_after(12, 0.5, 3) == [8, 10, 12]
    for member, steps in zip(model.run.networks(), (8, 10, 12), strict=True):
        weights = parameters_to_vector(member.parameters())
        assert torch.equal(weights, trained(steps)), steps


def test_only_the_network_itself_is_trained() -> None:
    model = snapshots()
    groups = model.run.parameter_groups()["model"]
    assert sum(p.numel() for g in groups for p in g["params"]) == sum(
        p.numel() for p in model.run.network.parameters()
    )


def test_a_run_that_ends_early_has_the_members_it_reached() -> None:
    model = snapshots()
    short = model.params.model_copy(update={"steps": 9})
    fit(model.run, data(), data(), short, seed=("toy",), device=CPU)
    assert model.evaluations_per_prediction == 2  # after 8 updates and at the end


def swag(**params: object) -> Swag:
    model = Swag(
        SwagParams(width=2, hidden=4, steps=12, batch_size=8, start=0.5, every=2, rank=3, **params),
        META,
    )
    model.run.network.load_state_dict(network().state_dict())
    return model


def test_weights_are_collected_when_they_are_due() -> None:
    model = swag()
    fit(model.run, data(), data(), model.params, seed=("toy",), device=CPU)
    with torch.no_grad():
        model.complete(data(), data())
    due = torch.stack([trained(steps) for steps in (6, 8, 10, 12)])
    assert int(model.run.count) == 4
    assert torch.allclose(model.run.mean, due.mean(dim=0), atol=1e-6)
    variance = model.run.square - model.run.mean**2
    assert torch.allclose(variance, due.var(dim=0, correction=0), atol=1e-6)


def test_a_member_is_the_network_with_drawn_weights() -> None:
    model = swag(samples=2)
    fit(model.run, data(), data(), model.params, seed=("toy",), device=CPU)
    x = data()["x"][:4]
    weights = model.run.mean + 0.01
    with torch.no_grad():
        (logits,) = model._under([model._named(weights)], x)
        torch.nn.utils.vector_to_parameters(weights, model.run.network.parameters())
        assert torch.equal(logits, model.run.network(x))


def test_networks_are_drawn_once_and_again_for_other_moments() -> None:
    model = swag(samples=3).eval()
    fit(model.run, data(), data(), model.params, seed=("toy",), device=CPU)
    x = data()["x"][:4]
    with torch.no_grad():
        first = model.member_logits(x, torch.Generator())
        assert model._drawn() is model._drawn()
        assert torch.equal(model.member_logits(x, torch.Generator()), first)
        model.run.take(model.run.mean + 1.0)
        assert not torch.equal(model.member_logits(x, torch.Generator()), first)
        fresh = swag(samples=3).eval()
        fresh.load_state_dict(model.state_dict())
        assert torch.equal(
            model.member_logits(x, torch.Generator()), fresh.member_logits(x, torch.Generator())
        )


def test_drawing_networks_is_no_part_of_a_predictions_cost() -> None:
    model = swag(samples=3).eval()
    fit(model.run, data(), data(), model.params, seed=("toy",), device=CPU)
    one = data()["x"][:1]
    assert model.prediction_cost(one) == 3 * multiply_adds(lambda: model.run.network(one))


@pytest.mark.parametrize("make", [snapshots, swag])
def test_a_killed_run_keeps_what_it_had_kept(make, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    """The state between two updates is in the checkpoint: a resumed run ends with the same bits."""
    whole, killed, resumed = make(), make(), make()
    fit(whole.run, data(), data(), whole.params, seed=("toy",), device=CPU)
    checkpoint = Checkpoint(tmp_path / "state.safetensors", "key", 0.0)

    def stop(updates: int, visit=killed.run.visit) -> None:  # type: ignore[no-untyped-def]
        if updates == 9:
            raise KeyboardInterrupt
        visit(updates)

    killed.run.visit = stop
    with pytest.raises(KeyboardInterrupt):
        fit(
            killed.run, data(), data(), whole.params, seed=("toy",), device=CPU,
            checkpoint=checkpoint,
        )  # fmt: skip
    fit(resumed.run, data(), data(), whole.params, seed=("toy",), device=CPU, checkpoint=checkpoint)
    for name, tensor in whole.run.state_dict().items():
        assert torch.equal(tensor, resumed.run.state_dict()[name]), name
