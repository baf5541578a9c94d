"""What every classifier of whole graphs is measured by."""

from collections.abc import Callable

from triptych.data.parts import Part
from triptych.files import Array
from triptych.graphs.base import Measured, Number, Parts
from triptych.metrics.classification import accuracy, negative_log_likelihood
from triptych.metrics.probabilities import log_softmax


def class_numbers(predict: Callable[[Part], Array], parts: Parts, protocol: str) -> Measured:
    """Accuracy and negative log-likelihood on the validation and test parts.

    Args:
        predict: A part's logits [graphs, classes].
        parts: train, validation and test.
        protocol: Of all the numbers.

    Returns:
        The numbers, ``n_train`` among them, and the logits as ``<part>_logits``.
    """
    n_train = len(parts["train"].arrays["y"])
    numbers = [Number("train", "n_train", n_train, "examples", n_train, protocol)]
    arrays = {}
    for split in ("validation", "test"):
        y = parts[split].arrays["y"]
        logits = predict(parts[split])
        log_p, n = log_softmax(logits), len(y)
        hit, nll = float(accuracy(log_p, y)), float(negative_log_likelihood(log_p, y))
        numbers.append(Number(split, "accuracy", hit, "fraction", n, protocol))
        numbers.append(Number(split, "nll", nll, "nats", n, protocol))
        arrays[f"{split}_logits"] = logits
    return Measured(numbers, arrays)
