r"""Labels that several people gave to one image: read where a set has them, simulated for digits.

The simulated annotators are a stand-in, and no measurement of people. Their disagreement is known:

.. math:: q(k|x, y) = (1 - a(x))\,[k = y] + \frac{a(x)}{2}\,[k \in \mathrm{alike}(y)], \qquad
          a(x) = 0.5\,\frac{s(x)^2}{s(x)^2 + 0.15^2}

where s is the slant of the strokes: the more a digit leans, the more often it is taken for one of
the two digits that look like it. a is 0 for an upright digit and never reaches 0.5.
"""

import numpy as np
from numpy.typing import NDArray

from triptych.data.corruptions.draws import Draws
from triptych.data.parts import Part
from triptych.errors import UserError
from triptych.files import Array
from triptych.metrics.strokes import slant

ANNOTATORS = 50  # votes per simulated image; CIFAR-10H has about as many
MOST, TYPICAL_SLANT = 0.5, 0.15
ALIKE = ((6, 8), (2, 7), (3, 7), (5, 8), (7, 9), (3, 6), (0, 5), (1, 9), (3, 9), (4, 7))
SIMULATED = ("digits",)


def disagreement(x: Array) -> NDArray[np.float64]:
    """a(x), the probability of a vote against the label: images [N, H, W, C] -> [N]."""
    squared = slant(x[..., 0]) ** 2
    return np.asarray(MOST * squared / (squared + TYPICAL_SLANT**2))


def distribution(x: Array, y: Array) -> NDArray[np.float64]:
    """q(k|x, y) of the simulated annotators: [N, H, W, C] and [N] -> [N, 10]."""
    against = disagreement(x)
    alike = np.zeros((len(ALIKE), len(ALIKE)))
    for digit, others in enumerate(ALIKE):
        alike[digit, list(others)] = 1 / len(others)
    right = np.eye(len(ALIKE))[y]
    return np.asarray((1 - against[:, None]) * right + against[:, None] * alike[y])


def has_votes(part: Part) -> bool:
    """Whether people's votes of this part are known or simulated."""
    return "counts" in part.arrays or part.meta["dataset"] in SIMULATED


def votes(part: Part) -> NDArray[np.int64]:
    """How many annotators chose each class, [N, K].

    The votes of a simulated image belong to the image: they are the same in every split.

    Raises:
        UserError: Nobody's labels are known for this data set.
    """
    if "counts" in part.arrays:
        return np.asarray(part.arrays["counts"], dtype=np.int64)
    if not has_votes(part):
        raise UserError(
            f"{part.meta['dataset']}: expected a data set with the labels of several people, found "
            f"one label per image; use {', '.join(SIMULATED)} (simulated) or cifar10_human"
        )
    q = distribution(part.arrays["x"], part.arrays["y"])
    draws = Draws(part.arrays["index"].astype(np.int64), "annotators", part.meta["dataset"])
    drawn = draws.each(lambda rng, i: rng.multinomial(ANNOTATORS, q[i]).astype(np.float64))
    return np.asarray(drawn, dtype=np.int64)
