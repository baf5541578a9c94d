"""Made-up screens and folds of the graph panel, in the form that its jobs leave."""

from collections.abc import Callable

import numpy as np

from triptych.files import Array

SCREENED = {
    "dmpnn": 3.0,
    "fingerprint": 2.0,
    "atoms_alone": 0.3,
}  # model: how far actives stand out
FOLDED = {"fold_gin": 0.86, "fold_baseline": 0.8}
MOLECULES, ACTIVE = 300, 15
RULE = "split: scaffold split 50%/15%/35%, drawn anew for each seed"
FOLDS = (
    "split: 10-fold cross-validation; weights of the lowest validation loss, chosen for each seed"
)
Numbers = dict[str, tuple[float, dict[str, object]]]


def screen(noise: Callable[[float], float], model: str) -> Numbers:
    """Metric -> (value, further fields) of one seed of a screen."""
    more: dict[str, object] = {"unit": "fraction", "n": MOLECULES, "protocol": RULE}
    share = ACTIVE / MOLECULES
    precision = min(share * (1 + SCREENED[model] / 2) + noise(0.005), ACTIVE / 100)
    return {
        "n_train": (150, {"split": "train", "unit": "examples", "protocol": RULE}),
        "accuracy": (0.95 + noise(0.002), more),
        "positives": (share, more),
        "auroc": (0.6 + 0.1 * SCREENED[model] + noise(0.01), more),
        "average_precision": (0.1 + 0.2 * SCREENED[model] + noise(0.01), more),
        "precision_at_100": (precision, more),
        "enrichment_at_100": (precision / share, more | {"unit": "1"}),
    }


def ranking(rng: np.random.Generator, model: str) -> dict[str, Array]:
    """Arrays of ``outputs.safetensors`` of one seed."""
    y = np.zeros(MOLECULES, dtype=np.int64)
    y[:ACTIVE] = 1
    scores = rng.normal(size=MOLECULES) + SCREENED[model] * y
    return {"test_logits": np.stack([0 * scores, scores], axis=1), "test_y": y}


def fold(noise: Callable[[float], float], model: str) -> Numbers:
    """Metric -> (value, further fields) of one fold of MUTAG."""
    more: dict[str, object] = {"unit": "fraction", "n": 19, "protocol": FOLDS}
    return {
        "n_train": (150, {"split": "train", "unit": "examples", "protocol": FOLDS}),
        "accuracy": (FOLDED[model] + noise(0.05), more),
    }
