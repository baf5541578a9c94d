"""Gaussian blur. A validation kind of ImageNet-C; the one blur that is left at 8×8."""

from triptych.data.corruptions.base import Corruption, Pixels
from triptych.data.corruptions.draws import Draws
from triptych.data.corruptions.filters import gaussian


def _apply(x: Pixels, sigma: float, draws: Draws) -> Pixels:
    return gaussian(x, sigma)


# σ in pixels (Hendrycks & Dietterich 2019). Scaled to 8×8 the published lengths are below a quarter
# of a pixel and blur nothing, so "small" has its own list; and as the defocus, glass, motion and
# zoom blurs mean nothing at that size, it counts this one as a test kind.
CORRUPTION = Corruption(
    _apply,
    {
        "small": (0.4, 0.5, 0.6, 0.8, 1.0),
        "cifar_c": (0.4, 0.6, 0.7, 0.8, 1.0),
        "imagenet_c": (1.0, 2.0, 3.0, 4.0, 6.0),
    },
    validation_in=frozenset({"cifar_c", "imagenet_c"}),
)
