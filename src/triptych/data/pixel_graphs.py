"""Pictures as graphs: a node for every inked pixel, an edge between touching ones."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from triptych.data import images
from triptych.data.edges import undirected
from triptych.data.prepared import Prepared, describe
from triptych.files import Array

Ints = NDArray[np.int64]
# Steps to half of a pixel's neighbours; `undirected` adds the way back.
STEPS = {4: ((0, 1), (1, 0)), 8: ((0, 1), (1, 0), (1, 1), (1, -1))}


def digits(raw: Path | None, neighbours: int, threshold: int) -> Prepared:
    """The handwritten digits as pixel graphs.

    Nodes are the pixels with at least ``threshold`` of 16 levels of ink, so that graphs differ in
    size; two nodes are joined where their pixels touch. Features are the ink / 16 and the place of
    the pixel, row and column, from -1 to 1: a graph alone would not tell 6 from 9.

    Args:
        raw: Not used.
        neighbours: 4 (sides) or 8 (corners too).
        threshold: Least ink of a node.
    """
    source = images.digits(None)
    pictures = source.arrays["x"][..., 0].astype(np.int64)
    graph, row, column = np.nonzero(pictures >= threshold)
    number = np.full(pictures.shape, -1, dtype=np.int64)
    number[graph, row, column] = np.arange(len(graph))
    edges = undirected(_touching(number, neighbours), len(graph))
    half = (pictures.shape[1] - 1) / 2
    x = np.stack([pictures[graph, row, column] / 16.0, row / half - 1, column / half - 1], axis=1)
    classes = source.meta["classes"]
    arrays: dict[str, Array] = {
        "x": x.astype(np.float32),
        "edge_index": edges,
        "graph": graph.astype(np.int64),
        "y": source.arrays["y"],
    }
    meta = describe(
        "graphs",
        len(pictures),
        task="classification",
        classes=[str(c) for c in classes] if isinstance(classes, list) else None,
        notes=[
            f"nodes: pixels with at least {threshold}/16 of ink; edges: {neighbours} neighbours; "
            "features: ink, row, column"
        ],
        n_nodes=len(graph),
        n_features=x.shape[1],
        n_edges=edges.shape[1],
    )
    return Prepared(arrays, meta)


def _touching(number: Ints, neighbours: int) -> Ints:
    """Pairs of node numbers [2, M] of pixels that touch; ``number`` is [graphs, H, W], -1: none."""
    padded = np.pad(number, ((0, 0), (0, 1), (1, 1)), constant_values=-1)
    height, width = number.shape[1:]
    pairs = []
    for down, right in STEPS[neighbours]:
        other = padded[:, down : down + height, 1 + right : 1 + right + width]
        both = (number >= 0) & (other >= 0)
        pairs.append(np.stack([number[both], other[both]]))
    return np.concatenate(pairs, axis=1)
