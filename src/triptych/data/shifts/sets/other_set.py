"""MNIST's test images for a model of Fashion-MNIST, and the other way round."""

from collections.abc import Mapping

import numpy as np

from triptych.data.catalogue import DataSet
from triptych.data.shifts.base import Made, Shift, Source, of

OTHER = {"mnist": "fashion_mnist", "fashion_mnist": "mnist"}


def companions(dataset: DataSet) -> tuple[str, ...]:
    """The other of the two."""
    return (OTHER[dataset.name],)


def make(source: Source) -> Mapping[str, Made]:
    """As many images of the other set's test part as there are test images, or all of them."""
    arrays = source.prepared(OTHER[source.dataset]).arrays
    test = np.flatnonzero(arrays["split"] == 2)
    count = min(len(test), len(source.x))
    chosen = np.sort(source.rng("other_set").choice(test, count, replace=False))
    return {"": Made(arrays["x"][chosen])}


SHIFT = Shift("out-of-distribution", make, of(*OTHER), companions)
