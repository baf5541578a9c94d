"""Layers that share one weight among members and give each a rank-one factor of its own."""

import torch
from torch import Tensor, nn
from torch.func import functional_call


class RankOne(nn.Module):
    r"""A convolution or dense layer with weights :math:`W \circ (r_m s_m^T)` for member m.

    .. math:: y = \big(W * (x \circ s_m)\big) \circ r_m + b_m

    s_m scales the inputs (channels, or units), r_m the outputs, so that all members are computed in
    one pass and W is stored once (Wen, Tran & Ba 2020).
    """

    def __init__(self, layer: nn.Conv2d | nn.Linear, members: int, spread: float) -> None:
        """Wrap a layer, whose own bias every member starts from.

        Args:
            layer: Keeps its weight; its bias is taken over.
            members: M.
            spread: Standard deviation around 1 of the factors at the start.
        """
        super().__init__()
        outputs, inputs = layer.weight.shape[:2]
        bias = layer.bias.detach().clone() if layer.bias is not None else torch.zeros(outputs)
        layer.register_parameter("bias", None)
        self.shared = layer
        self.inputs = nn.Parameter(1 + spread * torch.randn(members, inputs))
        self.outputs = nn.Parameter(1 + spread * torch.randn(members, outputs))
        self.bias = nn.Parameter(bias.expand(members, -1).clone())

    def forward(self, x: Tensor, member: Tensor) -> Tensor:
        """Outputs of a mixed batch.

        Args:
            x: [N, inputs, ...].
            member: int64 [N]: whose weights each example meets.
        """
        y: Tensor = self.shared(x * _beside(self.inputs[member], x))
        return y * _beside(self.outputs[member], y) + _beside(self.bias[member], y)

    def explicit(self, x: Tensor, member: int) -> Tensor:
        """Outputs of one member, from its weights written out: cheaper where all share a member."""
        r, s = self.outputs[member], self.inputs[member]
        factor = (r[:, None] * s).reshape(*self.shared.weight.shape[:2], *(1,) * (x.dim() - 2))
        y: Tensor = functional_call(self.shared, {"weight": self.shared.weight * factor}, (x,))
        return y + _beside(self.bias[member][None], y)


class Members(nn.Module):
    """A stack of layers, those with weights replaced by :class:`RankOne`."""

    def __init__(self, layers: nn.Sequential, members: int, spread: float) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            RankOne(layer, members, spread) if isinstance(layer, nn.Conv2d | nn.Linear) else layer
            for layer in layers
        )

    def forward(self, x: Tensor, member: Tensor) -> Tensor:
        """Outputs of a mixed batch; see :class:`RankOne`."""
        for layer in self.layers:
            x = layer(x, member) if isinstance(layer, RankOne) else layer(x)
        return x

    def explicit(self, x: Tensor, member: int) -> Tensor:
        """Outputs of one member."""
        for layer in self.layers:
            x = layer.explicit(x, member) if isinstance(layer, RankOne) else layer(x)
        return x


def dealt(n: int, members: int, device: torch.device) -> Tensor:
    """Which member each of n examples of a batch is dealt to: equal runs, the last ones shorter."""
    return torch.arange(n, device=device) * members // n


def _beside(factors: Tensor, x: Tensor) -> Tensor:
    """[N, C] -> [N, C, 1, ...], so that it multiplies channels."""
    return factors.reshape(*factors.shape, *(1,) * (x.dim() - 2))
