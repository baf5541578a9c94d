"""Images of independent uniform pixels."""

from collections.abc import Mapping

import numpy as np

from triptych.data.shifts.base import Made, Shift, Source, images


def make(source: Source) -> Mapping[str, Made]:
    """As many as test images."""
    x = source.rng("uniform_noise").integers(0, 256, source.x.shape, dtype=np.uint8)
    return {"": Made(x)}


SHIFT = Shift("out-of-distribution", make, images)
