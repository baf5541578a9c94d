"""A small U-Net for diffusion on images (Ronneberger et al. 2015; Ho et al. 2020, appendix B)."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from triptych.generative.networks.mlp import mlp, sinusoidal_embedding


class UNet(nn.Module):
    """Residual blocks at halving resolutions, joined across by short-cuts.

    Args:
        shape: (C, H, W); H and W must be divisible by 2^(len(multipliers) − 1).
        width: Channels at full resolution.
        multipliers: Channels per resolution as multiples of ``width``.
        dropout: In every residual block.
        attention: Self-attention at the lowest resolution.

    Shapes:
        x [N, C, H, W], t [N] -> [N, C, H, W].
    """

    def __init__(
        self,
        shape: tuple[int, int, int],
        width: int,
        multipliers: Sequence[int] = (1, 2),
        dropout: float = 0.0,
        attention: bool = True,
    ) -> None:
        super().__init__()
        factor = 2 ** (len(multipliers) - 1)
        if shape[1] % factor or shape[2] % factor:
            raise ValueError(f"expected height and width divisible by {factor}, found {shape[1:]}")
        self.width = width
        self.embed_time = mlp([width, 4 * width, 4 * width])
        sizes = [width * m for m in multipliers]
        self.stem = nn.Conv2d(shape[0], width, 3, padding=1)
        self.down = nn.ModuleList()
        channels = width
        skips = [width]
        for level, size in enumerate(sizes):
            self.down.append(_Residual(channels, size, 4 * width, dropout))
            channels = size
            skips.append(channels)
            if level < len(sizes) - 1:
                self.down.append(nn.Conv2d(channels, channels, 3, stride=2, padding=1))
                skips.append(channels)
        self.middle = nn.ModuleList([_Residual(channels, channels, 4 * width, dropout)])
        if attention:
            self.middle.append(_Attention(channels))
            self.middle.append(_Residual(channels, channels, 4 * width, dropout))
        self.up = nn.ModuleList()
        for level, size in reversed(list(enumerate(sizes))):
            for _ in range(2):
                self.up.append(_Residual(channels + skips.pop(), size, 4 * width, dropout))
                channels = size
            if level > 0:
                self.up.append(_Upsample(channels))
        self.head = nn.Sequential(
            _norm(channels), nn.SiLU(), nn.Conv2d(channels, shape[0], 3, padding=1)
        )
        last = self.head[2]
        assert isinstance(last, nn.Conv2d) and last.bias is not None
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        """Of images and their times."""
        time = self.embed_time(sinusoidal_embedding(t, self.width))
        h = self.stem(x)
        skips = [h]
        for layer in self.down:
            h = layer(h, time) if isinstance(layer, _Residual) else layer(h)
            skips.append(h)
        for layer in self.middle:
            h = layer(h, time) if isinstance(layer, _Residual) else layer(h)
        for layer in self.up:
            h = (
                layer(torch.cat([h, skips.pop()], 1), time)
                if isinstance(layer, _Residual)
                else layer(h)
            )
        out: Tensor = self.head(h)
        return out


def _norm(channels: int) -> nn.GroupNorm:
    return nn.GroupNorm(min(8, channels), channels)


class _Residual(nn.Module):
    def __init__(self, inputs: int, outputs: int, time: int, dropout: float) -> None:
        super().__init__()
        self.norm1, self.norm2 = _norm(inputs), _norm(outputs)
        self.conv1 = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1)
        self.time = nn.Linear(time, outputs)
        self.dropout = nn.Dropout(dropout)
        self.skip = nn.Conv2d(inputs, outputs, 1) if inputs != outputs else nn.Identity()

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        h = self.conv1(nn.functional.silu(self.norm1(x)))
        h = h + self.time(nn.functional.silu(time))[:, :, None, None]
        h = self.conv2(self.dropout(nn.functional.silu(self.norm2(h))))
        out: Tensor = self.skip(x) + h
        return out


class _Attention(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = _norm(channels)
        self.attend = nn.MultiheadAttention(channels, 1, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        tokens = self.norm(x).flatten(2).transpose(1, 2)
        out, _ = self.attend(tokens, tokens, tokens, need_weights=False)
        result: Tensor = x + out.transpose(1, 2).reshape(x.shape)
        return result


class _Upsample(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.conv(nn.functional.interpolate(x, scale_factor=2.0, mode="nearest"))
        return out
