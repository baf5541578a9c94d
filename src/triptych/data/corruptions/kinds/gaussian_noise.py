"""Gaussian noise: electronic noise in low light."""

from triptych.data.corruptions.base import Corruption, Pixels
from triptych.data.corruptions.draws import Draws


def _apply(x: Pixels, sigma: float, draws: Draws) -> Pixels:
    return x + sigma * draws.normal(x.shape[1:])


# σ as a fraction of white (Hendrycks & Dietterich 2019). The size of the image plays no part, so
# "small" takes the ImageNet-C values, as MNIST-C does.
_IMAGENET_C = (0.08, 0.12, 0.18, 0.26, 0.38)
CORRUPTION = Corruption(
    _apply,
    {
        "small": _IMAGENET_C,
        "cifar_c": (0.04, 0.06, 0.08, 0.09, 0.10),
        "imagenet_c": _IMAGENET_C,
    },
)
