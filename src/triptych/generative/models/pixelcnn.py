"""PixelCNN: the chain rule over pixels with masked convolutions (van den Oord et al. 2016)."""

import torch
from pydantic import Field
from torch import Tensor, nn

from triptych.generative.base import GenerativeModel, Likelihood
from triptych.generative.networks.masked import MaskedConv2d
from triptych.model import Batch, Meta
from triptych.params import TrainingParams
from triptych.training import predict_in_batches


class PixelCNNParams(TrainingParams):
    """Parameters of PixelCNN."""

    channels: int = Field(
        48, ge=3, description="Features per layer; a multiple of the image channels"
    )
    layers: int = Field(4, ge=0, description="Residual blocks after the first masked convolution")
    first_kernel: int = Field(
        5, ge=3, description="Odd kernel size of the first masked convolution"
    )
    kernel: int = Field(3, ge=3, description="Odd kernel size of the later ones")


class Entry(GenerativeModel):
    """p(x) = Π_i p(x_i | x_<i), each factor a softmax over the L levels; exact likelihood.

    The plain stack of masked convolutions has a blind spot up and to the right of each pixel; the
    product is normalised all the same.
    """

    Params = PixelCNNParams
    family = "autoregressive"

    def __init__(self, params: PixelCNNParams, meta: Meta) -> None:
        super().__init__(params, meta)
        colours = self.shape[0]
        width = params.channels
        self.first = MaskedConv2d(colours, width, params.first_kernel, "A", colours)
        self.blocks = nn.ModuleList(
            _Block(width, params.kernel, colours) for _ in range(params.layers)
        )
        self.head = nn.Sequential(
            nn.ReLU(),
            MaskedConv2d(width, width, 1, "B", colours),
            nn.ReLU(),
            MaskedConv2d(width, colours * self.levels, 1, "B", colours),
        )

    @property
    def evaluations_per_sample(self) -> int:
        """One network evaluation per value."""
        return self.dimensions

    def logits(self, x: Tensor) -> Tensor:
        """Unnormalised log p(x_i = level | x_<i): [N, C, H, W, L] for levels [N, C, H, W]."""
        h = self.first(self.normalised(x))
        for block in self.blocks:
            h = block(h)
        out: Tensor = self.head(h)
        n, _, height, width = out.shape
        return out.view(n, self.shape[0], self.levels, height, width).permute(0, 1, 3, 4, 2)

    def _negative_log_likelihood(self, x: Tensor) -> Tensor:
        logits = self.logits(x).flatten(0, 3)
        nll = nn.functional.cross_entropy(logits, x.long().flatten(), reduction="none")
        return nll.view(len(x), -1).sum(1)

    def loss(self, batch: Batch, rng: torch.Generator) -> Tensor:
        """Negative log-likelihood in nats per dimension."""
        return self._negative_log_likelihood(batch["x"]).mean() / self.dimensions

    @torch.no_grad()
    def log_likelihood(self, x: Tensor, rng: torch.Generator) -> Likelihood:
        """Exact."""
        parts = [
            -self._negative_log_likelihood(x[rows]) for rows in predict_in_batches(len(x), 256)
        ]
        return Likelihood(torch.cat(parts).double(), "exact", "softmax over levels, chain rule")

    @torch.no_grad()
    def sample(self, n: int, rng: torch.Generator) -> Tensor:
        """Ancestral: pixel by pixel, channel by channel, drawn on the grid of levels."""
        device = next(self.parameters()).device
        x = torch.zeros(n, *self.shape, dtype=torch.uint8, device=device)
        colours, height, width = self.shape
        for row in range(height):
            for column in range(width):
                for colour in range(colours):
                    # Rows below the current one cannot matter: leave them out of the pass.
                    logits = self.logits(x[:, :, : row + 1])[:, colour, row, column]
                    p = logits.softmax(-1)
                    x[:, colour, row, column] = torch.multinomial(p, 1, generator=rng)[:, 0].byte()
        return x

    def sampling_protocol(self) -> str:
        """What the samples are."""
        return "ancestral sampling"


class _Block(nn.Module):
    """Residual block; only after the first layer, so that it never leaks the own pixel."""

    def __init__(self, width: int, kernel: int, colours: int) -> None:
        super().__init__()
        half = max(width // 2 // colours * colours, colours)
        self.layers = nn.Sequential(
            nn.ReLU(),
            MaskedConv2d(width, half, 1, "B", colours),
            nn.ReLU(),
            MaskedConv2d(half, half, kernel, "B", colours),
            nn.ReLU(),
            MaskedConv2d(half, width, 1, "B", colours),
        )

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = x + self.layers(x)
        return out
