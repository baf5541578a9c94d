"""Images of independent Gaussian pixels with the mean and deviation of the test images' pixels."""

from collections.abc import Mapping

import numpy as np

from triptych.data.shifts.base import Made, Shift, Source, images


def make(source: Source) -> Mapping[str, Made]:
    """As many as test images; clipped to 0..255 and rounded once."""
    clean = source.x.astype(np.float64)
    noise = source.rng("normal_noise").normal(clean.mean(), clean.std(), clean.shape)
    return {"": Made(np.rint(np.clip(noise, 0, 255)).astype(np.uint8))}


SHIFT = Shift("out-of-distribution", make, images)
