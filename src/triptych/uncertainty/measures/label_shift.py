"""Label shift: predictions corrected for the class frequencies of the test set."""

import numpy as np

from triptych.metrics import classification as c
from triptych.metrics.calibration import expected_calibration_error
from triptych.metrics.priors import estimated_prior, frequencies, with_prior
from triptych.metrics.probabilities import Scores
from triptych.uncertainty.measures.base import Number, Prediction

ON = ("label",)


def measure(prediction: Prediction) -> list[Number]:
    """Accuracy, NLL and ECE with the true frequencies known, and with estimated ones.

    The training data's frequencies are read off the validation part, which is drawn alike.
    """
    assert prediction.named is not None
    classes = prediction.log_p.shape[-1]
    prior = frequencies(prediction.named.held_out.labels, classes)
    target = np.zeros(classes)
    target[prediction.named.facts["classes"]] = prediction.named.facts["prior"]
    guess = estimated_prior(prediction.log_p, prior)
    numbers = [
        Number(
            "prior_distance", float(np.abs(target - prior).sum() / 2), "fraction", "exact",
            "total variation from the training data's class frequencies",
        ),
        Number(
            "prior_estimate_error", float(np.abs(target - guess).sum() / 2), "fraction", "exact",
            "total variation of the estimated class frequencies from the true ones",
        ),
    ]  # fmt: skip
    for name, to in (("known_prior", target), ("estimated_prior", guess)):
        numbers += _scores(name, with_prior(prediction.log_p, prior, to), prediction)
    return numbers


def _scores(name: str, log_p: Scores, prediction: Prediction) -> list[Number]:
    how = f"corrected for the {name.replace('_', ' ')}"
    labels = prediction.labels
    confidence, correct = c.top_label(log_p, labels)
    ece = expected_calibration_error(confidence, correct, prediction.bins)
    return [
        Number(f"accuracy/{name}", float(correct.mean()), "fraction", "exact", how),
        Number(
            f"nll/{name}", float(c.negative_log_likelihood(log_p, labels)), "nats", "exact", how
        ),
        Number(f"ece/{name}", float(ece), "fraction", "estimate", how),
    ]
