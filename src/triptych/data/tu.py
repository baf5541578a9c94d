"""Sets of graphs in the text format of TUDataset (Morris et al. 2020)."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from triptych.data.edges import one_hot, undirected_labelled
from triptych.data.images import need
from triptych.data.prepared import Prepared, describe
from triptych.errors import UserError

Ints = NDArray[np.int64]


def graph_set(raw: Path | None, prefix: str) -> Prepared:
    """Whole graphs with a class each; node features are the node labels, one-hot.

    Node attributes, where the set has them, are a further array ``node_attribute`` float32
    [nodes, attributes] and are not part of ``x``. Nodes and graphs count from 1 in the files, from
    0 here.

    Args:
        raw: The folder of the text files.
        prefix: MUTAG, PROTEINS, NCI1, ...
    """
    folder = need(raw)

    def ints(name: str) -> Ints:
        return np.loadtxt(folder / f"{prefix}_{name}.txt", dtype=np.int64, delimiter=",", ndmin=1)

    pairs = ints("A").reshape(-1, 2).T - 1
    graph = ints("graph_indicator") - 1
    names, y = np.unique(ints("graph_labels"), return_inverse=True)
    kinds, node_label = np.unique(ints("node_labels"), return_inverse=True)
    has_labels = (folder / f"{prefix}_edge_labels.txt").exists()
    labels = ints("edge_labels") if has_labels else None
    if labels is not None and labels.shape != pairs.shape[1:]:
        raise UserError(
            f"{folder}: expected {pairs.shape[1]} edge labels, found {list(labels.shape)}"
        )
    edge_index, edge_label = undirected_labelled(pairs, labels, len(graph))
    _check(folder, graph, node_label, edge_index, len(y))
    arrays: dict[str, NDArray[Any]] = {
        "x": one_hot(node_label, len(kinds)),
        "edge_index": edge_index,
        "graph": graph,
        "y": y.astype(np.int64),
    }
    if edge_label is not None:
        arrays["edge_label"] = edge_label
    attributes = folder / f"{prefix}_node_attributes.txt"
    if attributes.exists():
        table = np.loadtxt(attributes, dtype=np.float64, delimiter=",", ndmin=2)
        if len(table) != len(graph):
            raise UserError(f"{folder}: expected {len(graph)} node attributes, found {len(table)}")
        arrays["node_attribute"] = table.astype(np.float32)
    meta = describe(
        "graphs",
        len(y),
        task="classification",
        classes=[str(name) for name in names],
        notes=[
            "features: node labels, one-hot; published tables mostly use 10-fold cross-validation",
            f"the files hold {pairs.shape[1]} directed edges; {edge_index.shape[1]} after taking "
            "away self-loops and repeats and adding missing directions",
        ],
        n_nodes=len(graph),
        n_features=len(kinds),
        n_edges=edge_index.shape[1],
        n_edge_kinds=None if edge_label is None else int(edge_label.max()) + 1,
    )
    return Prepared(arrays, meta)


def _check(folder: Path, graph: Ints, labels: Ints, edge_index: Ints, graphs: int) -> None:
    if not np.array_equal(np.unique(graph), np.arange(graphs)) or (np.diff(graph) < 0).any():
        raise UserError(f"{folder}: expected the nodes of graphs 1 to {graphs} in order")
    if len(labels) != len(graph):
        raise UserError(f"{folder}: expected {len(graph)} node labels, found {len(labels)}")
    if (graph[edge_index[0]] != graph[edge_index[1]]).any():
        raise UserError(f"{folder}: expected edges within a graph, found one between two")
