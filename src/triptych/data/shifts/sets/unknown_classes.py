"""Open set: images of the classes that a data set holds out of training, test and labels."""

from collections.abc import Mapping

import numpy as np

from triptych.data.catalogue import DataSet
from triptych.data.levels import to_bytes
from triptych.data.shifts.base import UNLABELLED, Made, Shift, Source


def held_out(dataset: DataSet) -> bool:
    """Whether the catalogue holds classes of this set out."""
    return dataset.kind == "images" and "held_out" in dataset.arguments


def make(source: Source) -> Mapping[str, Made]:
    """As many images of held-out classes as there are test images, or all of them.

    Equal numbers make the area under the precision-recall curve comparable between sets.
    """
    content = source.prepared(source.dataset)
    unknown = np.flatnonzero(content.arrays["y"] == UNLABELLED)
    count = min(len(unknown), len(source.x))
    chosen = np.sort(source.rng("unknown_classes").choice(unknown, count, replace=False))
    return {"": Made(to_bytes(content.arrays["x"][chosen], content.meta))}


SHIFT = Shift("open set", make, held_out, lambda dataset: (dataset.name,))
