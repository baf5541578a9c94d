"""Speckle noise: Gaussian, in proportion to the brightness. A validation kind of ImageNet-C."""

from triptych.data.corruptions.base import Corruption, Pixels
from triptych.data.corruptions.draws import Draws


def _apply(x: Pixels, sigma: float, draws: Draws) -> Pixels:
    return x + x * (sigma * draws.normal(x.shape[1:]))


# σ relative to the pixel (Hendrycks & Dietterich 2019); independent of the size of the image.
_IMAGENET_C = (0.15, 0.20, 0.35, 0.45, 0.60)
CORRUPTION = Corruption(
    _apply,
    {
        "small": _IMAGENET_C,
        "cifar_c": (0.06, 0.10, 0.12, 0.16, 0.20),
        "imagenet_c": _IMAGENET_C,
    },
    validation_in=frozenset({"small", "cifar_c", "imagenet_c"}),
)
