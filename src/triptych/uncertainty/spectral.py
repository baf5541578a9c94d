"""Layers whose largest singular value is held below a bound."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import parametrize

SETTLE = 200  # power iterations after training, so that the bound holds for what is evaluated


class Bounded(nn.Module):
    r"""Divides a weight by what its largest singular value exceeds a bound by.

    .. math:: W \leftarrow W \min(1, c / \hat\sigma(W))

    (Liu et al. 2020; Miyato et al. 2018 divide always). For a convolution σ is that of the map from
    images to images with its padding, not of the kernel written as a matrix (Gouk et al. 2021).
    The estimate is one step of the power iteration per training pass, from where the last one
    ended; as it comes from below, :meth:`settle` carries it on once training is over.
    """

    vector: Tensor
    sigma: Tensor

    def __init__(self, weight: Tensor, bound: float, image: tuple[int, ...] = ()) -> None:
        """Start the iteration from a random vector, of torch's global stream.

        Args:
            weight: [out, in] of a dense layer, or [out, in, h, w] of a convolution of stride 1
                that keeps the size of the image.
            bound: c.
            image: (height, width) of the convolution's input.
        """
        super().__init__()
        self.bound, self.image = bound, image
        start = torch.randn(1, weight.shape[1], *image, dtype=weight.dtype)
        self.register_buffer("vector", start / start.norm())
        self.register_buffer("sigma", torch.ones((), dtype=weight.dtype))
        self.settle(weight)

    def forward(self, weight: Tensor) -> Tensor:
        """The bounded weight."""
        if self.training:
            self._iterate(weight.detach())
        sigma = self._apply_weight(weight, self.vector).norm() if self.training else self.sigma
        return weight * torch.clamp(self.bound / sigma, max=1.0)

    @torch.no_grad()
    def settle(self, weight: Tensor) -> None:
        """Iterate until the estimate stands still."""
        for _ in range(SETTLE):
            self._iterate(weight)

    @torch.no_grad()
    def _iterate(self, weight: Tensor) -> None:
        image = self._apply_weight(weight, self.vector)
        back = self._apply_transpose(weight, image)
        self.vector.copy_(back / back.norm().clamp_min(1e-12))
        self.sigma.copy_(self._apply_weight(weight, self.vector).norm())

    def _apply_weight(self, weight: Tensor, x: Tensor) -> Tensor:
        if not self.image:
            return functional.linear(x, weight)
        return functional.conv2d(x, weight, padding="same")

    def _apply_transpose(self, weight: Tensor, y: Tensor) -> Tensor:
        if not self.image:
            return y @ weight
        padding = [side // 2 for side in weight.shape[2:]]
        return functional.conv_transpose2d(y, weight, padding=padding)


def bound_layer(layer: nn.Module, bound: float, image: tuple[int, ...] = ()) -> Bounded:
    """Bound a layer in place; see :class:`Bounded`.

    Returns:
        The bound, which must be settled after training.
    """
    weight: Tensor = layer.weight  # type: ignore[assignment]
    found = Bounded(weight.detach(), bound, image)
    parametrize.register_parametrization(layer, "weight", found)
    return found


def settle(module: nn.Module) -> None:
    """Settle every bounded weight below a module."""
    for layer in module.modules():
        if parametrize.is_parametrized(layer, "weight"):
            kept: Any = layer.parametrizations["weight"]  # type: ignore[index]
            for piece in kept:
                if isinstance(piece, Bounded):
                    piece.settle(kept.original)
