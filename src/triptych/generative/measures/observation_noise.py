"""What becomes of the likelihood as the noise η of the decoder shrinks to nothing."""

from typing import Protocol, cast, runtime_checkable

import torch
from torch import Tensor

from triptych.generative.latent import GaussianEncoder
from triptych.generative.measures.base import Measured, Trained
from triptych.generative.observation import bits_per_dim
from triptych.optimisers import adam
from triptych.records import Kind

IMPORTANCE = 10  # draws of z per image in the bound
SEARCH_STEPS = 200  # of Adam, for the code under which an image is likeliest
SEARCH_RATE = 0.05


@runtime_checkable
class NoisyDensity(Protocol):
    """A density that is exact at any noise of the decoder."""

    def density_with_noise(self, x: Tensor, deviation: float | None = None) -> Tensor:
        """Log of density × bin volume, nats [N]; ``deviation`` replaces the fitted σ."""
        ...


def measure(trained: Trained) -> Measured:
    """Bits/dim of test images at every η, all else as trained; exact, or a bound and a floor."""
    out = Measured()
    x = trained.test_images(trained.params.likelihood_examples)
    model, scales = trained.model, sorted(trained.params.noise_deviations, reverse=True)
    if isinstance(model, NoisyDensity):
        for eta in scales:
            what = "exact Gaussian density at the centre of the level, times its volume"
            _add(trained, out, "noise_bits", eta, model.density_with_noise(x, eta), "exact", what)
    elif isinstance(model, GaussianEncoder) and model.optimises_bound and model.deviation:
        _bounds(trained, model, x, scales, out)
    return out


def _bounds(
    trained: Trained, model: GaussianEncoder, x: Tensor, scales: list[float], out: Measured
) -> None:
    for eta in scales:
        # The same draws at every η: the curve shows η alone.
        nats = model.importance_weighted_bounds(
            x, [IMPORTANCE], trained.rng("observation noise"), eta
        )[0]
        what = f"importance-weighted bound, K={IMPORTANCE}"
        _add(trained, out, "noise_bits", eta, nats, "upper bound", what)
    few = x[: trained.params.inference_examples]
    z = likeliest_codes(model, few, min(scales))
    for eta in scales:
        with torch.no_grad():
            nats = model.log_observation(few, z, eta)
        what = (
            f"largest log p(x|z) found over z ({SEARCH_STEPS} steps at η = {min(scales):g}), which "
            "log p(x), a mean of p(x|z), cannot exceed"
        )
        _add(trained, out, "noise_floor_bits", eta, nats, "estimate", what)


def likeliest_codes(model: GaussianEncoder, x: Tensor, eta: float) -> Tensor:
    """The z [N, latent] of the largest log p(x|z) at noise ``eta``, from the encoder's mean."""
    z = model.posterior(x)[0].detach().contiguous().requires_grad_(True)
    optimiser = adam([z], SEARCH_RATE)
    best, value = z.detach().clone(), torch.full((len(x),), -torch.inf, device=x.device)
    for _ in range(SEARCH_STEPS):
        log_p = model.log_observation(x, z, eta)
        wins = log_p.detach() > value
        best = torch.where(wins[:, None], z.detach(), best)
        value = torch.where(wins, log_p.detach(), value)
        (z.grad,) = torch.autograd.grad(-log_p.sum(), z)
        optimiser.step()
    return best


def _add(
    trained: Trained, out: Measured, metric: str, eta: float, nats: Tensor, kind: Kind, what: str
) -> None:
    bits = float(cast("Tensor", bits_per_dim(nats.double().mean(), trained.model.dimensions)))
    out.records.append(
        trained.record(
            f"{metric}/eta={eta:g}", bits, "bits/dim", kind, len(nats),
            f"{what}; decoder noise set to η, pixels in [−1, 1]; {trained.split_rule}",
        )
    )  # fmt: skip
