"""Zoom: the camera moves towards the scene, seen as the mean of enlargements."""

from triptych.data.corruptions.base import Corruption, Pixels
from triptych.data.corruptions.draws import Draws
from triptych.data.corruptions.filters import enlarge, stretched


def _apply(x: Pixels, factors: tuple[float, ...], draws: Draws) -> Pixels:
    # At few pixels several factors come to the same enlargement: each is made once.
    weights: dict[tuple[tuple[int, int], ...], tuple[float, int]] = {}
    for factor in (1.0, *factors):  # the image itself counts once more
        key = tuple(stretched(length, factor) for length in x.shape[1:3])
        weights[key] = (factor, weights.get(key, (factor, 0))[1] + 1)
    total = sum(count for _, count in weights.values())
    y = 0.0 * x
    for factor, count in weights.values():
        y += (count / total) * enlarge(x, factor)
    return y


def _factors(count: int, step: int) -> tuple[float, ...]:
    """1, 1 + step/100 … : the published ranges, whose last member hangs on rounding, spelt out."""
    return tuple((100 + step * k) / 100 for k in range(count))


# Hendrycks & Dietterich 2019.
CORRUPTION = Corruption(
    _apply,
    {
        "small": tuple(_factors(count, 5) for count in (3, 4, 7, 13, 17)),
        "cifar_c": tuple(_factors(count, 1) for count in (7, 12, 16, 21, 26)),
        "imagenet_c": (
            _factors(12, 1),
            _factors(16, 1),
            _factors(11, 2),
            _factors(13, 2),
            _factors(11, 3),
        ),
    },
)
