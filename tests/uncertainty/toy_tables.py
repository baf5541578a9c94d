"""Small tables, cut and described as the real ones are."""

import json
from pathlib import Path

import numpy as np

from triptych.data import heteroscedastic
from triptych.data.parts import Part
from triptych.files import write_arrays, write_json

SIZES = {"train": 90, "validation": 30, "test": 40}
RULE = "repeated hold-out, drawn anew for each seed"
FIRST = {"train": 0, "validation": 1000, "test": 2000}


def make_part(task: str, name: str, seed: int, dataset: str) -> Part:
    """Two normal classes in three columns of very different units, or the known law in one."""
    n = SIZES[name]
    rng = np.random.default_rng([seed, len(name)])
    meta = {
        "kind": "table", "dataset": dataset, "part": name, "seed": seed, "split_rule": RULE,
        "n": sum(SIZES.values()), "task": task, "n_classes": None, "features": ["x"],
    }  # fmt: skip
    if task == "regression":
        x = rng.uniform(-3, 3, n)
        arrays = {"x": x[:, None], "y": heteroscedastic.draw(x, rng)}
    else:
        y = np.arange(n) % 2
        x = rng.normal(0, 1, (n, 3)) + 2.5 * y[:, None]
        arrays = {"x": x * np.array([1e-3, 1.0, 1e3]) + 5, "y": y.astype(np.int64)}
        meta |= {"n_classes": 2, "features": ["a", "b", "c"]}
    index = np.arange(FIRST[name], FIRST[name] + n, dtype=np.int64)
    return Part(arrays | {"index": index}, meta)


def write_splits(root: Path, task: str, seeds: list[int], dataset: str) -> list[Path]:
    """Folders of parts, as the verb ``split`` leaves them."""
    folders = []
    for seed in seeds:
        folder = root / "data" / "splits" / dataset / str(seed)
        for name in SIZES:
            part = make_part(task, name, seed, dataset)
            description = {"meta": json.dumps(part.meta, sort_keys=True)}
            write_arrays(folder / f"{name}.safetensors", part.arrays, description)
        manifest = {"dataset": dataset, "seed": seed, "rule": RULE, "sizes": SIZES}
        write_json(folder / "manifest.json", manifest)
        folders.append(folder)
    return folders
