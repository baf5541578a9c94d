"""U16: one network carries no model uncertainty; what the methods with members add."""

import pandas as pd

from triptych.claims.base import Check, Effect, Identity, Statistical
from triptych.claims.uncertainty._reading import (
    CLEAN,
    effect,
    models_with,
    panels,
    score,
    severities,
    zero,
)

STATEMENT = "The network trained by SGD gives just one prediction: no model uncertainty."
CASES, CLASSES = 1000, 10


def check() -> list[Check]:
    """Mutual information of one network, of copies, of opposites, its sign and its definition."""
    import numpy as np

    from triptych.metrics.disagreement import entropy_split
    from triptych.metrics.pooling import arithmetic
    from triptych.metrics.probabilities import log_softmax
    from triptych.seeding import numpy_generator

    logits = numpy_generator("U16").normal(0, 3, (5, CASES, CLASSES))
    one, many = entropy_split(logits[:1]), entropy_split(logits)
    copies = entropy_split(np.repeat(logits[:1], 5, axis=0))
    opposite = entropy_split(np.array([[[800.0, 0.0]], [[0.0, 800.0]]]))
    log_p = log_softmax(logits)
    divergence = (np.exp(log_p) * (log_p - arithmetic(logits))).sum(axis=-1).mean(axis=0)
    # Entropies are sums of K terms below 1/e computed from logarithms below 50 in size: rounding is
    # K · 50 · 2^-52 at the very most.
    rounding = CLASSES * 50 * 2.0**-52
    return [
        Check(
            "random logits of one network", float(np.abs(one.total - one.expected).max()), rounding,
            "nats", "entropy of the prediction − expected entropy = mutual information", CASES,
        ),
        Check(
            "five copies of one network", float(copies.mutual.max()), rounding,
            "nats", "mutual information", CASES,
        ),
        Check(
            "two networks sure of different classes", float(abs(opposite.mutual[0] - np.log(2))),
            rounding, "nats", "mutual information − ln 2", 1,
        ),
        Check(
            "random logits of five networks",
            float(np.maximum(many.expected - many.total, 0).max()), rounding,
            "nats", "what mutual information lies below 0, before rounding is cut off", CASES,
        ),
        Check(
            "random logits of five networks",
            float(np.abs(many.mutual - divergence).max()), rounding,
            "nats", "entropy split − mean KL divergence of the members from their mean", CASES,
        ),
    ]  # fmt: skip


def effects(table: pd.DataFrame) -> list[Effect]:
    """Mutual information of the methods with members: its size, and its rise under shift."""
    found: list[Effect] = []
    for dataset, rows in panels(table):
        steps = severities(rows)
        for model in models_with(rows, "mutual_information"):
            clean = score(rows, model, "mutual_information", CLEAN)
            found += effect(
                dataset, rows, clean, zero(clean), "nats",
                f"mutual information on clean images, {model} (never negative: read its size)",
            )  # fmt: skip
            if steps:
                worst = score(rows, model, "mutual_information", steps[-1])
                found += effect(
                    dataset, rows, worst, clean, "nats",
                    f"mutual information: severity {steps[-1]} − severity 0, mean over kinds, "
                    f"{model}",
                )  # fmt: skip
    return found


CLAIMS = [
    Identity(
        "U16", "uncertainty", "B", STATEMENT,
        "the entropy of one network's prediction is all expected entropy: its mutual information "
        "is 0",
        check,
    ),
    Statistical(
        "U16", "uncertainty", "B", STATEMENT,
        "mutual information between prediction and member that every method adds whose members "
        "count alike, and how it rises under shift",
        effects,
    ),
]  # fmt: skip
