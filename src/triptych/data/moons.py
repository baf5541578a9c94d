r"""Two interleaved half circles: a problem of which everything can be drawn.

.. math:: x | y{=}0 = (\cos t, \sin t) + ε, \quad
          x | y{=}1 = (1 - \cos t, \tfrac12 - \sin t) + ε, \quad
          t \sim U(0, π), \; ε \sim N(0, σ^2 I)
"""

from pathlib import Path

import numpy as np

from triptych.data.prepared import Prepared, describe
from triptych.seeding import numpy_generator


def two_moons(raw: Path | None, n: int, noise: float, seed: int) -> Prepared:
    """``n`` points of the plane, classes in equal shares.

    Args:
        raw: Nothing is read.
        n: Points.
        noise: σ.
        seed: Of the draws.
    """
    rng = numpy_generator("two moons", seed)
    y = np.arange(n) % 2
    t = rng.uniform(0, np.pi, n)
    upper = np.stack([np.cos(t), np.sin(t)], axis=1)
    lower = np.stack([1 - np.cos(t), 0.5 - np.sin(t)], axis=1)
    x = np.where(y[:, None] == 0, upper, lower) + rng.normal(0, noise, (n, 2))
    meta = describe(
        "table",
        n,
        task="classification",
        classes=["upper", "lower"],
        features=["x1", "x2"],
        notes=[f"generated: half circles of radius 1 with normal noise of deviation {noise:g}"],
    )
    return Prepared({"x": x, "y": y.astype(np.int64)}, meta)
