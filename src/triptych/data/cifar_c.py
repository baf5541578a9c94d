"""CIFAR-10-C as published: the test images of CIFAR-10 under 19 corruptions, five severities."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from triptych.data.images import need, read_npy
from triptych.data.prepared import Prepared, describe
from triptych.errors import UserError
from triptych.files import Array

LABELS = "labels"
SEVERITIES = 5


def published(raw: Path | None) -> Prepared:
    """One array per corruption, uint8 [5 N, 32, 32, 3]: severity 1 first; ``y`` int64 [N].

    In each file the rows of one severity are the test images in their order, and ``labels.npy``
    repeats their labels five times.

    Raises:
        UserError: A file has another layout, or the labels do not repeat.
    """
    folder = need(raw)
    labels = read_npy(folder / f"{LABELS}.npy")
    n = labels.size // SEVERITIES
    if labels.shape != (SEVERITIES * n,) or (labels.reshape(SEVERITIES, n) != labels[:n]).any():
        raise UserError(
            f"{folder / LABELS}.npy: expected the same labels five times over, found others; "
            "fetch the set again"
        )
    arrays: dict[str, Array] = {"y": labels[:n].astype(np.int64)}
    for path in sorted(folder.glob("*.npy")):
        if path.stem == LABELS:
            continue
        x = read_npy(path)
        if x.dtype != np.uint8 or x.shape != (SEVERITIES * n, 32, 32, 3):
            raise UserError(
                f"{path}: expected bytes [{SEVERITIES * n}, 32, 32, 3], found {x.dtype} "
                f"{list(x.shape)}; fetch the set again"
            )
        arrays[path.stem] = x
    meta = describe(
        "shifted",
        n,
        task=None,
        levels=256,
        shape=[32, 32, 3],
        of="cifar10",
        of_split="test",
        notes=["row (s − 1) N + i is test image i at severity s"],
    )
    return Prepared(arrays, meta)


def of_test_images(x: Array, y: Array, rows: NDArray[np.int64], labels: Array) -> dict[int, Array]:
    """Images of some rows of the test part by severity.

    Args:
        x: One corruption's array, [5 N, 32, 32, 3].
        y: Labels of the N test images.
        rows: Positions in the test part, [n].
        labels: Their labels, to be sure that the order is the same.

    Raises:
        UserError: The labels differ: these are other test images, or in another order.
    """
    n = len(y)
    if rows.min(initial=0) < 0 or rows.max(initial=0) >= n or (y[rows] != labels).any():
        raise UserError(
            "published corruptions: expected the test images of the data set in their order, found "
            "other labels; leave the data set out of uncertainty.shift.published"
        )
    return {s: x[(s - 1) * n + rows] for s in range(1, SEVERITIES + 1)}
