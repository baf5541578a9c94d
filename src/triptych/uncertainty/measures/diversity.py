"""How far members differ, and how far for how well they do."""

import numpy as np

from triptych.metrics.classification import accuracy
from triptych.metrics.disagreement import normalised_disagreement
from triptych.metrics.function_space import mean_distance
from triptych.uncertainty.measures.base import Number, Prediction


def measure(prediction: Prediction) -> list[Number]:
    """Mean accuracy of single members, their disagreement over their error, and their distance.

    Two predictors may disagree just because both are bad; divided by the error, 0 is left to copies
    and about 1 to predictors whose mistakes have nothing to do with one another (Fort, Hu &
    Lakshminarayanan 2019). The distance also sees what changes no predicted class. Members of
    different kinds that are weighted have none: all pairs count alike here.
    """
    if not prediction.disputes:
        return []
    own = float(accuracy(prediction.members, prediction.labels).mean())
    ratio = float(normalised_disagreement(prediction.members, prediction.labels))
    distance = mean_distance(np.exp(prediction.log_members))
    how = "mean over pairs of members, over 1 − mean accuracy of members; nan without any error"
    return [
        Number("accuracy_members", own, "fraction", "exact", "mean over members", by_kind=False),
        Number("normalised_disagreement", ratio, "1", "estimate", how, by_kind=False),
        Number(
            "members_distance", distance, "1", "estimate",
            "total variation between predictions, mean over pairs of members", by_kind=False,
        ),
    ]  # fmt: skip
