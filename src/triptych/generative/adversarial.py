"""Adversarial families: two networks, and an objective that knows neither's shape."""

from collections.abc import Iterator
from typing import Any, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from triptych.generative.base import GenerativeModel
from triptych.generative.networks import adversarial as networks
from triptych.generative.observation import dequantise, quantise
from triptych.model import Batch, Meta, Trainable
from triptych.params import Count, TrainingParams


class AdversarialParams(TrainingParams):
    """Parameters that all adversarial families share."""

    latent: int = Field(32, ge=1, description="Dimensions of z ~ N(0, I)")
    network: Literal["mlp", "conv"] = Field(
        "mlp", description="Both players fully connected (hidden) or convolutional (width)"
    )
    hidden: list[Count] = Field(
        [256, 256],
        min_length=1,
        description="Hidden widths of generator and discriminator (network: mlp)",
    )
    width: int = Field(
        16, ge=1, description="Channels at full resolution, doubled per halving (network: conv)"
    )
    discriminator_dropout: float = Field(
        0.3, ge=0, lt=1, description="Dropout in the discriminator, against memorising a small set"
    )
    discriminator_updates: int = Field(
        1, ge=1, description="Discriminator updates per generator update; they share a step's batch"
    )


class Objective(nn.Module):
    """What the players descend in turn. A module, so that its state lies in the checkpoint.

    Attributes:
        code: Length of the code where the discriminator is an autoencoder that returns images
            (BEGAN); None where it returns one number.
    """

    code: int | None = None

    def discriminator_loss(
        self, discriminator: nn.Module, real: Tensor, fake: Tensor, rng: torch.Generator
    ) -> Tensor:
        """Of images; ``fake`` carries no gradient."""
        raise NotImplementedError

    def generator_loss(self, discriminator: nn.Module, fake: Tensor) -> Tensor:
        """Of generated images that carry the generator's gradient."""
        raise NotImplementedError

    def held_out_loss(self, discriminator: nn.Module, real: Tensor, fake: Tensor) -> Tensor:
        """What the validation curve shows: the discriminator's loss without its constraints."""
        raise NotImplementedError

    def after_discriminator(self, discriminator: nn.Module) -> None:
        """Called after each of its updates."""

    def after_generator(self, loss: Tensor) -> None:
        """Called after the generator's update with its loss before the update."""

    def diagnostics(
        self, generator: nn.Module, discriminator: nn.Module, z: Tensor
    ) -> dict[str, float]:
        """Numbers worth a curve, at draws z of the prior."""
        return {}


class Game(Trainable):
    """Two players and their objective, on any data: batches hold ``y`` [N, ...].

    A step is one round: ``updates`` turns of the discriminator, each on its own part of the batch,
    then one of the generator. Fakes of the discriminator's turns are made without a graph, and its
    weights take no gradient in the generator's turn: neither player moves the other.

    Args:
        objective: What each descends.
        generator: z [n, latent] to examples [n, ...].
        discriminator: Examples to what the objective expects of it.
        latent: Dimensions of z.
        updates: Turns of the discriminator per round.
    """

    def __init__(
        self,
        objective: Objective,
        generator: nn.Module,
        discriminator: nn.Module,
        latent: int,
        updates: int = 1,
    ) -> None:
        super().__init__()
        self.objective, self.latent, self.updates = objective, latent, updates
        self.generator, self.discriminator = generator, discriminator

    def parameter_groups(self) -> dict[str, list[dict[str, Any]]]:
        """The two players."""
        return {
            "discriminator": [{"params": list(self.discriminator.parameters())}],
            "generator": [{"params": list(self.generator.parameters())}],
        }

    def objectives(self, batch: Batch, rng: torch.Generator) -> Iterator[tuple[str, Tensor]]:
        """First the discriminator's turns, then the generator's."""
        n = 0
        for real in batch["y"].tensor_split(self.updates):
            n = len(real)
            with torch.no_grad():
                fake = self.generate(n, rng)
            loss = self.objective.discriminator_loss(self.discriminator, real, fake, rng)
            yield "discriminator", loss
            self.objective.after_discriminator(self.discriminator)
        self.discriminator.requires_grad_(False)
        loss = self.objective.generator_loss(self.discriminator, self.generate(n, rng))
        yield "generator", loss
        self.discriminator.requires_grad_(True)
        self.objective.after_generator(loss.detach())

    def validation_loss(self, batch: Batch, rng: torch.Generator) -> Tensor:
        """The discriminator's side on held-out data."""
        real = batch["y"]
        fake = self.generate(len(real), rng)
        return self.objective.held_out_loss(self.discriminator, real, fake)

    def diagnostics(self, batch: Batch, rng: torch.Generator) -> dict[str, float]:
        """What the objective has to say about its players, at as many draws as ``batch`` has."""
        return self.objective.diagnostics(
            self.generator, self.discriminator, self.prior(len(batch["y"]), rng)
        )

    def generate(self, n: int, rng: torch.Generator) -> Tensor:
        """G(z) for z ~ N(0, I), [n, ...]."""
        images: Tensor = self.generator(self.prior(n, rng))
        return images

    def prior(self, n: int, rng: torch.Generator) -> Tensor:
        """Z ~ N(0, I), [n, latent]."""
        like = next(self.generator.parameters())
        return torch.randn(n, self.latent, generator=rng, device=like.device, dtype=like.dtype)


