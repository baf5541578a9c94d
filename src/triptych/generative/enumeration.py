"""Exact checks of autoregressive models on image spaces small enough to list."""

import itertools

import torch
from torch import Tensor

from triptych.generative.base import Density, GenerativeModel
from triptych.model import Model
from triptych.seeding import derive_seed


def random_model(
    definition: type[Model], shape: tuple[int, int, int], levels: int, **params: object
) -> GenerativeModel:
    """A model with random weights, float64, for images of ``shape`` (C, H, W)."""
    torch.manual_seed(derive_seed("enumeration", definition.__module__, shape, levels))
    channels, height, width = shape
    meta = {"shape": [height, width, channels], "levels": levels, "n_classes": 2}
    values: dict[str, object] = {"channels": 12, "layers": 3, **params}
    model = definition(definition.Params.model_validate(values), meta).double().eval()
    for parameter in model.parameters():  # default initial weights barely move the uniform p
        parameter.data.mul_(3.0)
    assert isinstance(model, GenerativeModel)
    return model


def every_image(shape: tuple[int, int, int], levels: int) -> Tensor:
    """All L^(C·H·W) images, uint8 [n, C, H, W]."""
    size = shape[0] * shape[1] * shape[2]
    rows = torch.tensor(list(itertools.product(range(levels), repeat=size)), dtype=torch.uint8)
    return rows.view(-1, *shape)


@torch.no_grad()
def normalisation_error(
    definition: type[Model], shape: tuple[int, int, int], levels: int, **params: object
) -> tuple[float, int]:
    """|Σ_x p(x) − 1| and the number of images."""
    model = random_model(definition, shape, levels, **params)
    assert isinstance(model, Density)
    with _doubles():
        images = every_image(shape, levels)
        nats = model.log_likelihood(images, torch.Generator()).nats
    return abs(float(nats.exp().sum()) - 1.0), len(images)


def dependencies(model: GenerativeModel) -> Tensor:
    """|∂ logits of value i / ∂ input value j|, summed over levels: [D, D], values in image layout.

    Values are numbered channel by channel within a pixel, pixels in raster order: the order in
    which they are generated.
    """
    channels, height, width = model.shape
    with _doubles():
        rng = torch.Generator().manual_seed(0)
        levels = torch.randint(model.levels, (1, *model.shape), generator=rng).double()
        levels.requires_grad_(True)
        logits = model.logits(levels)  # type: ignore[operator]
        rows = []
        for i, j, c in itertools.product(range(height), range(width), range(channels)):
            total = torch.zeros(model.shape, dtype=torch.float64)
            for level in range(model.levels):
                (gradient,) = torch.autograd.grad(
                    logits[0, c, i, j, level], levels, retain_graph=True
                )
                total += gradient[0].abs()
            rows.append(total.permute(1, 2, 0).flatten())
    return torch.stack(rows)


def causality_violation(
    definition: type[Model], shape: tuple[int, int, int], levels: int, **params: object
) -> tuple[float, int]:
    """Largest dependence of a value's logits on itself or a later value, and the pairs."""
    table = dependencies(random_model(definition, shape, levels, **params))
    forbidden = torch.triu(torch.ones_like(table)).bool()
    return float(table[forbidden].max()), int(forbidden.sum())


class _doubles:
    """Within the block, new floating-point tensors are float64."""

    def __enter__(self) -> None:
        self.before = torch.get_default_dtype()
        torch.set_default_dtype(torch.float64)

    def __exit__(self, *_: object) -> None:
        torch.set_default_dtype(self.before)
