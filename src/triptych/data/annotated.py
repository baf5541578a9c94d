"""Image sets whose every image was labelled by many people."""

from pathlib import Path

import numpy as np

from triptych.data import images, pickles
from triptych.data.prepared import Prepared, describe
from triptych.data.verify import recorded_sha256
from triptych.errors import UserError


def cifar10_human(raw: Path | None) -> Prepared:
    """The 10 000 test images of CIFAR-10 with the label counts of CIFAR-10H.

    ``counts`` int64 [N, 10]; row i of both files is the same image. ``y`` is CIFAR-10's own label.
    The images being the test part of CIFAR-10, a set of its own splits them.
    """
    folder = images.need(raw)
    x, y = images.cifar_batch(folder, "test_batch")
    counts = images.cifar10h(folder).arrays["counts"]
    if counts.shape != (len(x), 10):
        raise UserError(
            f"{folder}: expected the counts of 10 classes for {len(x)} images, found "
            f"{list(counts.shape)}; fetch the set again"
        )
    names = pickles.load(folder / "batches.meta", recorded_sha256(folder, "batches.meta"))
    meta = describe(
        "images",
        len(x),
        task="classification",
        classes=[str(name) for name in names["label_names"]],
        levels=256,
        shape=[32, 32, 3],
        notes=["CIFAR-10's test images, split anew; about 50 people labelled each"],
    )
    return Prepared({"x": x, "y": y, "counts": np.asarray(counts, np.int64)}, meta)
