"""Bits per dimension of held-out images, with its kind, its bounds and its terms."""

from typing import cast

import torch
from torch import Tensor

from triptych.generative.base import Density, LatentVariable, Likelihood, NamedBound
from triptych.generative.latent import GaussianEncoder, evidence_lower_bound, noise
from triptych.generative.measures.base import Measured, Trained
from triptych.generative.observation import bits_per_dim
from triptych.records import Kind
from triptych.training import predict_in_batches

BOUND_DRAWS = 100  # of z per image for E_q[log p(x|z)], beside a KL in closed form
CHUNK = 100  # images in one pass


def measure(trained: Trained) -> Measured:
    """Bits/dim of the test images; per-example nats are kept, bounds and terms named."""
    out = Measured()
    x = trained.test_images(trained.params.likelihood_examples)
    found = _likelihood(trained, x, out)
    if found is None:
        return out
    # A lower bound on log p is an upper bound on the codelength.
    kind: Kind = "upper bound" if found.kind == "lower bound" else found.kind
    protocol = f"{found.protocol}; {trained.model.levels} levels; {trained.split_rule}"
    bits = _bits(trained, found.nats)
    out.records.append(trained.record("bits_per_dim", bits, "bits/dim", kind, len(x), protocol))
    out.arrays["log_likelihood"] = found.nats.cpu().numpy()
    return out


def _likelihood(trained: Trained, x: Tensor, out: Measured) -> Likelihood | None:
    """The tightest likelihood that the model has, its parts recorded on the way."""
    model = trained.model
    if isinstance(model, LatentVariable):
        return _bounds(trained, model, x, out)
    if isinstance(model, NamedBound):
        return _terms(trained, model, x, out)
    if isinstance(model, Density):
        return model.log_likelihood(x, trained.rng("likelihood"))
    return None


def _bounds(trained: Trained, model: LatentVariable, x: Tensor, out: Measured) -> Likelihood:
    samples = sorted(trained.params.importance_samples)
    bounds = model.importance_weighted_bounds(x, samples, trained.rng("likelihood"))
    protocol = f"mean over test images of L_K, {samples[-1]} draws per image; {trained.split_rule}"
    for k, values in zip(samples, bounds, strict=True):
        value = float(values.mean())
        out.records.append(
            trained.record(f"iw_bound/k={k}", value, "nats", "lower bound", len(x), protocol)
        )
    gap = float((bounds[-1] - bounds[0]).mean())
    what = f"L_{samples[-1]} − L_{samples[0]}, a lower bound on KL(q(z|x) ‖ p(z|x))"
    out.records.append(
        trained.record(
            "bound_gap", gap, "nats", "lower bound", len(x), f"{what}; {trained.split_rule}"
        )
    )
    out.arrays["iw_bounds"] = bounds.cpu().numpy()
    if isinstance(model, GaussianEncoder):
        bound = _bound_with_exact_divergence(model, x, trained.rng("bound"))
        out.records.append(
            trained.record(
                "evidence_bound", float(bound.mean()), "nats", "lower bound", len(x),
                "E_q[log p(x|z)] − KL(q(z|x) ‖ p(z)), the KL in closed form, "
                f"{BOUND_DRAWS} draws per image of their own; {trained.split_rule}",
            )
        )  # fmt: skip
    how = f"importance-weighted bound, K={samples[-1]}; {model.likelihood_protocol()}"
    return Likelihood(bounds[-1], "lower bound", how)


@torch.no_grad()
def _bound_with_exact_divergence(model: GaussianEncoder, x: Tensor, rng: torch.Generator) -> Tensor:
    """The bound on log p(x) [N] by another route than log-weights, with other draws."""
    parts = []
    for rows in predict_in_batches(len(x), CHUNK):
        mean, log_deviation = model.posterior(x[rows])
        epsilon = noise(BOUND_DRAWS, mean, rng)
        parts.append(evidence_lower_bound(model, x[rows], mean, log_deviation, epsilon).double())
    return torch.cat(parts)


def _terms(trained: Trained, model: NamedBound, x: Tensor, out: Measured) -> Likelihood:
    terms = model.bound_terms(x, trained.rng("likelihood"))
    for name, nats in terms.items():
        out.records.append(
            trained.record(
                f"bound_term/{name}", _bits(trained, -nats), "bits/dim", "estimate", len(x),
                f"{model.likelihood_protocol()}; {trained.split_rule}",
            )
        )  # fmt: skip
    total = sum(terms.values(), start=terms[next(iter(terms))] * 0.0)
    return Likelihood(-total, "lower bound", model.likelihood_protocol())


def _bits(trained: Trained, nats: Tensor) -> float:
    return float(cast("Tensor", bits_per_dim(nats.mean(), trained.model.dimensions)))
