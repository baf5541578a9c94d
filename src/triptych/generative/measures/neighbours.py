"""Are the samples copies: distance to the nearest training image, and the same for test images."""

import numpy as np
from sklearn.neighbors import NearestNeighbors

from triptych.files import Array
from triptych.generative.measures.base import Measured, Trained


def measure(trained: Trained) -> Measured:
    """Mean nearest distance (exact search) of samples and, as control, of test images."""
    out = Measured()
    if trained.samples is None:
        return out
    scale = trained.model.levels - 1
    sampled = trained.samples.permute(0, 2, 3, 1).cpu().numpy()
    train = trained.train.arrays["x"]
    index = NearestNeighbors(n_neighbors=1, algorithm="brute").fit(_flat(train, scale))
    for metric, rows in (
        ("nearest_train_distance", sampled),
        ("nearest_train_distance_of_test", trained.test.arrays["x"]),
    ):
        distance, _ = index.kneighbors(_flat(rows, scale))
        out.records.append(
            trained.record(
                metric, float(distance.mean()), "1", "estimate", len(rows),
                f"Euclidean, pixels in [0, 1], exact search over {len(train)} training images; "
                f"{trained.split_rule}",
            )
        )  # fmt: skip
    _, rows = index.kneighbors(_flat(sampled[: trained.params.grid], scale))
    out.arrays["neighbours"] = train[rows[:, 0]]
    return out


def _flat(x: Array, scale: int) -> Array:
    return x.reshape(len(x), -1).astype(np.float64) / scale
