"""Inputs at which the law of the target is known, inside the training range and outside it."""

from collections.abc import Mapping

import numpy as np

from triptych.data import heteroscedastic as law
from triptych.data.shifts.base import Made, Shift, Source, of

POINTS = 240
REACH = 2.0  # how far outside, on either side


def make(source: Source) -> Mapping[str, Made]:
    """Variants "inside" (evenly over the training range) and "outside" (beyond both ends).

    Attributes ``true_mean`` and ``true_variance`` are those of the law; targets are drawn from it.
    """
    low, high = law.RANGE
    half = POINTS // 2
    inside = low + (high - low) * (np.arange(POINTS) + 0.5) / POINTS
    step = REACH * (np.arange(half) + 0.5) / half
    outside = np.concatenate([(low - step)[::-1], high + step])
    made = {}
    for variant, x in (("inside", inside), ("outside", outside)):
        y = law.draw(x, source.rng("known_truth", variant))
        truth = {"x": x, "true_mean": law.mean(x), "true_variance": law.deviation(x) ** 2}
        made[variant] = Made(x[:, None], y, truth)
    return made


SHIFT = Shift("covariate", make, of("heteroscedastic"))
