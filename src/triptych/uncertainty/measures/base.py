"""What a measure is given and what it returns."""

from dataclasses import dataclass

from triptych.files import Array
from triptych.records import Kind


@dataclass(frozen=True)
class Prediction:
    """One model on one set of images.

    Attributes:
        members: Logits, float32 [M, N, K].
        log_p: Pooled log-probabilities, float64 [N, K].
        labels: int64 [N].
        bins: Equal-width bins of the calibration measures.
    """

    members: Array
    log_p: Array
    labels: Array
    bins: int


@dataclass(frozen=True)
class Number:
    """One measured value; see :class:`triptych.records.Record` for the fields."""

    metric: str
    value: float
    unit: str
    kind: Kind
    protocol: str = ""
