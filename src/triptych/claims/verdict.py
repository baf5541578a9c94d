"""The one rule that turns a measurement into a verdict, the same for every claim."""

import math
from typing import Literal

from triptych.claims.base import Check, Effect
from triptych.metrics.intervals import Interval, paired_interval

Verdict = Literal["holds", "contradicted", "undecided", "not measured"]
VERDICTS: tuple[Verdict, ...] = ("holds", "contradicted", "undecided", "not measured")
LEVEL = 0.95


def interval_of(effect: Effect) -> Interval:
    """The 95 % interval of an effect over its seeds."""
    return paired_interval(effect.values.values(), LEVEL, effect.test_train_ratio)


def judge_effect(interval: Interval, margin: float, floor: float = 0.0) -> Verdict:
    """Verdict on a statistical claim.

    Args:
        interval: Of the effect, positive in the direction that the deck claims.
        margin: What the effect must exceed.
        floor: Noise floor of the measure, a dead zone on both sides of the margin.

    Returns:
        holds when the interval lies wholly above margin + floor, contradicted when wholly below
        margin − floor, undecided otherwise, not measured without any value.
    """
    if interval.n == 0:
        return "not measured"
    if interval.low > margin + floor:
        return "holds"
    if interval.high < margin - floor:
        return "contradicted"
    return "undecided"


def judge_check(check: Check) -> Verdict:
    """Verdict on an identity: holds within the tolerance, else contradicted; nan never agrees."""
    agrees = not math.isnan(check.discrepancy) and abs(check.discrepancy) <= check.tolerance
    return "holds" if agrees else "contradicted"
