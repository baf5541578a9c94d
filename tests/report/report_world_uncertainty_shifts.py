"""Made-up numbers of the shifted test sets that are no corruptions."""

import csv
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from triptych.records import Record, named

FAR = {"photographs": 0.6, "uniform_noise": 0.85, "normal_noise": 0.7}
DEGREES = range(15, 181, 15)
RATIOS = (3, 10, 30)
BINS = 20


def rows(w: Any, model: str, seed: int, factor: float) -> Iterable[Record]:
    """Records of one seed on every set."""

    rng = np.random.default_rng([seed, len(model)])  # its own: the other numbers stay

    def record(metric: str, value: float, split: str, unit: str = "fraction") -> Record:
        value = float(np.clip(value + rng.normal(0, 0.01), 0, 2.3 if unit == "nats" else 1))
        found: Record = w.record("digits", model, seed, metric, value, split=split, unit=unit)
        return found

    yield record("corruption_error", 0.3 * factor, "test")
    yield record("relative_corruption_error", 0.25 * factor, "test")
    for name, confidence in (FAR | {"unknown_classes": 0.75}).items():
        yield record("mean_confidence", confidence * factor, named(name))
        yield w.record("digits", model, seed, "least_confidence", 0.1, split=named(name))
        for score in ("max_probability", "entropy"):
            yield record(f"auroc/{score}", 0.95 - 0.3 * confidence * factor, named(name))
            yield record(f"aupr/{score}", 0.9 - 0.3 * confidence * factor, named(name))
            yield record(f"fpr95/{score}", 0.5 * confidence * factor, named(name))
    for degrees in DEGREES:
        turned = 0.97 - 0.8 * min(degrees, 180 - degrees) / 90
        yield record("accuracy", turned, named("ovadia_rotate", str(degrees)))
    for group, accuracy in (("1", 0.95), ("2", 0.98), ("3", 0.9)):
        yield record("accuracy", accuracy, named("strokes", group))
    # A set whose variants are words, beside those whose variants are numbers.
    yield record("nll", 0.3, named("known_truth", "inside"), "nats")
    yield record("worst_group_accuracy", 0.9, named("strokes"))
    yield record("worst_group_expected", 0.94, named("strokes"))
    for ratio in RATIOS:
        split = named("label_shift", str(ratio))
        yield record("nll", 0.2 * factor, split, "nats")
        yield record("nll/known_prior", 0.2 * factor - 0.01 * ratio**0.5, split, "nats")
        yield record("prior_distance", 0.1 * ratio**0.4, split)
        yield record("prior_estimate_error", 0.03, split)


def write_confidences(path: Path, factor: float, seeds: Iterable[int]) -> None:
    """Counts per confidence, in and out of distribution."""
    laws: dict[str, Callable[[np.ndarray], np.ndarray]] = {
        "test": lambda c: c**8 + 0.01,
        **{named(name): _around(centre * factor) for name, centre in FAR.items()},
        named("unknown_classes"): _around(0.75 * factor),
    }
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["seed", "split", "bin", "lower", "upper", "count"])
        for seed in seeds:
            for split, law in laws.items():
                counts = np.rint(100 * law((np.arange(BINS) + 0.5) / BINS)).astype(int)
                for b, count in enumerate(counts):
                    writer.writerow([seed, split, b, b / BINS, (b + 1) / BINS, count])


def _around(centre: float) -> Callable[[np.ndarray], np.ndarray]:
    return lambda c: np.exp(-(((c - centre) / 0.15) ** 2))
