"""Node-level graphs inside installed packages: the karate club and nearest-neighbour graphs."""

from pathlib import Path
from typing import Any, Literal

import networkx as nx
import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import kneighbors_graph

from triptych.data import images, tables
from triptych.data.edges import one_hot, undirected
from triptych.data.prepared import Prepared, describe

CLUBS = ["Mr. Hi", "Officer"]
# The modularity community of each member in Kipf and Welling (2017), as PyTorch Geometric has it.
COMMUNITIES = "1111333101311100310101002200200200"


def karate(raw: Path | None, labels: Literal["club", "communities"]) -> Prepared:
    """34 members, 78 friendships, read without the weights that NetworkX attaches to them.

    Args:
        raw: Not used.
        labels: ``club``: the club that a member joined after the split (two, 17 each).
            ``communities``: the four modularity communities of Kipf and Welling (2017).
    """
    graph = nx.karate_club_graph()
    nodes = graph.number_of_nodes()
    if labels == "club":
        y = np.array([CLUBS.index(graph.nodes[i]["club"]) for i in range(nodes)], dtype=np.int64)
        classes, notes = CLUBS, ["labels: club joined after the split"]
    else:
        y = np.array([int(digit) for digit in COMMUNITIES], dtype=np.int64)
        classes = [f"community {c}" for c in range(4)]
        notes = ["labels: modularity communities (Kipf and Welling 2017), not the two clubs"]
    arrays: dict[str, NDArray[Any]] = {
        "x": one_hot(np.arange(nodes), nodes),
        "edge_index": undirected(np.array(graph.edges()).T, nodes),
        "y": y,
    }
    notes.append("unweighted; features are the identity: a node is known by its number only")
    return _graph(arrays, task="classification", classes=classes, notes=notes)


def nearest_neighbours(raw: Path | None, table: str, neighbours: int, metric: str) -> Prepared:
    """A table as a graph: each item is joined to its nearest ones (Franceschi et al. 2019).

    Two items are joined if either is among the ``neighbours`` nearest of the other. Features are
    the pixels / 16 for ``digits``; for the other tables every column is standardised (mean 0,
    variance 1 over all nodes: in this transductive setting all features are known, only labels
    are hidden). Neighbours are found among these features.

    Args:
        raw: Not used.
        table: digits, wine, breast_cancer or diabetes.
        neighbours: How many nearest items each item chooses.
        metric: The distance, by its scikit-learn name (euclidean, cosine, ...).
    """
    source = images.digits(None) if table == "digits" else getattr(tables, table)(None)
    if table == "digits":
        x = source.arrays["x"].reshape(len(source.arrays["x"]), -1) / 16.0
        features = "pixels / 16"
    else:
        x = source.arrays["x"]
        x = (x - x.mean(axis=0)) / x.std(axis=0)
        features = "standardised over all nodes"
    chosen = kneighbors_graph(x, neighbours, metric=metric, include_self=False).tocoo()
    arrays: dict[str, NDArray[Any]] = {
        "x": x.astype(np.float32),
        "edge_index": undirected(np.stack([chosen.row, chosen.col]), len(x)),
        "y": source.arrays["y"],
    }
    classes = source.meta["classes"]
    return _graph(
        arrays,
        task=str(source.meta["task"]),
        classes=[str(c) for c in classes] if isinstance(classes, list) else None,
        notes=[
            f"{neighbours} nearest neighbours, {metric} distance, joined if either chooses the "
            f"other; features: {features}"
        ],
    )


def _graph(
    arrays: dict[str, NDArray[Any]], *, task: str, classes: list[str] | None, notes: list[str]
) -> Prepared:
    x, edge_index = arrays["x"], arrays["edge_index"]
    meta = describe(
        "graph",
        len(x),
        task=task,
        classes=classes,
        notes=notes,
        n_features=x.shape[1],
        n_edges=edge_index.shape[1],
    )
    return Prepared(arrays, meta)
