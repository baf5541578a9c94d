"""Snow: bright flakes, blown in two directions, over an image that is whitened."""

import numpy as np

from triptych.data.corruptions.base import Corruption, Pixels
from triptych.data.corruptions.draws import Draws
from triptych.data.corruptions.filters import enlarge, luma, motion

Constant = tuple[float, float, float, float, int, float, float]


def _apply(x: Pixels, constant: Constant, draws: Draws) -> Pixels:
    mean, deviation, zoom, threshold, radius, sigma, kept = constant
    flakes = enlarge(mean + deviation * draws.normal((*x.shape[1:3], 1)), zoom)
    flakes = np.clip(np.where(flakes < threshold, 0.0, flakes), 0.0, 1.0)
    blown = motion(flakes, radius, sigma, -45.0 - 90.0 * draws.uniform((1,))[:, 0])
    whitened = kept * x + (1 - kept) * np.maximum(x, 1.5 * luma(x) + 0.5)
    return np.asarray(whitened + blown + blown[:, ::-1, ::-1])


# Mean and deviation of the flakes, their enlargement and threshold, radius and σ of the wind's
# motion blur (at −135° to −45°), share of the image that is not whitened (Hendrycks & Dietterich
# 2019).
CORRUPTION = Corruption(
    _apply,
    {
        "small": (
            (0.1, 0.2, 1.0, 0.6, 2, 0.7, 0.95),
            (0.1, 0.2, 1.0, 0.5, 2, 1.0, 0.9),
            (0.15, 0.3, 1.0, 0.55, 2, 1.0, 0.9),
            (0.25, 0.3, 1.0, 0.6, 3, 1.5, 0.85),
            (0.3, 0.3, 1.0, 0.65, 3, 3.0, 0.8),
        ),
        "cifar_c": (
            (0.1, 0.2, 1.0, 0.6, 8, 3.0, 0.95),
            (0.1, 0.2, 1.0, 0.5, 10, 4.0, 0.9),
            (0.15, 0.3, 1.75, 0.55, 10, 4.0, 0.9),
            (0.25, 0.3, 2.25, 0.6, 12, 6.0, 0.85),
            (0.3, 0.3, 1.25, 0.65, 14, 12.0, 0.8),
        ),
        "imagenet_c": (
            (0.1, 0.3, 3.0, 0.5, 10, 4.0, 0.8),
            (0.2, 0.3, 2.0, 0.5, 12, 4.0, 0.7),
            (0.55, 0.3, 4.0, 0.9, 12, 8.0, 0.7),
            (0.55, 0.3, 4.5, 0.85, 12, 8.0, 0.65),
            (0.55, 0.3, 2.5, 0.85, 12, 12.0, 0.55),
        ),
    },
)
