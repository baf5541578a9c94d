"""Kernel density estimate (Rosenblatt 1956; Parzen 1962): every training image, blurred."""

import math

import torch
from pydantic import Field
from torch import Tensor

from triptych.generative.base import Likelihood
from triptych.generative.closed_form import SELECTION, ClosedForm
from triptych.generative.observation import discretised_gaussian_log_prob, normalise, quantise
from triptych.model import Batch, Meta
from triptych.params import ModelParams, Positive
from triptych.training import predict_in_batches


class KernelDensityParams(ModelParams):
    """Parameters of the kernel density estimate."""

    bandwidths: list[Positive] = Field(
        [0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6],
        min_length=1,
        description="Standard deviations of the kernel, pixels in [−1, 1]; the best on validation "
        "images is kept",
    )
    kernels: int | None = Field(
        None, ge=1, description="Training images that carry a kernel, drawn at random; none: all"
    )


class Entry(ClosedForm):
    """p(x) = (1/M) Σ_m Π_i P(x_i; c_mi, h): discretised Gaussians around M training images.

    The kernels are products of the observation model that all families share, so that the
    likelihood of the integers is exact.
    """

    Params = KernelDensityParams
    family = "kernel density"
    evaluations_per_sample = 1

    centres: Tensor
    bandwidth: Tensor

    def __init__(self, params: KernelDensityParams, meta: Meta) -> None:
        super().__init__(params, meta)
        self.register_buffer("centres", torch.zeros(1, *self.shape, dtype=torch.uint8))
        self.register_buffer("bandwidth", torch.ones(()))

    def fit_closed_form(self, train: Batch, rng: torch.Generator) -> bool:
        """Keep the training images, and the bandwidth best on validation images."""
        x = train["x"]
        chosen = torch.randperm(len(x), generator=rng)[: self.params.kernels or len(x)]
        self.centres = x[chosen.sort().values].clone()
        held_out = train["validation"][:SELECTION]
        best = max(self.params.bandwidths, key=lambda h: float(self._nats(held_out, h).mean()))
        self.bandwidth.fill_(best)
        return True

    @torch.no_grad()
    def log_likelihood(self, x: Tensor, rng: torch.Generator) -> Likelihood:
        """Exact."""
        bandwidth = float(self.bandwidth)
        protocol = f"{len(self.centres)} discretised Gaussian kernels, bandwidth {bandwidth:g}"
        return Likelihood(self._nats(x, bandwidth), "exact", protocol)

    @torch.no_grad()
    def sample(self, n: int, rng: torch.Generator) -> Tensor:
        """A training image with the kernel's noise, rounded to levels."""
        device = self.centres.device
        chosen = torch.randint(len(self.centres), (n,), generator=rng, device=device)
        mean = self.normalised(self.centres[chosen])
        noise = torch.randn(mean.shape, generator=rng, device=device, dtype=mean.dtype)
        return quantise(mean + self.bandwidth * noise, self.levels)

    def sampling_protocol(self) -> str:
        """What the samples are."""
        return "training images with the kernel's noise"

    def _nats(self, x: Tensor, bandwidth: float) -> Tensor:
        """Log p(x) [N], float64."""
        table = kernel_table(self.levels, bandwidth).to(x.device)
        centres = self.centres.flatten(1).long()
        parts = []
        for rows in predict_in_batches(len(x), max(1, 4_000_000 // len(centres))):
            flat = x[rows].flatten(1).long()
            joint = torch.zeros(len(flat), len(centres), dtype=torch.float64, device=x.device)
            for i in range(self.dimensions):  # a sum of look-ups: no [N, M, D] is ever held
                joint += table[flat[:, i]][:, centres[:, i]]
            parts.append(torch.logsumexp(joint, 1) - math.log(len(centres)))
        return torch.cat(parts)


def kernel_table(levels: int, bandwidth: float) -> Tensor:
    """Log P(level; centre, h) [L, L], float64: pixels take few values, so all pairs fit."""
    level = torch.arange(levels)
    centre = normalise(level, levels).double()
    log_scale = torch.tensor(math.log(bandwidth), dtype=torch.float64)
    return discretised_gaussian_log_prob(level[:, None], centre[None], log_scale, levels)
