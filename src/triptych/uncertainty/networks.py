"""The one network of the panel, so that methods differ in nothing but the method."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from triptych.model import Batch, Trainable

POOL_TWICE_FROM = 16  # pixels: smaller images keep their size through the first convolution


class ChannelsLast(nn.Module):
    """The same values, a pixel's channels side by side in memory.

    Halves the next convolution, and the pooling before it where there is one.
    """

    def forward(self, h: Tensor) -> Tensor:
        """[N, C, H, W] -> [N, C, H, W]."""
        return h.contiguous(memory_format=torch.channels_last)


class Flat(nn.Module):
    """A row of numbers per image, pixel by pixel: the order in memory, so that nothing is moved."""

    def forward(self, h: Tensor) -> Tensor:
        """[N, C, H, W] -> [N, H W C]."""
        return h.permute(0, 2, 3, 1).flatten(1)


class Network(Trainable):
    """Two 3×3 convolutions, a dense layer, class logits; dropout in the dense part alone.

    Shapes, for images [N, C, H, W]: [N, w, H, W] -> pool (from 16 pixels on) -> [N, 2w, ., .] ->
    pool -> [N, hidden] -> [N, classes]. ReLU stands behind the pooling, where a quarter of the
    numbers is left: the largest of four is the same before and after it.
    """

    def __init__(
        self, shape: Sequence[int], classes: int, width: int, hidden: int, dropout: float = 0.0
    ) -> None:
        """Build it.

        Args:
            shape: (H, W, C) of the images.
            classes: Number of classes.
            width: Channels of the first convolution; the second has twice as many.
            hidden: Units of the dense layer.
            dropout: Share of inputs dropped before each of the two dense layers.
        """
        super().__init__()
        height, width_px, channels = shape
        small = min(height, width_px) < POOL_TWICE_FROM
        scale = 2 if small else 4
        self.trunk = nn.Sequential(
            nn.Conv2d(channels, width, 3, padding=1),
            ChannelsLast(),
            *([] if small else [nn.MaxPool2d(2)]),
            nn.ReLU(),
            nn.Conv2d(width, 2 * width, 3, padding=1),
            nn.MaxPool2d(2),
            nn.ReLU(),
            Flat(),
        )
        flat = 2 * width * (height // scale) * (width_px // scale)
        self.head = nn.Sequential(
            nn.Dropout(dropout),
            nn.Linear(flat, hidden),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(hidden, classes),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Logits [N, K] of images [N, C, H, W]."""
        logits: Tensor = self.head(self.trunk(x))
        return logits

    def loss(self, batch: Batch, rng: torch.Generator) -> Tensor:
        """Mean cross-entropy in nats."""
        return functional.cross_entropy(self(batch["x"]), batch["y"])
