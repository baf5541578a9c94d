"""A small image set with three easy classes, cut and described as the real ones are."""

import json
from pathlib import Path

import numpy as np

from triptych.data.parts import Part
from triptych.files import write_arrays, write_json

SIZES = {"train": 60, "validation": 18, "test": 25}
RULE = "repeated hold-out, drawn anew for each seed"


def make_part(name: str, seed: int) -> Part:
    """Images of one bright third each, with noise; ids do not overlap between parts."""
    n = SIZES[name]
    rng = np.random.default_rng([seed, len(name)])
    y = np.arange(n) % 3
    x = rng.integers(0, 5, (n, 8, 8, 1))
    for i, label in enumerate(y):
        x[i, :, 3 * label : 3 * label + 2] += 9
    first = {"train": 0, "validation": 1000, "test": 2000}[name]
    meta = {
        "kind": "images", "dataset": "toy", "part": name, "seed": seed, "split_rule": RULE,
        "levels": 17, "shape": [8, 8, 1], "n_classes": 3, "n": sum(SIZES.values()),
        "task": "classification",
    }  # fmt: skip
    arrays = {
        "x": x.astype(np.uint8), "y": y.astype(np.int64), "index": np.arange(first, first + n),
    }  # fmt: skip
    return Part(arrays, meta)


def write_splits(root: Path, seeds: list[int]) -> list[Path]:
    """Folders of parts, as the verb ``split`` leaves them."""
    folders = []
    for seed in seeds:
        folder = root / "data" / "splits" / "toy" / str(seed)
        for name in SIZES:
            part = make_part(name, seed)
            description = {"meta": json.dumps(part.meta, sort_keys=True)}
            write_arrays(folder / f"{name}.safetensors", part.arrays, description)
        manifest = {"dataset": "toy", "seed": seed, "rule": RULE, "sizes": SIZES}
        write_json(folder / "manifest.json", manifest)
        folders.append(folder)
    return folders