class Adversarial(GenerativeModel):
    """A game on images; samples, no density, no encoder. A subclass names its objective.

    Real images are dequantised with uniform noise of one bin, or the discriminator would win by
    noticing that real values lie on the grid of levels and generated ones do not.
    """

    Params = AdversarialParams
    family = "GAN"
    evaluations_per_sample = 1

    def __init__(self, params: AdversarialParams, meta: Meta) -> None:
        super().__init__(params, meta)
        objective = self.objective(params)
        players = image_players(params, self.shape, objective.code)
        self.game = Game(objective, *players, params.latent, params.discriminator_updates)

    @classmethod
    def objective(cls, params: Any) -> Objective:
        """A fresh objective of this family."""
        raise NotImplementedError(f"{cls.__name__} names no objective")

    @property
    def generator(self) -> nn.Module:
        """G."""
        return self.game.generator

    @property
    def discriminator(self) -> nn.Module:
        """D."""
        return self.game.discriminator

    def parameter_groups(self) -> dict[str, list[dict[str, Any]]]:
        """The two players."""
        return self.game.parameter_groups()

    def objectives(self, batch: Batch, rng: torch.Generator) -> Iterator[tuple[str, Tensor]]:
        """The turns of one round."""
        return self.game.objectives(self._real(batch, rng), rng)

    def validation_loss(self, batch: Batch, rng: torch.Generator) -> Tensor:
        """The discriminator's side on held-out images."""
        return self.game.validation_loss(self._real(batch, rng), rng)

    def diagnostics(self, batch: Batch, rng: torch.Generator) -> dict[str, float]:
        """Curves of the game beside its losses."""
        return self.game.diagnostics(self._real(batch, rng), rng)

    def _real(self, batch: Batch, rng: torch.Generator) -> Batch:
        return {"y": dequantise(batch["x"], self.levels, rng)}

    @torch.no_grad()
    def features(self, x: Tensor, rng: torch.Generator) -> Tensor:
        """What the discriminator's last layer is given (its code, where it reconstructs)."""
        assert isinstance(self.discriminator, nn.Sequential)
        h: Tensor = self.discriminator[:-1](self.normalised(x))
        return h.flatten(1)

    def draw_codes(self, n: int, rng: torch.Generator) -> Tensor:
        """Z ~ N(0, I), [n, latent]."""
        return self.game.prior(n, rng)

    def decode(self, z: Tensor) -> Tensor:
        """G(z), [N, C, H, W] in [−1, 1]."""
        images: Tensor = self.generator(z)
        return images

    @torch.no_grad()
    def sample(self, n: int, rng: torch.Generator) -> Tensor:
        """G(z) for z ~ N(0, I), rounded to levels."""
        return quantise(self.game.generate(n, rng), self.levels)

    def sampling_protocol(self) -> str:
        """What the samples are."""
        return "generator outputs of prior draws, rounded to levels"


def image_players(
    params: AdversarialParams, shape: tuple[int, int, int], code: int | None
) -> tuple[nn.Module, nn.Module]:
    """Generator and discriminator; one with a code decodes it with the generator's shape."""
    outputs = 1 if code is None else code
    dropout = params.discriminator_dropout
    generator: nn.Module
    if params.network == "mlp":
        generator = networks.mlp_generator(shape, params.latent, params.hidden)
        discriminator = networks.mlp_discriminator(shape, params.hidden, dropout, outputs)
    else:
        generator = networks.conv_generator(shape, params.latent, params.width)
        discriminator = networks.conv_discriminator(shape, params.width, dropout, outputs)
    if code is None:
        return generator, discriminator
    decoder = (
        networks.mlp_generator(shape, code, params.hidden)
        if params.network == "mlp"
        else networks.conv_generator(shape, code, params.width, batch_norm=False)
    )
    return generator, nn.Sequential(discriminator, decoder)
