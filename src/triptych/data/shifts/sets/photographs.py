"""Patches of two photographs, at the size and with the channels of the data: nothing like it."""

from collections.abc import Mapping

import numpy as np

from triptych.data.shifts.base import Made, Shift, Source, images
from triptych.files import Array

SCALES = (1, 2, 4, 8)  # of the cut: patches show texture, edges or whole objects
RED_GREEN_BLUE = (0.299, 0.587, 0.114)  # luma of Rec. 601


def make(source: Source) -> Mapping[str, Made]:
    """As many patches as test images, half from each photograph, at scales 1 to 8."""
    n, height, width, channels = source.x.shape
    pictures = source.prepared("photographs").arrays
    rng = source.rng("photographs")
    patches = []
    for index in range(n):
        picture = pictures[sorted(pictures)[index % len(pictures)]]
        scale = SCALES[index // len(pictures) % len(SCALES)]
        top = rng.integers(picture.shape[0] - scale * height + 1)
        left = rng.integers(picture.shape[1] - scale * width + 1)
        cut = picture[top : top + scale * height, left : left + scale * width]
        patches.append(_shrink(cut, scale))
    return {"": Made(_channels(np.stack(patches), channels))}


def _shrink(x: Array, factor: int) -> Array:
    """Mean of blocks, float64."""
    height, width, channels = x.shape
    blocks = x.reshape(height // factor, factor, width // factor, factor, channels)
    return np.asarray(blocks.mean(axis=(1, 3)))


def _channels(x: Array, wanted: int) -> Array:
    """RGB [N, H, W, 3] to bytes, or to the grey of a set with one channel."""
    grey = x if wanted == 3 else (x @ np.array(RED_GREEN_BLUE))[..., None]
    return np.rint(grey).astype(np.uint8)


SHIFT = Shift("out-of-distribution", make, images, lambda dataset: ("photographs",))
