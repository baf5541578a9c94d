"""The tables behind reliability diagrams and histograms of confidences."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from triptych.files import write_text
from triptych.metrics.calibration import edges, equal_width, reliability
from triptych.metrics.classification import top_label
from triptych.uncertainty.measures.base import Prediction

RELIABILITY_COLUMNS = (
    "seed", "split", "bin", "lower", "upper", "count", "accuracy", "confidence",
)  # fmt: skip
HISTOGRAM_COLUMNS = ("seed", "split", "bin", "lower", "upper", "count")
HISTOGRAM_BINS = 20


def reliability_rows(seed: int, split: str, found: Sequence[Prediction]) -> list[list[object]]:
    """A reliability diagram of predicted classes over several predictions pooled."""
    bins = found[0].bins
    pairs = [top_label(prediction.log_p, prediction.labels) for prediction in found]
    confidence, correct = (np.concatenate(side) for side in zip(*pairs, strict=True))
    diagram, border = reliability(confidence, correct, bins), edges(bins)
    return [
        [
            seed, split, b, border[b], border[b + 1],
            diagram.count[b], diagram.accuracy[b], diagram.confidence[b],
        ]
        for b in range(bins)
    ]  # fmt: skip


def histogram_rows(seed: int, split: str, prediction: Prediction) -> list[list[object]]:
    """How many inputs get which confidence."""
    confidence = np.minimum(np.exp(prediction.log_p.max(axis=-1)), 1.0)
    counts = np.bincount(equal_width(confidence, HISTOGRAM_BINS), minlength=HISTOGRAM_BINS)
    border = edges(HISTOGRAM_BINS)
    return [
        [seed, split, b, border[b], border[b + 1], count] for b, count in enumerate(counts.tolist())
    ]


def write_table(path: Path, columns: Sequence[str], rows: list[list[object]]) -> None:
    """Write rows as CSV; what no example fell into (nan) is an empty cell."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_cell(value) for value in row])
    write_text(path, stream.getvalue())


def _cell(value: object) -> object:
    if isinstance(value, float | np.floating):
        return "" if np.isnan(value) else repr(float(value))
    return value
