"""Made-up numbers of the node tasks: depth, attention, labels, regression, other graphs, size."""

from collections.abc import Callable

import numpy as np

from triptych.files import Array

Noise = Callable[[float], float]
Numbers = dict[str, tuple[float, dict[str, object]]]
KEPT = {  # accuracy that 32 layers keep
    "deep_gcn": 0.1, "deep_gcn_residual": 0.4, "deep_gcn_scaled": 0.85, "deep_gcn_gated": 0.88,
    "deep_gcn_jumping": 0.9,
}  # fmt: skip
JOBS = (
    *((model, "digits_knn") for model in KEPT),
    ("gat", "digits_knn"), ("gat_one_head", "digits_knn"), ("gat", "karate"),
    ("sgc", "digits_knn"), ("sgc", "cora"), ("label_propagation", "cora"),
    ("gcn_labels", "digits_knn_labelled"), ("mlp_labels", "digits_knn_labelled"),
    ("gcn_inductive", "digits_knn_labelled"), ("mlp_inductive", "digits_knn_labelled"),
    ("gcn_regression", "diabetes_knn"), ("mlp_regression", "diabetes_knn"),
    ("rgcn", "friends_foes"), ("gcn_separate", "friends_foes"), ("scaling", "wine_knn"),
)  # fmt: skip
PLAIN = {"rgcn": 0.92, "gcn_separate": 0.65, "sgc": 0.81, "label_propagation": 0.7}
SHARES = (0.006, 0.03, 0.1, 0.6)


def numbers(noise: Noise, model: str, dataset: str) -> Numbers:
    """Metric -> (value, further fields of the record) of one seed."""
    found: Numbers = {"n_train": (50, {"split": "train", "unit": "examples"})}
    if model in KEPT:
        found |= _depth(noise, model)
    elif model.startswith("gat"):
        found |= _attention(noise, model)
    elif model.endswith("_labels"):
        found |= _curve(noise, model)
    elif model.endswith("_inductive"):
        hit = 0.97 if model.startswith("gcn") else 0.92
        found |= _accuracy(hit + noise(0.01)) | _accuracy(0.1, "majority_accuracy")
    elif model.endswith("_regression"):
        explained = 0.41 if model.startswith("gcn") else 0.38
        found["explained"] = (explained + noise(0.02), {"unit": "fraction"})
        found["mse"] = (3300 + noise(50), {"unit": "target²"})
    elif model != "scaling":
        found |= _accuracy(PLAIN[model] + noise(0.01))
    return found


def timings(noise: Noise, model: str, dataset: str) -> Numbers:
    """Seconds, which go to a table of their own."""
    more: dict[str, object] = {"split": "train", "unit": "s", "kind": "estimate"}
    found: Numbers = {"train_seconds": (0.5 + noise(0.05), more)}
    if model == "scaling":
        for where, slope in (("near", 1.0), ("far", 1.1)):
            for edges in (9848, 29544, 100942, 300364, 999572):
                value = 3e-8 * 1e4 * (edges / 1e4) ** slope * (1 + noise(0.05))
                found[f"step_seconds/{where},edges={edges}"] = (value, more | {"split": "all"})
    return found


def arrays(rng: np.random.Generator, model: str) -> dict[str, Array]:
    """Arrays of ``outputs.safetensors`` of the first seed."""
    if not model.startswith("gat"):
        return {}
    heads = 1 if model.endswith("one_head") else 8
    return {
        f"attention_entropy/layer={layer}": 1 - rng.exponential(0.01 * layer, (60, heads))
        for layer in (1, 2)
    }


def _accuracy(value: float, name: str = "accuracy") -> Numbers:
    return {name: (value, {"unit": "fraction", "protocol": "at most 200 full-batch steps"})}


def _depth(noise: Noise, model: str) -> Numbers:
    found: Numbers = {}
    for depth in (2, 4, 8, 16, 32) if model == "deep_gcn" else (8, 32):
        lost = (0.92 - KEPT[model]) * (np.log2(depth) - 1) / 4
        found |= _accuracy(0.92 - lost + noise(0.02), f"accuracy/depth={depth}")
        for prefix, rate in (("untrained_", 1.0), ("", 0.2)):
            more: dict[str, object] = {"split": "all"}
            for metric, start in (
                ("dirichlet_energy", 0.02),
                ("mean_average_distance", 0.05),
                ("effective_rank", 9),
            ):
                value = start * (2 / depth) ** rate * (1 + noise(0.05))
                found[f"{prefix}{metric}/depth={depth}"] = (value, more)
    return found | _accuracy(0.92 + noise(0.01))


def _attention(noise: Noise, model: str) -> Numbers:
    found = _accuracy(0.91 + noise(0.01)) | _accuracy(0.905, "accuracy/uniform_attention")
    for layer in (1, 2):
        for prefix in ("", "untrained_"):
            value = 0.99 + noise(0.001)
            more: dict[str, object] = {"split": "all", "unit": "fraction"}
            found[f"{prefix}attention_entropy/layer={layer}"] = (value, more)
    return found


def _curve(noise: Noise, model: str) -> Numbers:
    found: Numbers = {}
    base = 0.98 if model.startswith("gcn") else 0.92
    for share in SHARES:
        hit = base - 0.02 / share**0.5 * (1 if model.startswith("gcn") else 1.5) + noise(0.01)
        found |= _accuracy(hit, f"accuracy/share={share:g}")
    return found | _accuracy(base)
