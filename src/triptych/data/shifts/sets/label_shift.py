"""Label shift: the test images with other class frequencies, p(x|y) untouched."""

from collections.abc import Mapping

import numpy as np

from triptych.data.shifts.base import Made, Shift, Source, images

RATIOS = (3, 10, 30)  # of the most frequent to the rarest class


def make(source: Source) -> Mapping[str, Made]:
    """Variants by the ratio of the most frequent to the rarest class.

    The frequencies fall geometrically over the classes in an order that the seed draws. Images are
    drawn without replacement, so that none counts twice; every class keeps at least one.
    """
    classes, sizes = np.unique(source.labels, return_counts=True)
    made = {}
    for ratio in RATIOS:
        rng = source.rng("label_shift", ratio)
        share = ratio ** -np.linspace(0, 1, len(classes))[rng.permutation(len(classes))]
        # The largest set whose class counts are in these proportions.
        wanted = np.maximum(np.floor(share * (sizes / share).min()), 1).astype(np.int64)
        rows = [
            rng.choice(np.flatnonzero(source.labels == label), count, replace=False)
            for label, count in zip(classes, wanted, strict=True)
        ]
        chosen = np.sort(np.concatenate(rows))
        prior = (wanted / wanted.sum()).tolist()
        facts = {"classes": classes.tolist(), "prior": prior}
        made[str(ratio)] = Made(source.x[chosen], source.labels[chosen], {"row": chosen}, facts)
    return made


SHIFT = Shift("label", make, images)
