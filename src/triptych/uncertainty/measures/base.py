"""What a measure is given and what it returns."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from triptych.files import Array
from triptych.metrics.probabilities import Scores, log_softmax
from triptych.metrics.temperature import NEUTRAL, Temperature
from triptych.records import Kind


@dataclass(frozen=True)
class Prediction:
    """One model on one set of images.

    Attributes:
        members: Logits, float32 [M, N, K].
        log_p: Pooled log-probabilities, float64 [N, K].
        labels: int64 [N]; real numbers for regression; -1 where there is no class.
        bins: Equal-width bins of the calibration measures.
        named: What else is known of a shifted test set that is no corruption; None for all others.
        dataset: Name in the catalogue, for numbers that mean something on one data set alone.
        params: The entry's ``Params``, where members differ by more than their seed.
        temperature: Of the pooled prediction, fitted on the clean validation part.
        exchangeable: Whether a part of the members is a smaller model of the same kind.
    """

    members: Array
    log_p: Array
    labels: Array
    bins: int
    named: "Named | None" = None
    dataset: str = ""
    params: Any = None
    temperature: Temperature = NEUTRAL
    exchangeable: bool = True

    @cached_property
    def log_members(self) -> Scores:
        """Log-probabilities of every member, float64 [M, N, K]."""
        return log_softmax(self.members)

    @property
    def disputes(self) -> bool:
        """Whether there are members whose disagreement says something of the method."""
        return len(self.members) > 1 and self.exchangeable

    @property
    def other_pool(self) -> str:
        """A protocol's remark where numbers of the arithmetic mixture are not of the prediction."""
        pool = getattr(self.params, "aggregation", "arithmetic")
        return "" if pool == "arithmetic" else f"the prediction itself is their {pool} aggregation"


@dataclass(frozen=True)
class Named:
    """A shifted test set that is no corruption, with what its measures compare it with.

    Attributes:
        name: File of ``data/shifts/sets``.
        variant: Which set of that file; "" where it makes one.
        shift: Which kind of shift it stands for.
        clean: The same model on the clean test part.
        held_out: The same model on the validation part, for whatever is fitted or estimated.
        attributes: Arrays whose first axis are the examples.
        facts: What the file says of the set besides.
    """

    name: str
    variant: str
    shift: str
    clean: Prediction
    held_out: Prediction
    attributes: Mapping[str, Array] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Number:
    """One measured value; see :class:`triptych.records.Record` for the fields.

    Attributes:
        by_kind: Whether it is recorded for every corruption, every other labelled set and the
            validation part, too, or for the test part and the means over kinds alone.
    """

    metric: str
    value: float
    unit: str
    kind: Kind
    protocol: str = ""
    by_kind: bool = True


def noted(*pieces: str) -> str:
    """A protocol made of its pieces, the empty ones left out."""
    return "; ".join(piece for piece in pieces if piece)
