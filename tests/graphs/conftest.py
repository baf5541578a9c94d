"""A small graph with two classes, as the parts that jobs read."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from triptych.data.edges import undirected
from triptych.data.parts import SHARED, Part
from triptych.files import write_arrays

NODES, FEATURES = 40, 6


def make_parts(seed: int = 0, **meta: Any) -> dict[str, Part]:
    """Two communities with a hint of their class in the features."""
    rng = np.random.default_rng(seed)
    y = np.arange(NODES) % 2
    same = y[:, None] == y[None, :]
    joined = rng.random((NODES, NODES)) < np.where(same, 0.25, 0.03)
    x = (rng.standard_normal((NODES, FEATURES)) + 0.5 * (2 * y[:, None] - 1)).astype(np.float32)
    order = rng.permutation(NODES)
    index = {"train": order[:10], "validation": order[10:20], "test": order[20:]}
    described = {
        "kind": "graph", "n": NODES, "n_features": FEATURES, "n_classes": 2,
        "task": "classification", "standard_split": False, "notes": ["made for a test"],
        "dataset": "toy", "split_rule": "drawn anew for each seed", "seed": seed,
    } | meta  # fmt: skip
    parts = {}
    for name, chosen in index.items():
        arrays = {"index": chosen, "y": y[chosen]}
        if name == "train":
            arrays |= {"x": x, "edge_index": undirected(np.stack(joined.nonzero()), NODES)}
        parts[name] = Part(arrays, described | {"part": name})
    return parts


@pytest.fixture
def parts() -> dict[str, Part]:
    return make_parts()


@pytest.fixture
def maker() -> Callable[..., dict[str, Part]]:
    """For tests that need other parts than the usual ones."""
    return make_parts


@pytest.fixture
def folders(tmp_path: Path) -> list[Path]:
    """A folder of parts for the seeds 0 and 1, each with a graph of its own beside it."""
    made = []
    for seed in (0, 1):
        folder = tmp_path / f"splits{seed}" / str(seed)
        for name, part in make_parts(seed).items():
            shared = {key: part.arrays[key] for key in ("x", "edge_index") if key in part.arrays}
            own = {key: array for key, array in part.arrays.items() if key not in shared}
            metadata = {"meta": json.dumps(part.meta)}
            write_arrays(folder / f"{name}.safetensors", own, metadata)
            if shared:
                write_arrays(folder.parent / SHARED, shared)
        made.append(folder)
    return made
