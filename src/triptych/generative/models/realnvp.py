"""A normalising flow of affine couplings: RealNVP (Dinh, Sohl-Dickstein & Bengio 2017)."""

import math
from collections.abc import Iterator, Sequence
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from triptych.generative.base import GenerativeModel, Likelihood
from triptych.generative.dequantisation import bin_width, log_bin_volume
from triptych.generative.networks.coupling import (
    AffineCoupling,
    Convolutional,
    FullyConnected,
    Rescale,
    mask_patterns,
)
from triptych.generative.observation import dequantise, quantise
from triptych.model import Batch, Meta
from triptych.params import Count, TrainingParams, at_evaluation
from triptych.training import predict_in_batches

MARGIN = 0.05  # of the interval on both sides of a logit: its slope stays finite (section 4.1)


class RealNVPParams(TrainingParams):
    """Parameters of the flow."""

    couplings: int = Field(
        8, ge=1, description="Affine couplings; masks alternate: checkerboard, rows, columns"
    )
    network: Literal["mlp", "conv"] = Field(
        "mlp", description="mlp serves 8×8 images on a CPU; conv everything larger"
    )
    hidden: list[Count] = Field([128, 128], description="Widths of the hidden layers (mlp)")
    width: int = Field(64, ge=1, description="Channels (conv)")
    blocks: int = Field(4, ge=0, description="Residual blocks per coupling (conv)")
    logit: bool = Field(True, description="Work on logits of the dequantised pixels")
    dequantisations: int = at_evaluation(
        10,
        ge=1,
        description="Draws of the dequantisation noise per image in the bound on the likelihood",
    )


class Entry(GenerativeModel):
    """y = f⁻¹(z) with z ~ N(0, I): log p(y) = log N(f(y); 0, I) + log |det ∂f/∂y|, exact.

    y is the dequantised image, so that the likelihood of the integers is bounded. The code is as
    large as the image. One resolution: the paper's squeezes and factored-out halves are left away.
    """

    Params = RealNVPParams
    family = "flow"
    evaluations_per_sample = 1

    def __init__(self, params: RealNVPParams, meta: Meta) -> None:
        super().__init__(params, meta)
        self.code_sizes: Sequence[int] = [self.dimensions]
        masks = mask_patterns(self.shape)
        layers: list[nn.Module] = [Rescale(self.shape)]
        for index in range(params.couplings):
            layers.append(AffineCoupling(masks[index % len(masks)], self._network(params)))
            layers.append(Rescale(self.shape))
        self.layers = nn.ModuleList(layers)

    def _network(self, params: RealNVPParams) -> nn.Module:
        if params.network == "mlp":
            return FullyConnected(self.shape, params.hidden)
        return Convolutional(self.shape[0], params.width, params.blocks)

    def flow(self, y: Tensor) -> tuple[Tensor, Tensor]:
        """f(y) [N, C, H, W] and log |det ∂f/∂y| [N], of dequantised images."""
        h, log_det = self._to_line(y) if self.params.logit else (y, y.new_zeros(len(y)))
        for layer in self.layers:
            h, change = layer(h)
            log_det = log_det + change
        return h, log_det

    def inverse(self, z: Tensor) -> Tensor:
        """f⁻¹(z), dequantised images."""
        for layer in reversed(self.layers):
            z = layer.inverse(z)  # type: ignore[operator]
        return self._from_line(z) if self.params.logit else z

    def log_density(self, y: Tensor) -> Tensor:
        """Log p(y) in nats [N], exact."""
        z, log_det = self.flow(y)
        normal = -0.5 * (z.square() + math.log(2 * math.pi)).flatten(1).sum(1)
        return normal + log_det

    def loss(self, batch: Batch, rng: torch.Generator) -> Tensor:
        """Negative bound on the integers' likelihood in nats per dimension, noise drawn anew."""
        nats = self.log_density(dequantise(batch["x"], self.levels, rng))
        return -(nats.mean() + self._volume) / self.dimensions

    @torch.no_grad()
    def log_likelihood(self, x: Tensor, rng: torch.Generator) -> Likelihood:
        """E_u[log p(y + u)] + D log Δ: exact for the density, a lower bound for the integers."""
        draws, parts = self.params.dequantisations, []
        for rows in _batches(x):
            total = torch.zeros(len(x[rows]), dtype=torch.float64, device=x.device)
            for _ in range(draws):
                total += self.log_density(dequantise(x[rows], self.levels, rng)).double()
            parts.append(total / draws + self._volume)
        protocol = f"exact density, uniform dequantisation, mean of {draws} draws"
        return Likelihood(torch.cat(parts), "lower bound", protocol)

    def encode(self, x: Tensor, size: int) -> Tensor:
        """f of the centres of the levels, flat [N, size]."""
        y = self.normalised(x)
        return torch.cat([self.flow(y[rows])[0] for rows in _batches(y)]).flatten(1)

    def decode(self, z: Tensor) -> Tensor:
        """f⁻¹, [N, C, H, W] in [−1, 1]."""
        z = z.view(-1, *self.shape)
        return torch.cat([self.inverse(z[rows]) for rows in _batches(z)]).clamp(-1.0, 1.0)

    @torch.no_grad()
    def sample(self, n: int, rng: torch.Generator) -> Tensor:
        """f⁻¹ of Gaussian noise, rounded to levels."""
        like = next(self.parameters())
        z = torch.randn(n, *self.shape, generator=rng, device=like.device, dtype=like.dtype)
        return quantise(torch.nan_to_num(self.inverse(z), nan=0.0), self.levels)

    def sampling_protocol(self) -> str:
        """What the samples are."""
        return "one inverse pass, rounded"

    @property
    def _volume(self) -> float:
        return log_bin_volume(self.levels, self.dimensions)

    def _to_line(self, y: Tensor) -> tuple[Tensor, Tensor]:
        """Logit of the pixel within its range, kept off both ends, with its log-determinant."""
        half = 0.5 * bin_width(self.levels)
        slope = (1 - 2 * MARGIN) / (2 + 2 * half)
        p = MARGIN + slope * (y + 1 + half)
        log_slope = math.log(slope) - torch.log(p) - torch.log1p(-p)
        return torch.logit(p), log_slope.flatten(1).sum(1)

    def _from_line(self, h: Tensor) -> Tensor:
        half = 0.5 * bin_width(self.levels)
        return (h.sigmoid() - MARGIN) * (2 + 2 * half) / (1 - 2 * MARGIN) - 1 - half


def _batches(x: Tensor) -> Iterator[slice]:
    """What fits into the memory of a card with convolutional couplings."""
    return predict_in_batches(len(x), 500)
