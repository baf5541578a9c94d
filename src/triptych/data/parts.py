"""The parts of a data set that jobs are handed: train, validation and test in separate files.

The test part being a file of its own is what makes "test reaches the last evaluation only" a fact
about the graph of jobs rather than a promise.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from triptych.errors import UserError
from triptych.files import Array, read_array_metadata, read_arrays

PARTS = ("train", "validation", "test")
SHARED = "graph.safetensors"  # beside the seeds' folders: the graph that all of them label
SETS = "sets.safetensors"  # beside a seed's corrupted test sets: all other shifted ones


@dataclass(frozen=True)
class Part:
    """Arrays of one part and what they are.

    Attributes:
        arrays: ``index`` (int64, positions in the prepared set) and the set's own arrays at those
            positions. The training part of a graph comes with the whole ``x`` and ``edge_index``;
            ``y`` holds the labels of ``index`` alone.
        meta: The data set's description, with ``dataset``, ``part``, ``seed`` and ``split_rule``.
    """

    arrays: dict[str, Array]
    meta: dict[str, Any]


def read_part(path: Path | str) -> Part:
    """Read one part; the training part of a graph brings the graph along.

    Raises:
        UserError: A file is missing, damaged or not a part.
    """
    path = Path(path)
    meta = _described(path)
    if not meta:
        raise UserError(f"{path}: expected a part of a data set, found arrays without description")
    arrays = read_arrays(path)
    if _has_graph(meta):
        arrays |= read_arrays(_shared(path))
    return Part(arrays, meta)


def part_files(folder: Path, *names: str) -> list[Path]:
    """Every file that reading these parts of one seed opens, for digests of a job's inputs."""
    files = [folder / f"{name}.safetensors" for name in names]
    opened = [_described(path) for path in files]
    return files + [_shared(p) for p, meta in zip(files, opened, strict=True) if _has_graph(meta)]


def _described(path: Path) -> dict[str, Any]:
    """The description that a file of arrays brings along; empty if it has none."""
    try:
        meta = json.loads(read_array_metadata(path).get("meta", "{}"))
    except (ValueError, RecursionError):
        return {}
    return meta if isinstance(meta, dict) else {}


def _has_graph(meta: dict[str, Any]) -> bool:
    return meta.get("kind") == "graph" and meta.get("part") == "train"


def _shared(path: Path) -> Path:
    return path.parent.parent / SHARED
