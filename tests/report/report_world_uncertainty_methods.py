"""Made-up numbers of many methods: costs, sizes, aggregations, maps of members, the plane."""

from pathlib import Path
from typing import Any

import numpy as np

from triptych.files import Array, write_arrays
from triptych.metrics.aggregation import AGGREGATIONS
from triptych.records import Record, shifted

SEEDS = range(5)
MODELS = {  # entry: factor on every score
    "temperature": 0.86, "bagging": 0.88, "batch_ensemble": 0.91, "checkpoint_ensemble": 0.97,
    "swag": 0.94, "laplace": 0.95, "sngp": 0.87, "random_forest": 1.1, "boosting": 1.2,
    "stacking": 0.83,
}  # fmt: skip
FAMILIES = {
    "single": "single network", "mc_dropout": "MC dropout", "deep_ensemble": "deep ensemble",
    "temperature": "temperature scaling", "bagging": "bagging", "batch_ensemble": "BatchEnsemble",
    "checkpoint_ensemble": "checkpoint ensemble", "swag": "SWAG", "laplace": "Laplace",
    "sngp": "SNGP", "random_forest": "random forest", "boosting": "boosting",
    "stacking": "stacking",
}  # fmt: skip
MEMBERS = {  # entry: members, how far apart they lie
    "mc_dropout": (10, 0.3), "deep_ensemble": (10, 2.0), "bagging": (5, 2.2),
    "batch_ensemble": (4, 0.8), "checkpoint_ensemble": (5, 0.4), "swag": (10, 0.3),
    "laplace": (10, 0.2), "sngp": (10, 0.2), "random_forest": (10, 3.0), "stacking": (4, 3.0),
}  # fmt: skip
COST = {  # entry: multiply-adds of a prediction and of the training, in those of the single network
    "single": (1, 1), "mc_dropout": (1.9, 1), "deep_ensemble": (10, 10), "temperature": (1, 1),
    "bagging": (5, 5), "batch_ensemble": (4, 1), "checkpoint_ensemble": (5, 1), "swag": (10, 1),
    "laplace": (1.1, 1), "sngp": (1.3, 1.2), "random_forest": (0.01, 0.1), "boosting": (0.02, 0.3),
    "stacking": (1.1, 1.5),
}  # fmt: skip
DRAWN = ("single", "mc_dropout", "deep_ensemble", "sngp", "laplace", "swag", "random_forest")
ONE_PASS, UPDATES = 360_000.0, 3 * 400 * 64


def rows(w: Any, model: str, seed: int, factor: float) -> list[Record]:
    """Records of one method and seed beside its scores."""
    prediction, training = COST[model]
    found = [
        w.record(
            "digits", model, seed, "family", 1, split="train", protocol=FAMILIES[model]
        ),
        w.record(
            "digits", model, seed, "prediction_multiply_adds", ONE_PASS * prediction,
            unit="multiply-adds",
        ),
        w.record(
            "digits", model, seed, "training_multiply_adds", ONE_PASS * UPDATES * training,
            unit="multiply-adds", split="train",
        ),
    ]  # fmt: skip
    for severity in range(6):
        split = shifted("mean", severity)
        nll = (0.1 + 0.4 * severity) * factor
        numbers = {"nll_calibrated": 0.95 * nll, "ece_calibrated": 0.03, "temperature": 1.2}
        numbers |= _members(model, nll)
        for metric, value in numbers.items():
            value *= 1 + w.noise(0.01)
            found.append(w.record("digits", model, seed, metric, value, split=split, unit="nats"))
    return found


def _members(model: str, nll: float) -> dict[str, float]:
    if model not in MEMBERS:
        return {}
    count, apart = MEMBERS[model]
    found = {}
    if model != "stacking":  # its members do not count alike
        found = {
            "accuracy_members": 0.9, "normalised_disagreement": 0.2 * apart,
            "members_distance": 0.02 * apart,
        }  # fmt: skip
    for place, name in enumerate(AGGREGATIONS):
        for metric in ("accuracy", "nll", "brier", "ece"):
            found[f"{metric}_aggregated/{name}"] = nll * (1 + 0.02 * place)
    if model != "stacking":
        for size in range(1, count + 1):
            gain = 1 + 0.15 * apart * (1 / size - 1 / count)
            found[f"nll_of_size/k={size}"] = nll * gain
            found[f"brier_of_size/k={size}"] = nll * gain / 3
            found[f"accuracy_of_size/k={size}"] = 1 - nll * gain / 5
    return found


def timings(w: Any, model: str, seed: int) -> list[Record]:
    """Seconds of a prediction; those of the training are there."""
    seconds = 2e-5 * COST[model][0] ** 0.8 * np.exp(w.noise(0.1))
    return [w.record("digits", model, seed, "prediction_seconds", seconds, unit="s/image")]


def write_members(folder: Path, model: str, rng: np.random.Generator) -> None:
    """Predictions of every member on the clean test images, for the smallest seed."""
    count, apart = MEMBERS.get(model, (1, 0.0))
    centre = np.random.default_rng(1).normal(0, 3, (40, 10))  # one trained network, for all
    logits = centre + 0.2 * rng.normal(size=(40, 10)) + apart * rng.normal(size=(count, 40, 10))
    p = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
    arrays: dict[str, Array] = {"0/members": p.astype(np.float32), "0/labels": np.zeros(40)}
    write_arrays(folder / "outputs.safetensors", arrays)


def add(w: Any) -> None:
    """Jobs on two moons, with what is drawn over the plane."""
    for place, model in enumerate(DRAWN):
        found = [
            w.record("two_moons", model, seed, metric, value, split=split)
            for seed in SEEDS
            for metric, value, split in (("n_train", 240.0, "train"), ("accuracy", 0.99, "test"))
        ]
        folder = w.job("two_moons", model, found, [])
        write_arrays(folder / "evaluate/outputs.safetensors", _plane(w.rng, model, place))


def _plane(rng: np.random.Generator, model: str, place: int) -> dict[str, Array]:
    side, reach = 20, 4.0
    first, second = np.meshgrid(np.linspace(-reach, reach, side), np.linspace(reach, -reach, side))
    sure = 1 / (1 + np.exp(-(2 + place) * (second - np.sin(2 * first))))
    p = np.stack([sure, 1 - sure], axis=-1).reshape(-1, 2)
    t = rng.uniform(0, np.pi, 40)
    points = np.column_stack([np.cos(t), np.sin(t), np.arange(40) % 2])
    arrays = {
        "0/plane": p.astype(np.float32), "0/points": points.astype(np.float32),
        "0/borders": np.array([-reach, reach, -reach, reach], dtype=np.float32),
    }  # fmt: skip
    if model in MEMBERS:
        distance = np.hypot(first, second).ravel()
        arrays["0/plane_mutual"] = (0.6 * distance / distance.max()).astype(np.float32)
    return arrays
