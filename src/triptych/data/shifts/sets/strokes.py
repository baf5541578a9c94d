"""Subpopulations of handwriting: the test images by thirds of their strokes' thickness."""

from collections.abc import Mapping

import numpy as np

from triptych.data.catalogue import DataSet
from triptych.data.shifts.base import Made, Shift, Source
from triptych.metrics.strokes import thickness

GROUPS = 3


def handwriting(dataset: DataSet) -> bool:
    """Whether the images are bright strokes on a dark ground."""
    return dataset.name in ("digits", "mnist")


def make(source: Source) -> Mapping[str, Made]:
    """Variants "1" (thinnest) to "3" (thickest), as equal in size as can be.

    The groups partition the test part: the mean of a per-example number over them, weighted by
    their sizes, is its value on the clean test part.
    """
    width = thickness(source.x[..., 0])
    order = np.argsort(width, kind="stable")
    made = {}
    for number, rows in enumerate(np.array_split(order, GROUPS), start=1):
        chosen = np.sort(rows)
        made[str(number)] = Made(
            source.x[chosen],
            source.labels[chosen],
            {"thickness": width[chosen], "row": chosen},
        )
    return made


SHIFT = Shift("subpopulation", make, handwriting)
