"""Autoencoder: a nonlinear code of small squared error (Rumelhart, Hinton & Williams 1986)."""

from collections.abc import Sequence

import torch
from pydantic import Field
from torch import Tensor, nn

from triptych.generative.base import GenerativeModel
from triptych.generative.networks.mlp import mlp
from triptych.generative.observation import normalise
from triptych.model import Batch, Meta, Trainable
from triptych.params import Count, Distinct, TrainingParams


class AutoencoderParams(TrainingParams):
    """Parameters of the autoencoder."""

    code_sizes: Distinct[Count] = Field(
        [2, 4, 8, 16], min_length=1, description="Code sizes; one network is trained for each"
    )
    hidden: list[Count] = Field(
        [256, 128], description="Widths of the encoder's hidden layers; the decoder mirrors them"
    )
    linear: bool = Field(
        False, description="Leave out the nonlinearities (it then spans PCA's subspace)"
    )


class Autoencoder(Trainable):
    """Encoder and decoder of one code size; loss ‖x − x̂‖² per dimension."""

    def __init__(
        self,
        shape: tuple[int, int, int],
        levels: int,
        hidden: Sequence[int],
        size: int,
        linear: bool,
    ) -> None:
        super().__init__()
        self.shape, self.levels = shape, levels
        dimensions = shape[0] * shape[1] * shape[2]
        activation: type[nn.Module] = nn.Identity if linear else nn.SiLU
        self.encoder = mlp([dimensions, *hidden, size], activation)
        self.decoder = mlp([size, *reversed(hidden), dimensions], activation)

    def encode(self, x: Tensor) -> Tensor:
        """Codes of levels [N, C, H, W]."""
        code: Tensor = self.encoder(normalise(x, self.levels).flatten(1))
        return code

    def decode(self, z: Tensor) -> Tensor:
        """Images in [−1, 1]."""
        flat: Tensor = self.decoder(z)
        return flat.view(-1, *self.shape)

    def loss(self, batch: Batch, rng: torch.Generator) -> Tensor:
        """Mean squared error per dimension, in [−1, 1] units."""
        x = batch["x"]
        return (self.decode(self.encode(x)) - normalise(x, self.levels)).square().mean()


class Entry(GenerativeModel):
    """One autoencoder for each code size; no density, no samples."""

    Params = AutoencoderParams
    family = "autoencoder"

    def __init__(self, params: AutoencoderParams, meta: Meta) -> None:
        super().__init__(params, meta)
        self.code_sizes: Sequence[int] = sorted(params.code_sizes)
        self.sizes = nn.ModuleDict(
            {
                f"code_{k}": Autoencoder(self.shape, self.levels, params.hidden, k, params.linear)
                for k in self.code_sizes
            }
        )

    def trainables(self) -> dict[str, Trainable]:
        """Each size is fitted on its own."""
        return {name: self._one(name) for name in self.sizes}

    def encode(self, x: Tensor, size: int) -> Tensor:
        """Codes [N, size]."""
        return self._one(f"code_{size}").encode(x)

    def decode(self, z: Tensor) -> Tensor:
        """Images in [−1, 1], [N, C, H, W]."""
        return self._one(f"code_{z.shape[1]}").decode(z)

    def _one(self, name: str) -> Autoencoder:
        network = self.sizes[name]
        assert isinstance(network, Autoencoder)
        return network
