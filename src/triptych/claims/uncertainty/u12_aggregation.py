"""U12: bagging, boosting, trees and stacking; and what averaging makes of members."""

import pandas as pd

from triptych.claims.base import Check, Effect, Identity, Statistical
from triptych.claims.uncertainty._methods import comparable, means
from triptych.claims.uncertainty._reading import CLEAN, effect, panels, severities

STATEMENT = (
    "Models are combined by bagging, boosting, trees and stacking; averaging forms a mixture."
)
SINGLE = "single"
COMBINED = ("bagging", "boosting", "random_forest", "stacking")
STACKED = ("single", "random_forest", "boosting")  # kinds of learners that stacking mixes
POOLED = ("deep_ensemble", "bagging")
CASES, MEMBERS, CLASSES = 1000, 5, 10


def effects(table: pd.DataFrame) -> list[Effect]:
    """NLL of each combination against the single network's, and of two ways to average."""
    found: list[Effect] = []
    for dataset, rows in panels(table):
        present = comparable(rows, SINGLE)
        for name, levels in (("clean", [CLEAN]), ("shifted", severities(rows))):
            if not levels:
                continue
            pairs = [(SINGLE, model) for model in COMBINED if model in present]
            if "stacking" in present:
                pairs += [(m, "stacking") for m in STACKED if m in present and m != SINGLE]
            for left, right in pairs:
                nll = means(rows, [left, right], "nll", levels)
                found += effect(
                    dataset, rows, nll[left], nll[right], "nats",
                    f"NLL, {name}: {left} − {right}",
                )  # fmt: skip
            for model in (m for m in POOLED if m in present):
                logits, probabilities = (
                    means(rows, [model], f"nll_aggregated/{pool}", levels)[model]
                    for pool in ("geometric", "arithmetic")
                )
                found += effect(
                    dataset, rows, logits, probabilities, "nats",
                    f"NLL, {name}, {model}: logits averaged − probabilities averaged",
                )  # fmt: skip
    return found


def check() -> list[Check]:
    """Exact decompositions of the two averages, and the law of a mixture by counting."""
    import numpy as np

    from triptych.metrics.classification import brier, negative_log_likelihood
    from triptych.metrics.pooling import arithmetic, geometric
    from triptych.metrics.probabilities import log_softmax
    from triptych.seeding import numpy_generator

    rng = numpy_generator("U12")
    logits = rng.normal(0, 3, (MEMBERS, CASES, CLASSES))
    labels = rng.integers(0, CLASSES, CASES)
    log_p = log_softmax(logits)
    p, mean = np.exp(log_p), np.exp(arithmetic(logits))
    ambiguity = ((p - mean) ** 2).sum(axis=-1).mean()
    lost = brier(log_p, labels).mean() - brier(arithmetic(logits), labels)
    product = geometric(logits)
    divergence = (np.exp(product) * (product - log_p)).sum(axis=-1).mean()
    gained = negative_log_likelihood(log_p, labels).mean() - negative_log_likelihood(
        product, labels
    )
    # Means of numbers of order 1 (Brier) and below 50 (logarithms), each rounded to 2^-52 relative.
    rounding = 16 * 2.0**-52
    return [
        Check(
            "random logits", abs(float(lost - ambiguity)), rounding, "1",
            "arithmetic mean: Brier score of members − of their mean = spread around it", CASES,
        ),
        Check(
            "random logits", abs(float(gained - divergence)), 50 * rounding, "nats",
            "geometric mean: NLL of members − of their product = its mean divergence from them, "
            "whatever the labels are", CASES,
        ),
        _counted(),
    ]  # fmt: skip


def _counted() -> Check:
    """Draw a member, then a class from it: the frequencies are the arithmetic mean."""
    import numpy as np

    from triptych.metrics.pooling import arithmetic
    from triptych.metrics.probabilities import log_softmax
    from triptych.seeding import numpy_generator

    rng, draws = numpy_generator("U12", "mixture"), 400_000
    logits = rng.normal(0, 2, (MEMBERS, 1, CLASSES))
    p = np.exp(log_softmax(logits))[:, 0]
    who = rng.integers(0, MEMBERS, draws)
    drawn = (p.cumsum(axis=1)[who] < rng.random((draws, 1))).sum(axis=1).clip(max=CLASSES - 1)
    frequency = np.bincount(drawn, minlength=CLASSES) / draws
    expected = np.exp(arithmetic(logits))[0]
    # Five standard errors of the least certain frequency.
    tolerance = 5 * float(np.sqrt(expected * (1 - expected) / draws).max())
    return Check(
        "a member drawn, then a class", float(np.abs(frequency - expected).max()), tolerance,
        "fraction", "frequency of a class − mean probability of the members: a mixture", draws,
    )  # fmt: skip


CLAIMS = [
    Identity(
        "U12", "uncertainty", "B", STATEMENT,
        "what the mean of probabilities and the mean of logits gain over their members, exactly; "
        "and that the mean of probabilities is the law of a mixture",
        check,
    ),
    Statistical(
        "U12", "uncertainty", "B", STATEMENT,
        "NLL of the single network minus that of bagging, boosting, random forest and stacking on "
        "the same splits, of stacking's kinds of learners minus its own; and of averaged logits "
        "minus averaged probabilities",
        effects,
    ),
]  # fmt: skip
