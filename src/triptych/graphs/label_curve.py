"""Which labels a network gets when only some of them are known."""

from functools import cache

import numpy as np
import torch
from torch import Tensor

from triptych.data.splits import quota
from triptych.seeding import numpy_generator


def known_labels(y: Tensor, total: int) -> Tensor:
    """Positions of ``total`` of the labels, stratified by class, the same for the same labels.

    Subsets are nested: what a smaller total names, a larger one names too, class by class. The
    order within a class is fixed: which node stands at a position is drawn by the split.

    Args:
        y: int64 [n].
        total: How many; all of them if there are not more.

    Returns:
        int64 [min(total, n)], ascending.
    """
    labels = tuple(y.tolist())
    return torch.tensor(_positions(labels, min(total, len(labels))), dtype=torch.int64)


@cache
def _positions(labels: tuple[int, ...], total: int) -> list[int]:
    classes = np.array(labels, dtype=np.int64)
    rng = numpy_generator("label curve", len(labels))
    chosen: list[int] = []
    for label, amount in enumerate(quota(np.bincount(classes), total)):
        members = rng.permutation(np.flatnonzero(classes == label))
        chosen += members[:amount].tolist()
    return sorted(chosen)
