"""Made-up numbers and pictures of link prediction, graph classification and latent graphs."""

from collections.abc import Callable

import numpy as np

from triptych.files import Array

# model: data sets
JOBS = {
    "gae": ("cora", "knn_digits"),
    "vgae": ("cora", "knn_digits"),
    "graph_gin": ("digits_pixels",),
    "graph_gin_mean": ("digits_pixels",),
    "graph_mean": ("digits_pixels",),
    "graph_bag": ("digits_pixels",),
    "expressiveness": ("atlas",),
    "nri": ("springs",),
    "graph_vae": ("community_graphs",),
}
ACCURACIES = {
    "graph_gin": 0.84, "graph_gin_mean": 0.79, "graph_mean": 0.74, "graph_bag": 0.69,
}  # fmt: skip
TASKS = {model: "graph classification" for model in ACCURACIES}
CONFUSED = {
    "refinement": 26, "sum, sum": 26, "sum, mean": 78, "symmetric, sum": 635,
    "symmetric, mean": 2223, "mean, sum": 557_159, "mean, mean": 783_126, "max, sum": 557_159,
    "max, mean": 783_126,
}  # fmt: skip
HOLD_OUT = "split: repeated hold-out 60%/20%/20% (train/validation/test), drawn anew for each seed"
Numbers = dict[str, tuple[float, dict[str, object]]]


def numbers(noise: Callable[[float], float], model: str) -> Numbers:
    """Metric -> (value, further fields of the record) of one seed."""
    share: dict[str, object] = {"unit": "fraction", "protocol": HOLD_OUT}
    found: Numbers = {
        "n_train": (300, {"split": "train", "unit": "examples", "protocol": HOLD_OUT}),
        "n_test": (100, {"unit": "examples", "protocol": HOLD_OUT}),
    }
    if model in ("gae", "vgae"):
        for metric in ("link_auc", "link_ap"):
            for suffix, value in (
                ("", 0.91), ("/untrained", 0.65), ("/common_neighbours", 0.72), ("/features", 0.78),
            ):  # fmt: skip
                found[metric + suffix] = (value + noise(0.01), share)
        for suffix, value in (("", 0.75), ("/features", 0.6)):
            found[f"probe_accuracy{suffix}"] = (value + noise(0.01), share)
            found[f"same_class_auc{suffix}"] = (value + noise(0.01), share | {"split": "all"})
    if model in ACCURACIES:
        found["accuracy"] = (ACCURACIES[model] + noise(0.01), share)
        found["accuracy/majority"] = (0.1, share)
    if model == "expressiveness":
        more: dict[str, object] = {"split": "all", "unit": "pairs", "n": 783_126}
        found |= {f"confused_pairs/{name}": (value, more) for name, value in CONFUSED.items()}
    if model == "nri":
        for suffix, value in (
            ("", 0.95), ("/correlation", 0.62), ("/majority", 0.5), ("/law", 1.0),
        ):  # fmt: skip
            found[f"edge_accuracy{suffix}"] = (value + noise(0.005), share)
    if model == "graph_vae":
        for statistic, near, far in (("degree", 0.2, 0.26), ("clustering", 0.4, 0.86)):
            found[f"{statistic}_mmd"] = (near + noise(0.01), {})
            found[f"{statistic}_mmd/random"] = (far + noise(0.01), {})
    return found


def arrays(rng: np.random.Generator, model: str) -> dict[str, Array]:
    """Arrays of ``outputs.safetensors``."""
    if model == "nri":
        return {
            "positions": rng.normal(0, 0.1, (3, 5, 20, 2)).cumsum(axis=2).astype(np.float32),
            "chance": rng.random((3, 10)),
            "truth": rng.integers(0, 2, (3, 10)),
        }
    if model != "graph_vae":
        return {}
    found: dict[str, Array] = {}
    for suffix, density in (("", 0.35), ("/test", 0.35), ("/random", 0.3)):
        upper = np.triu(rng.random((4, 14, 14)) < density, k=1)
        graphs = (upper | upper.transpose(0, 2, 1)).astype(np.uint8)
        found |= {f"graph{suffix}/{i}": graph for i, graph in enumerate(graphs)}
        found[f"degree{suffix}"] = graphs.sum(axis=2).ravel().astype(np.float64)
        found[f"clustering{suffix}"] = rng.random(56) ** (2 - 3 * density)
    return found
