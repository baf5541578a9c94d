"""Translations to the right by 2 to 26 of 28 columns, wrapping round (Ovadia et al. 2019)."""

from collections.abc import Mapping

import numpy as np

from triptych.data.catalogue import DataSet
from triptych.data.shifts.base import Made, Shift, Source

STEPS = 14  # of the width; 28 columns are moved by 2 to 26


def handwriting(dataset: DataSet) -> bool:
    """The sets whose digits are moved."""
    return dataset.name in ("digits", "mnist")


def make(source: Source) -> Mapping[str, Made]:
    """All test images, moved by every multiple of 1/14 of the width that is a whole column.

    8 columns have none of these: there every whole column is taken, 1 to 7.
    """
    width = source.x.shape[2]
    columns = range(2, width, 2) if width >= STEPS else range(1, width)
    return {str(k): Made(np.roll(source.x, k, axis=2), source.labels) for k in columns}


SHIFT = Shift("covariate", make, handwriting)
