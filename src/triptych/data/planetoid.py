"""Cora, CiteSeer and PubMed in the files and with the public split of Yang et al. (2016)."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, vstack

from triptych.data import pickles
from triptych.data.edges import undirected
from triptych.data.images import TEST, TRAIN, VALIDATION, need
from triptych.data.prepared import Prepared, describe
from triptych.data.verify import recorded_sha256
from triptych.errors import UserError

VALIDATION_NODES = 500
MOST_GAPS = 2  # numbered nodes for each that has features; CiteSeer has 3327 for 3312


def public_split(raw: Path | None, prefix: str) -> Prepared:
    """A citation graph with 20 training labels per class, 500 validation and 1000 test nodes.

    The files hold labelled training nodes (``x``), all nodes but the test (``allx``) and the test
    nodes (``tx``) in the order of ``test.index``. CiteSeer's test indices leave gaps: those nodes
    exist in the numbering only; they get zero features, the label -1 and no part of the split.

    Rows of the features are divided by their sum, as Kipf and Welling (2017) do; a row without
    any word stays zero.

    Args:
        raw: The folder of the eight files.
        prefix: cora, citeseer or pubmed.
    """
    folder = need(raw)
    parts = {
        name: pickles.load(
            folder / f"ind.{prefix}.{name}", recorded_sha256(folder, f"ind.{prefix}.{name}")
        )
        for name in ("x", "tx", "allx", "ty", "ally", "graph")
    }
    index = np.loadtxt(folder / f"ind.{prefix}.test.index", dtype=np.int64)
    known, tested = parts["allx"].shape[0], parts["tx"].shape[0]
    nodes = int(index.max()) + 1
    if len(index) != tested or index.min() != known:
        raise UserError(
            f"{folder}: expected {tested} test indices from {known} on, "
            f"found {len(index)} from {index.min()}"
        )
    most = MOST_GAPS * (known + tested)
    if nodes > most:
        raise UserError(f"{folder}: expected test indices below {most}, found {nodes - 1}")
    arrays: dict[str, NDArray[Any]] = {
        "x": _features(_plain(parts["allx"]), _plain(parts["tx"]), index, nodes),
        "edge_index": _edges(parts["graph"], nodes),
        "y": _labels(parts["ally"], parts["ty"], index, nodes),
        "split": _split(parts["x"].shape[0], index, nodes),
    }
    missing = int((arrays["y"] < 0).sum())
    notes = ["public split; features row-normalised, rows without words stay zero"]
    if missing:
        notes.append(f"{missing} numbered nodes have no features and no label (-1)")
    meta = describe(
        "graph",
        nodes,
        task="classification",
        classes=[f"class {c}" for c in range(parts["ally"].shape[1])],
        standard_split=True,
        notes=notes,
        n_features=arrays["x"].shape[1],
        n_edges=arrays["edge_index"].shape[1],
    )
    return Prepared(arrays, meta)


def _plain(matrix: Any) -> csr_matrix:
    """A sparse matrix rebuilt from its arrays: the pickled object is of a much older SciPy."""
    plain = csr_matrix((matrix.data, matrix.indices, matrix.indptr), shape=matrix.shape)
    plain.check_format(full_check=True)  # SciPy follows indices blindly, out of its memory
    return plain


def _features(
    allx: csr_matrix, tx: csr_matrix, index: NDArray[np.int64], nodes: int
) -> NDArray[np.float32]:
    placed = np.zeros((nodes, allx.shape[1]), dtype=np.float32)
    stacked = vstack([allx, tx]).astype(np.float64)
    sums = np.asarray(stacked.sum(axis=1)).ravel()
    scale = np.divide(1.0, sums, out=np.zeros_like(sums), where=sums > 0)
    rows = np.concatenate([np.arange(allx.shape[0]), index])
    placed[rows] = stacked.multiply(scale[:, None]).toarray()
    return placed


def _labels(
    ally: NDArray[Any], ty: NDArray[Any], index: NDArray[np.int64], nodes: int
) -> NDArray[np.int64]:
    one_hot = np.zeros((nodes, ally.shape[1]), dtype=np.int64)
    one_hot[: len(ally)] = ally
    one_hot[index] = ty
    return np.where(one_hot.sum(axis=1) == 1, one_hot.argmax(axis=1), -1)


def _split(labelled: int, index: NDArray[np.int64], nodes: int) -> NDArray[np.int8]:
    split = np.full(nodes, -1, dtype=np.int8)
    split[:labelled] = TRAIN
    split[labelled : labelled + VALIDATION_NODES] = VALIDATION
    split[index] = TEST
    return split


def _edges(graph: dict[int, list[int]], nodes: int) -> NDArray[np.int64]:
    counts = [len(neighbours) for neighbours in graph.values()]
    source = np.repeat(np.array(list(graph), dtype=np.int64), counts)
    target = np.array([t for neighbours in graph.values() for t in neighbours], dtype=np.int64)
    return undirected(np.stack([source, target]), nodes)
