"""Regression against a known law: excess likelihood and coverage without sampling noise."""

import numpy as np

from triptych.metrics import regression as r
from triptych.uncertainty.measures.base import Number, Prediction
from triptych.uncertainty.measures.regression import NOMINAL, bounds, gaussian, quantiles_of

TASKS = ("regression",)
ON = ("covariate",)


def measure(prediction: Prediction) -> list[Number]:
    """Where the set says what the law of the target is; nothing elsewhere."""
    known = prediction.named.attributes if prediction.named else {}
    if "true_mean" not in known:
        return []
    mean, variance = known["true_mean"], known["true_variance"]
    law, quantiles = prediction.log_p, quantiles_of(prediction.log_p)
    numbers = []
    for nominal in NOMINAL:
        covered = r.known_coverage(*bounds(quantiles, nominal), mean, variance)
        name = f"{nominal * 100:.0f}"
        numbers += [
            Number(
                f"known_coverage/{name}", float(covered.mean()), "fraction", "exact",
                "probability of the interval under the law, mean over inputs",
            ),
            Number(
                f"known_coverage_error/{name}", float(np.abs(covered - nominal).mean()), "fraction",
                "exact", "mean over inputs of |probability of the interval − nominal|",
            ),
        ]  # fmt: skip
    if gaussian(law):
        excess = float(r.gaussian_divergence(law[:, 0], law[:, 1], mean, variance))
        numbers.append(Number("nll_excess", excess, "nats", "exact", "KL of the law from it"))
    return numbers
