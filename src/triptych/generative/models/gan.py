"""Generative adversarial network, non-saturating objective (Goodfellow et al. 2014)."""

from collections.abc import Iterator
from typing import Any

import torch
from pydantic import Field
from torch import Tensor, nn

from triptych.generative.base import GenerativeModel
from triptych.generative.networks.mlp import mlp
from triptych.generative.observation import dequantise, quantise
from triptych.model import Batch, Meta
from triptych.params import TrainingParams


class GANParams(TrainingParams):
    """Parameters of the GAN."""

    latent: int = Field(32, ge=1, description="Dimensions of z ~ N(0, I)")
    hidden: list[int] = Field(
        [256, 256], description="Hidden widths of generator and discriminator"
    )
    discriminator_dropout: float = Field(
        0.3, ge=0, lt=1, description="Dropout in the discriminator, against memorising a small set"
    )


class Entry(GenerativeModel):
    """Fully connected generator and discriminator; samples, no density, no encoder.

    The discriminator descends −log D(x) − log(1 − D(G(z))), the generator −log D(G(z)), in turn.
    Real images are dequantised with uniform noise of one bin, or the discriminator would win by
    noticing that real values lie on the grid of levels and generated ones do not.
    """

    Params = GANParams
    family = "GAN"
    evaluations_per_sample = 1

    def __init__(self, params: GANParams, meta: Meta) -> None:
        super().__init__(params, meta)
        self.generator = mlp([params.latent, *params.hidden, self.dimensions])
        self.discriminator = _discriminator(
            self.dimensions, params.hidden, params.discriminator_dropout
        )

    def parameter_groups(self) -> dict[str, list[dict[str, Any]]]:
        """The two players."""
        return {
            "discriminator": [{"params": list(self.discriminator.parameters())}],
            "generator": [{"params": list(self.generator.parameters())}],
        }

    def objectives(self, batch: Batch, rng: torch.Generator) -> Iterator[tuple[str, Tensor]]:
        """First the discriminator's turn, then the generator's."""
        real = dequantise(batch["x"], self.levels, rng).flatten(1)
        with torch.no_grad():
            fake = self._generate(len(real), rng)
        yield (
            "discriminator",
            discriminator_loss(self.discriminator(real), self.discriminator(fake)),
        )
        yield "generator", generator_loss(self.discriminator(self._generate(len(real), rng)))

    def validation_loss(self, batch: Batch, rng: torch.Generator) -> Tensor:
        """The discriminator's loss on held-out images: 2 log 2 when it cannot tell."""
        real = dequantise(batch["x"], self.levels, rng).flatten(1)
        return discriminator_loss(
            self.discriminator(real), self.discriminator(self._generate(len(real), rng))
        )

    def _generate(self, n: int, rng: torch.Generator) -> Tensor:
        like = next(self.generator.parameters())
        z = torch.randn(n, self.params.latent, generator=rng, device=like.device, dtype=like.dtype)
        return torch.tanh(self.generator(z))

    @torch.no_grad()
    def sample(self, n: int, rng: torch.Generator) -> Tensor:
        """G(z) for z ~ N(0, I), rounded to levels."""
        return quantise(self._generate(n, rng).view(-1, *self.shape), self.levels)

    def sampling_protocol(self) -> str:
        """What the samples are."""
        return "generator outputs of prior draws, rounded to levels"


def discriminator_loss(real: Tensor, fake: Tensor) -> Tensor:
    """−E log D(x) − E log(1 − D(G(z))) from logits ℓ, D = sigmoid(ℓ)."""
    softplus = nn.functional.softplus
    return softplus(-real).mean() + softplus(fake).mean()


def generator_loss(fake: Tensor) -> Tensor:
    """−E log D(G(z)) from logits: the gradient −(1 − D) is large where the fake is seen through."""
    return nn.functional.softplus(-fake).mean()


def _discriminator(dimensions: int, hidden: list[int], dropout: float) -> nn.Sequential:
    layers: list[nn.Module] = []
    for inputs, outputs in zip([dimensions, *hidden[:-1]], hidden, strict=True):
        layers += [nn.Linear(inputs, outputs), nn.LeakyReLU(0.2), nn.Dropout(dropout)]
    return nn.Sequential(*layers, nn.Linear(hidden[-1], 1))
