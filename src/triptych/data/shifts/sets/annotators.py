"""The test images themselves, with the labels that several people gave them. No shift at all."""

from collections.abc import Mapping

import numpy as np

from triptych.data import annotators
from triptych.data.catalogue import DataSet
from triptych.data.shifts.base import Made, Shift, Source

COUNTED = {"cifar10": "cifar10h"}  # images: set of counts for their test part


def annotated(dataset: DataSet) -> bool:
    """Data sets with votes: simulated ones for the digits, people's for CIFAR-10."""
    return dataset.name in (*annotators.SIMULATED, *COUNTED, "cifar10_human")


def companions(dataset: DataSet) -> tuple[str, ...]:
    """The counts, where they are a set of their own."""
    return (COUNTED[dataset.name],) if dataset.name in COUNTED else ()


def make(source: Source) -> Mapping[str, Made]:
    """Attributes: ``counts`` [N, K], and ``truth`` [N, K] where the distribution is known."""
    if source.dataset in COUNTED:
        counts = source.prepared(COUNTED[source.dataset]).arrays["counts"]
        # The counts are in the order of the test part, which is the last of the prepared set.
        first = int(str(source.part.meta["n"])) - len(counts)
        rows = source.part.arrays["index"] - first
        return {"": Made(source.x, attributes={"counts": counts[rows]})}
    found = {"counts": annotators.votes(source.part)}
    if "counts" not in source.part.arrays:
        part = source.part.arrays
        truth = annotators.distribution(part["x"], part["y"])
        found["truth"] = np.asarray(truth, dtype=np.float64)
    return {"": Made(source.x, attributes=found)}


SHIFT = Shift("human labels", make, annotated, companions)
