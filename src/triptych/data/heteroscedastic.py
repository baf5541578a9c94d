r"""A regression problem whose law is known: the noise grows with the input.

.. math:: x \sim U(-3, 3), \qquad y | x \sim N\big(μ(x), σ(x)^2\big), \qquad
          μ(x) = \sin(2x) + x/2, \qquad σ(x) = 0.1 + 0.25\,(1 + \tanh x)

The standard deviation rises from 0.1 to 0.6, so that one width for all intervals covers too much on
the left and too little on the right.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from triptych.data.prepared import Prepared, describe
from triptych.seeding import numpy_generator

Floats = NDArray[np.float64]
RANGE = (-3.0, 3.0)


def mean(x: Floats) -> Floats:
    """E[y | x]."""
    return np.asarray(np.sin(2 * x) + x / 2, dtype=np.float64)


def deviation(x: Floats) -> Floats:
    """Standard deviation of y given x."""
    return np.asarray(0.1 + 0.25 * (1 + np.tanh(x)), dtype=np.float64)


def draw(x: Floats, rng: np.random.Generator) -> Floats:
    """One y for every x."""
    return np.asarray(mean(x) + deviation(x) * rng.standard_normal(x.shape), dtype=np.float64)


def data_set(raw: Path | None, n: int, seed: int) -> Prepared:
    """``n`` rows of one feature, drawn from the law above."""
    rng = numpy_generator("heteroscedastic", seed)
    x = rng.uniform(*RANGE, n)
    meta = describe(
        "table",
        n,
        task="regression",
        features=["x"],
        target="y",
        notes=["generated: y given x is normal with mean sin 2x + x/2, deviation 0.1 to 0.6"],
    )
    return Prepared({"x": x[:, None], "y": draw(x, rng)}, meta)
