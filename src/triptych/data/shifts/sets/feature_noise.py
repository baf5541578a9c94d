"""Measurements of a patient repeated with a worse instrument: noise on every feature."""

from collections.abc import Mapping

import numpy as np

from triptych.data.corruptions.draws import Draws
from triptych.data.shifts.base import Made, Shift, Source, of

REPEATS = 5
SEVERITIES = {"1": 0.25, "2": 0.5, "3": 1.0, "4": 1.5, "5": 2.0}  # in standard deviations


def make(source: Source) -> Mapping[str, Made]:
    r"""Variants "1" to "5": :math:`x_{ij} + s\,d_j ε_{ij}` with standard normal ε.

    d_j is the standard deviation of feature j over the whole data set, and ε belongs to the row:
    it depends neither on the other rows nor on their order. Every row is measured several times,
    with noise of its own each time, so that the draws blur the result less. The labels stay:
    p(y|x) is asked where the training data were not.
    """
    spread = source.prepared(source.dataset).arrays["x"].std(axis=0)
    ids = source.part.arrays["index"].astype(np.int64)
    made = {}
    for variant, size in SEVERITIES.items():
        draws = Draws(
            ids, "shift", "feature_noise", source.dataset, variant, source.part.meta["seed"]
        )
        noise = draws.normal((REPEATS, source.x.shape[1]))
        moved = source.x[:, None] + size * spread * noise
        made[variant] = Made(moved.reshape(-1, len(spread)), np.repeat(source.labels, REPEATS))
    return made


SHIFT = Shift("covariate", make, of("breast_cancer", "diabetes"), lambda dataset: (dataset.name,))
