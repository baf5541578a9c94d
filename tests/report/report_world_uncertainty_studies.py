"""Made-up numbers of regression, decisions, the size of the data and temperature scaling."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from triptych.data import heteroscedastic as law
from triptych.files import Array, write_arrays
from triptych.records import Record
from triptych.uncertainty.regression_levels import LEVELS

SEEDS = range(5)
REGRESSORS = {  # entry: factor on the width of its intervals
    "mean_variance_ensemble": 0.9, "mean_variance_dropout": 1.2, "quantile_regression": 0.85,
}  # fmt: skip
REGRESSION_SETS = ("diabetes", "heteroscedastic")
DECIDERS = {"single": 1.0, "mc_dropout": 0.9, "deep_ensemble": 0.8, "logistic_regression": 0.75}
SIZES = (50, 150, 450, 1050)
CONDITIONS = {  # condition: mutual information and expected entropy at the smallest size
    "linear": (0.13, 1.0), "network": (0.14, 0.55), "label_noise": (0.3, 0.65),
    "views_1": (0.25, 1.2), "views_8": (0.2, 0.8),
}  # fmt: skip


def add(w: Any, write_reliability: Callable[[Path, float, np.random.Generator], None]) -> None:
    """Write the jobs of the studies to the world of the uncertainty panel."""
    for model, factor in REGRESSORS.items():
        for dataset in REGRESSION_SETS:
            rows = [row for s in SEEDS for row in _regression(w, dataset, model, s, factor)]
            folder = w.job(dataset, model, rows, [])
            if dataset == "heteroscedastic":
                arrays = _laws(w.rng, model, factor)
                write_arrays(folder / "predict/logits.safetensors", arrays)
    for model, factor in DECIDERS.items():
        rows = [row for s in SEEDS for row in _decisions(w, model, s, factor)]
        w.job("breast_cancer", model, rows, [])
    w.job("digits", "data_size", [row for s in SEEDS for row in _sizes(w, s)], [])
    _temperature(w, write_reliability)


def _regression(w: Any, dataset: str, model: str, seed: int, factor: float) -> list[Record]:
    rows = [_n_train(w, dataset, model, seed)]
    for name in ("50", "80", "90", "95"):
        covered = min(1.0, int(name) / 100 * factor**0.4) + w.noise(0.02)
        rows.append(w.record(dataset, model, seed, f"coverage/{name}", covered, unit="fraction"))
        rows.append(w.record(dataset, model, seed, f"coverage_floor/{name}", 0.03, unit="fraction"))
        if model != "quantile_regression":
            alone = covered - 0.05
            metric = f"coverage_members/{name}"
            rows.append(w.record(dataset, model, seed, metric, alone, unit="fraction"))
    for b in range(10):
        centre = (b + 0.5) / 10
        density = 1 + (1 / factor - 1) * 6 * ((centre - 0.5) ** 2 - 1 / 12) + w.noise(0.05)
        rows.append(w.record(dataset, model, seed, f"pit/{centre:.2f}", max(density, 0.0)))
    for metric, value in (("rmse", 0.4), ("crps", 0.2), ("nll", 0.3), ("pinball", 0.07)):
        if model != "quantile_regression" or metric in ("rmse", "pinball"):
            rows.append(w.record(dataset, model, seed, metric, value / factor + w.noise(0.01)))
    return rows


def _laws(rng: np.random.Generator, model: str, factor: float) -> dict[str, Array]:
    """What a method and the law itself say at the known inputs, for the smallest seed."""
    arrays: dict[str, Array] = {}
    for variant, x in (
        ("inside", np.linspace(-3, 3, 60)),
        ("outside", np.concatenate([np.linspace(-5, -3, 20), np.linspace(3, 5, 20)])),
    ):
        key = f"0/test:known_truth@{variant}"
        mean, scale = law.mean(x) + 0.1 * np.sin(5 * x), factor * law.deviation(x)
        if model == "quantile_regression":
            spread = np.linspace(-2, 2, len(LEVELS))
            arrays[key] = (mean[:, None] + scale[:, None] * spread)[None].astype(np.float32)
        else:
            arrays[key] = np.stack([mean, scale**2], axis=-1)[None].astype(np.float32)
        arrays |= {
            f"{key}#x": x, f"{key}#true_mean": law.mean(x),
            f"{key}#true_variance": law.deviation(x) ** 2,
        }  # fmt: skip
    return arrays


def _decisions(w: Any, model: str, seed: int, factor: float) -> list[Record]:
    rows = [_n_train(w, "breast_cancer", model, seed)]
    for severity in range(6):
        split = f"test:feature_noise@{severity}" if severity else "test"
        more = {"split": split, "unit": "cost"}
        cost = (0.1 + 0.12 * severity) * factor
        for rule, change in (
            ("/argmax", 1.3), ("/decide", 1.0), ("/abstain", 0.8), ("_tempered/decide", 0.9),
            ("_tempered/abstain", 0.7),
        ):  # fmt: skip
            value = max(cost * change + w.noise(0.02), 0.0)
            rows.append(
                w.record("breast_cancer", model, seed, f"decision_cost{rule}", value, **more)
            )
        for price in (0.1, 0.3, 0.5, 0.7, 0.9):
            value = min(cost, price) * (0.8 + 0.2 * price)
            metric = f"decision_cost_at/price={price:g}"
            rows.append(w.record("breast_cancer", model, seed, metric, value, **more))
    return rows


def _sizes(w: Any, seed: int) -> list[Record]:
    rows = [_n_train(w, "digits", "data_size", seed)]

    def put(metric: str, variant: str, size: int, value: float) -> None:
        name = f"data_size_{metric}/{variant},n={size}"
        rows.append(w.record("digits", "data_size", seed, name, value, unit="nats"))

    for place, size in enumerate(SIZES):
        for name, (mutual, expected) in CONDITIONS.items():
            left = expected * (0.9 if name == "label_noise" else 0.75) ** place
            put("mutual_information", name, size, mutual / 2.2**place * (1 + w.noise(0.05)))
            put("expected_entropy", name, size, left * (1 + w.noise(0.02)))
            put("disagreement", name, size, 0.25 / 2**place * (1 + w.noise(0.05)))
        put("disagreement", "across", size, 0.26 / 1.8**place * (1 + w.noise(0.05)))
        put("noise_entropy", "label_noise", size, 0.94)
    return rows


def _temperature(
    w: Any, write_reliability: Callable[[Path, float, np.random.Generator], None]
) -> None:
    """The twin of the single network, and a graph network with its labels."""
    name = "uncertainty/temperature/digits/0-4"
    if name not in w.jobs:
        rows = []
        for seed in SEEDS:
            rows.append(_n_train(w, "digits", "temperature", seed))
            for metric, value in (("ece", 0.018), ("ece_floor", 0.02)):
                value += w.noise(0.002)
                rows.append(w.record("digits", "temperature", seed, metric, value, unit="fraction"))
        folder = w.job("digits", "temperature", rows, [])
        write_reliability(folder / "evaluate/reliability.csv", 0.2, w.rng)
    arrays: dict[str, Array] = {}
    for seed in SEEDS:
        for split, n in (("validation", 60), ("test", 400)):
            labels = w.rng.integers(0, 4, n)
            honest = w.rng.normal(0, 1, (n, 4)) + 2 * np.eye(4)[labels]
            arrays[f"{seed}/{split}_logits"] = (2.5 * honest).astype(np.float32)
            arrays[f"{seed}/{split}_labels"] = labels
    nodes = type(w)(w.root, "graphs", "node classification")
    folder = nodes.job("digits_knn", "gcn", [_n_train(nodes, "digits_knn", "gcn", 0)], [])
    write_arrays(folder / "evaluate/outputs.safetensors", arrays)
    for name in ("jobs", "records", "timings", "curves"):
        getattr(w, name).extend(getattr(nodes, name))


def _n_train(w: Any, dataset: str, model: str, seed: int) -> Record:
    found: Record = w.record(
        dataset, model, seed, "n_train", 300, split="train", unit="examples",
        protocol="drawn anew for each seed",
    )  # fmt: skip
    return found
