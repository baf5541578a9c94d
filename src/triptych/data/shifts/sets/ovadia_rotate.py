"""Rotations of MNIST by 15° to 180° (Ovadia et al. 2019)."""

from collections.abc import Mapping

import numpy as np
from scipy import ndimage

from triptych.data.catalogue import DataSet
from triptych.data.shifts.base import Made, Shift, Source
from triptych.files import Array

DEGREES = tuple(range(15, 181, 15))


def handwriting(dataset: DataSet) -> bool:
    """The sets whose digits are turned."""
    return dataset.name in ("digits", "mnist")


def turned(x: Array, degrees: float) -> Array:
    """Rotate images by cubic splines about the centre, clip and round once.

    The published code enlarges the frame and crops its centre, which for even sides lies half a
    pixel off, and leaves values outside 0..1; here the frame stays and black fills its corners.
    """
    y = ndimage.rotate(x.astype(np.float64), degrees, axes=(1, 2), reshape=False, order=3)
    return np.asarray(np.rint(np.clip(y, 0, 255)), dtype=np.uint8)


def make(source: Source) -> Mapping[str, Made]:
    """All test images, at every angle (counterclockwise)."""
    return {str(degrees): Made(turned(source.x, degrees), source.labels) for degrees in DEGREES}


SHIFT = Shift("covariate", make, handwriting)
