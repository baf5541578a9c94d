"""Shot noise: the counting noise of photons, Poisson(c x) / c."""

from triptych.data.corruptions.base import Corruption, Pixels
from triptych.data.corruptions.draws import Draws


def _apply(x: Pixels, photons: float, draws: Draws) -> Pixels:
    return draws.each(lambda generator, i: generator.poisson(x[i] * photons) / photons)


# Photons of a white pixel (Hendrycks & Dietterich 2019); independent of the size of the image.
_IMAGENET_C = (60.0, 25.0, 12.0, 5.0, 3.0)
CORRUPTION = Corruption(
    _apply,
    {
        "small": _IMAGENET_C,
        "cifar_c": (500.0, 250.0, 100.0, 75.0, 50.0),
        "imagenet_c": _IMAGENET_C,
    },
)
