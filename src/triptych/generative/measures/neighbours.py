"""Are the samples copies: are they nearer to training images than to images never seen?"""

from typing import NamedTuple

import numpy as np
from sklearn.neighbors import NearestNeighbors

from triptych.files import Array
from triptych.generative.measures.base import Measured, Trained

TAIL = 0.05  # test images nearer than this quantile set what counts as near
# Distances count as equal up to here: of equal images, the expanded square ‖a‖² − 2ab + ‖b‖² leaves
# 1e-16 ‖a‖² in float64, so that its root is off by 1e-8 ‖a‖; others differ by far more.
TIE = 1e-6


def measure(trained: Trained) -> Measured:
    """Nearest distances (exact search) of samples to training and to test images.

    In pixels and in the extractor's features; no flips, because no training here uses them.
    """
    out = Measured()
    if trained.samples is None:
        return out
    sampled = trained.samples.permute(0, 2, 3, 1).cpu().numpy()
    parts = {"train": trained.train.arrays["x"], "test": trained.test.arrays["x"]}
    scale = trained.model.levels - 1
    pixels = Space(_flat(parts["train"], scale), _flat(sampled, scale), _flat(parts["test"], scale))
    neighbours = _compare(trained, out, "", pixels, "pixels in [0, 1]")
    features = Space(
        trained.features(trained.images(trained.train)),
        trained.features(trained.samples),
        trained.features(trained.images(trained.test)),
    )
    name = trained.extractor.name
    _compare(trained, out, f"/{name}", features, f"features {name}")
    out.arrays["neighbours"] = parts["train"][neighbours[: trained.params.grid]]
    return out


def near_copies(samples: Array, control: Array) -> float:
    """Share of samples nearer to the data than all but the nearest 5 % of the control.

    Near 0.05 for a sampler of the data's law, near 1 for one that copies.

    Args:
        samples: Nearest distances of samples [n].
        control: Nearest distances of held-out images [m].
    """
    return float((samples < np.quantile(control, TAIL)).mean())


def nearer_share(sampled: Array, seen: Array, unseen: Array) -> float:
    """Share of samples nearer to one set of points than to another, ties counted as a half.

    Where both sets are equally many draws of one law and the sampler has met neither, or learnt no
    more than the law, it is 1/2: either set is as likely to hold the nearest point. Above 1/2 the
    samples lie nearer to what was seen than the law does: data copying (Meehan, Chaudhuri &
    Dasgupta 2020), here as the share of Platzer & Reutterer (2021). Noise added to a copy hides it
    from a threshold on the distance, not from this.

    Args:
        sampled: Points [n, D].
        seen: Points that the sampler was fitted to [m, D].
        unseen: As many that it was not [m, D].
    """
    near, far = (_nearest(points, sampled)[0] for points in (seen, unseen))
    ties = np.abs(near - far) <= TIE
    return float(np.where(ties, 0.5, near < far).mean())


class Space(NamedTuple):
    """Images as points, one row each."""

    train: Array
    sampled: Array
    test: Array


def _compare(trained: Trained, out: Measured, variant: str, space: Space, of: str) -> Array:
    """Add the records of one space; the training row nearest to each sample [n]."""
    distance, rows = _nearest(space.train, space.sampled)
    control, _ = _nearest(space.train, space.test)
    searched = f"exact search over {len(space.train)} training images"
    protocol = f"Euclidean, {of}, {searched}; {trained.split_rule}"
    for metric, values in (
        ("nearest_train_distance", distance),
        ("nearest_train_distance_of_test", control),
    ):
        out.records.append(
            trained.record(
                metric + variant, float(values.mean()), "1", "estimate", len(values), protocol
            )
        )
    out.records.append(
        trained.record(
            f"near_copies{variant}", near_copies(distance, control), "fraction",
            "estimate", len(space.sampled),
            f"samples nearer to a training image than all but the nearest {TAIL:.0%} of "
            f"{len(space.test)} test images; {protocol}",
        )
    )  # fmt: skip
    m = min(len(space.train), len(space.test))
    seen = space.train[trained.subset(len(space.train), m, "copies, training images")]
    unseen = space.test[trained.subset(len(space.test), m, "copies, test images")]
    out.records.append(
        trained.record(
            f"nearer_to_training{variant}", nearer_share(space.sampled, seen, unseen), "fraction",
            "estimate", len(space.sampled),
            f"samples nearer to one of {m} random training images than to any of {m} test images, "
            f"ties as a half; Euclidean, {of}; {trained.split_rule}",
        )
    )  # fmt: skip
    return rows


def _nearest(points: Array, to: Array) -> tuple[Array, Array]:
    """Distance to the nearest point and its row, for each row of ``to``: [n] each."""
    index = NearestNeighbors(n_neighbors=1, algorithm="brute").fit(points)
    distance, rows = index.kneighbors(to)
    return distance[:, 0], rows[:, 0]


def _flat(x: Array, scale: int) -> Array:
    return x.reshape(len(x), -1).astype(np.float64) / scale
