"""Made-up receptive fields and epochs of the autoregressive models."""

from collections.abc import Callable

import numpy as np

from triptych.files import Array

# model: (seconds per epoch, how many pixels further right than rows up it sees)
MODELS = {
    "pixelcnn": (0.2, 2),
    "gated_pixelcnn": (0.6, 8),
    "pixelcnnpp": (1.1, 8),
    "pixelrnn_row": (0.5, 2),
}
Timings = dict[str, tuple[float, dict[str, object]]]


def timings(noise: Callable[[float], float], model: str) -> Timings:
    """Metric -> (value, further fields of the record) of one seed."""
    if model not in MODELS:
        return {}
    more: dict[str, object] = {
        "split": "train", "unit": "s", "kind": "estimate",
        "protocol": "33 × the median of 5 training steps of 32 images; 32 channels, 2 layers",
    }  # fmt: skip
    return {"epoch_seconds": (MODELS[model][0] * np.exp(noise(0.1)), more)}


def arrays(model: str) -> dict[str, Array]:
    """A field that decays with distance and ends at the blind spot."""
    if model not in MODELS:
        return {}
    rows, columns = np.mgrid[:8, :8]
    field = np.exp(-np.hypot(rows - 5, columns - 1))
    field[(columns - 1 > 4 - rows + MODELS[model][1]) & (rows < 5)] = 0.0
    field[rows * 8 + columns >= 41] = 0.0
    return {"receptive_field": field, "receptive_field_pixel": np.array([5, 1])}
