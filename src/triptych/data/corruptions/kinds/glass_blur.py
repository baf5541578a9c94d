"""Glass: neighbouring pixels change places between two Gaussian blurs."""

import numpy as np

from triptych.data.corruptions.base import Corruption, Pixels
from triptych.data.corruptions.draws import Draws
from triptych.data.corruptions.filters import gaussian


def _apply(x: Pixels, constant: tuple[float, int, int], draws: Draws) -> Pixels:
    sigma, reach, rounds = constant
    return gaussian(_shuffled(gaussian(x, sigma), reach, rounds, draws), sigma)


def _shuffled(x: Pixels, reach: int, rounds: int, draws: Draws) -> Pixels:
    """Every pixel in turn, from the lower right on, takes the value of a random neighbour.

    The neighbour is −reach … reach − 1 rows and columns away. The published code means to swap the
    two, but on colour images it copies, and its offsets are not symmetric: both are kept, because
    the published images were made so. One step serves all images.
    """
    n, height, width, channels = x.shape
    rows, columns = range(height - reach, reach, -1), range(width - reach, reach, -1)
    places = [r * width + c for r in rows for c in columns]
    if not places:
        return x
    moves = draws.integers(-reach, reach, (rounds * len(places), 2))
    offsets = (moves[..., 0] * width + moves[..., 1]).T * n + np.arange(n)
    # source[place, image]: which pixel of x stands there
    source = np.add.outer(np.arange(height * width), np.arange(n) * (height * width)).ravel()
    for step, place in enumerate(places * rounds):
        source[place * n : (place + 1) * n] = source[place * n + offsets[step]]
    pixels = x.reshape(n * height * width, channels)
    return np.asarray(pixels[source.reshape(height * width, n).T].reshape(x.shape))


# σ, reach and rounds (Hendrycks & Dietterich 2019). One round ruins an 8×8 image: no "small"
# constants.
CORRUPTION = Corruption(
    _apply,
    {
        "cifar_c": ((0.05, 1, 1), (0.25, 1, 1), (0.4, 1, 1), (0.25, 1, 2), (0.4, 1, 2)),
        "imagenet_c": ((0.7, 1, 2), (0.9, 2, 1), (1.0, 2, 3), (1.1, 3, 2), (1.5, 4, 2)),
    },
    block=1 << 25,
    # A wider blur mends what the shuffle did: only more rounds at one σ or one reach are a scale.
    scales={"cifar_c": ((1,), (2, 4), (3, 5)), "imagenet_c": ((1,), (2, 3), (4, 5))},
)
