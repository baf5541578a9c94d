"""Convolutions that see only pixels and channels already generated (van den Oord et al. 2016)."""

import torch
from torch import Tensor, nn


class MaskedConv2d(nn.Conv2d):
    """Convolution whose weights are masked to respect raster order and the order of channels.

    Output pixel i sees input pixels before i in raster order; of pixel i itself, output group g
    (features that belong to image channel g) sees input groups < g (mask A) or ≤ g (mask B).

    Args:
        inputs, outputs: Channels; each is divided evenly among the ``groups`` image channels.
        kernel: Odd kernel size.
        kind: "A" (first layer, own value hidden) or "B".
        image_channels: Number of image channels in generation order (1, or 3 for R, G, B).
    """

    mask: Tensor

    def __init__(
        self, inputs: int, outputs: int, kernel: int, kind: str, image_channels: int = 1
    ) -> None:
        super().__init__(inputs, outputs, kernel, padding=kernel // 2)
        mask = torch.zeros(outputs, inputs, kernel, kernel)
        middle = kernel // 2
        mask[:, :, :middle] = 1
        mask[:, :, middle, :middle] = 1
        group_in = _groups(inputs, image_channels)
        group_out = _groups(outputs, image_channels)
        if kind == "A":
            mask[:, :, middle, middle] = (group_in[None] < group_out[:, None]).float()
        else:
            mask[:, :, middle, middle] = (group_in[None] <= group_out[:, None]).float()
        self.register_buffer("mask", mask, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Masks the weight functionally: masked entries get no gradient and no optimiser state."""
        return nn.functional.conv2d(x, self.weight * self.mask, self.bias, padding=self.padding)


def _groups(channels: int, image_channels: int) -> Tensor:
    if channels % image_channels:
        raise ValueError(
            f"expected a multiple of {image_channels} channels, found {channels}: "
            "each image channel needs its own equal share"
        )
    return torch.arange(channels) // (channels // image_channels)
