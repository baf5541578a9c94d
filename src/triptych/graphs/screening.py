"""Virtual screening: how many of the molecules that a model ranks first are active."""

import numpy as np

from triptych.files import Array
from triptych.graphs.base import Measured, Number, Parts
from triptych.metrics import ranking

FIRST = 100  # molecules that a laboratory examines, by deck A


def with_ranking(measured: Measured, parts: Parts) -> Measured:
    """Add the numbers of the ranking by the log-odds of class 1, where there are two classes.

    Args:
        measured: With the arrays ``validation_logits`` and ``test_logits`` [N, 2].
        parts: What was measured.

    Returns:
        The same with, for test and validation, ``auroc``, ``average_precision`` and ``positives``;
        for a test part of more than 100, ``precision_at_100`` and ``enrichment_at_100``; and the
        array ``test_y``.
    """
    if parts["train"].meta["n_classes"] != 2:
        return measured
    numbers = list(measured.numbers)
    protocol = next(n.protocol for n in numbers if n.metric == "n_train")
    for split in ("validation", "test"):
        y, logits = parts[split].arrays["y"], measured.arrays[f"{split}_logits"]
        numbers += rank(logits[:, 1] - logits[:, 0], y, split, protocol)
    return Measured(numbers, measured.arrays | {"test_y": parts["test"].arrays["y"]})


def rank(scores: Array, y: Array, split: str, protocol: str) -> list[Number]:
    """The numbers of one ranking.

    Args:
        scores: [N], the most promising highest.
        y: [N], 1 for active.
        split: Named in the numbers.
        protocol: What the scores mean nothing without; the imbalance is added.
    """
    n, active = len(y), float(np.mean(y))
    protocol += f"; {int(y.sum())} of {n} are active, which is chance for precision"
    found = [
        Number(split, "positives", active, "fraction", n, protocol),
        Number(split, "auroc", ranking.auroc(scores, y), "fraction", n, protocol),
        Number(
            split, "average_precision", ranking.average_precision(scores, y), "fraction", n,
            protocol,
        ),
    ]  # fmt: skip
    if split == "test" and n > FIRST:
        precision = ranking.precision_at(scores, y, FIRST)
        best = ranking.enrichment_at(y, y, FIRST)
        note = f"{protocol}; 1 is chance, {best:.3g} the most there can be"
        found += [
            Number(split, f"precision_at_{FIRST}", precision, "fraction", n, protocol),
            Number(split, f"enrichment_at_{FIRST}", precision / active, "1", n, note),
        ]
    return found
