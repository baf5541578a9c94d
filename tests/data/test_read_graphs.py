"""The edge form, the karate club, nearest neighbours, and the two text formats."""

import collections
import hashlib
import json
import pickle
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from triptych.data import graphs, planetoid, tables, tu
from triptych.data.edges import undirected, undirected_labelled
from triptych.data.prepared import Prepared
from triptych.errors import UserError


def canonical(edge_index: np.ndarray[Any, Any]) -> bool:
    """Sorted, no repeats, no self-loops, both directions."""
    pairs = [tuple(pair) for pair in edge_index.T.tolist()]
    return (
        pairs == sorted(set(pairs))
        and all(a != b for a, b in pairs)
        and {(b, a) for a, b in pairs} == set(pairs)
    )


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=30))
def test_undirected_form(pairs: list[tuple[int, int]]) -> None:
    edge_index = undirected(np.array(pairs, dtype=np.int64).reshape(-1, 2).T, 7)
    assert canonical(edge_index)
    expected = {frozenset(pair) for pair in pairs if pair[0] != pair[1]}
    assert {frozenset(pair) for pair in edge_index.T.tolist()} == expected


def test_edge_labels_follow_their_edges() -> None:
    pairs = np.array([[2, 0, 1, 1], [0, 2, 0, 1]])
    edge_index, labels = undirected_labelled(pairs, np.array([5, 5, 3, 9]), 3)
    assert edge_index.tolist() == [[0, 0, 1, 2], [1, 2, 0, 0]]
    assert labels is not None and labels.tolist() == [3, 5, 3, 5]
    with pytest.raises(UserError, match="an edge with two"):
        undirected_labelled(pairs, np.array([5, 6, 3, 9]), 3)


def test_end_that_is_no_node() -> None:
    with pytest.raises(UserError, match="ends from 0 to 2, found 0 to 3"):
        undirected(np.array([[0], [3]]), 3)


def test_karate_club() -> None:
    club = graphs.karate(None, labels="club").arrays
    four = graphs.karate(None, labels="communities").arrays
    assert club["edge_index"].shape == (2, 156) and canonical(club["edge_index"])
    assert np.array_equal(club["x"], np.eye(34))  # identity features carry no edge weight
    assert np.bincount(club["y"]).tolist() == [17, 17]
    assert (club["y"][0], club["y"][33]) == (0, 1)  # the instructor and the president
    assert np.array_equal(four["edge_index"], club["edge_index"])
    assert np.bincount(four["y"]).tolist() == [13, 12, 4, 5]
    from torch_geometric.datasets import KarateClub

    library = KarateClub()[0]
    assert np.array_equal(library.y.numpy(), four["y"])
    assert canonical(library.edge_index.numpy())
    assert np.array_equal(library.edge_index.numpy(), four["edge_index"])
    # Modularity of the published four communities, from its definition.
    graph = nx.Graph(club["edge_index"].T.tolist())
    parts = [set(np.flatnonzero(four["y"] == c).tolist()) for c in range(4)]
    inside = [graph.subgraph(part).number_of_edges() / 78 for part in parts]
    ends = [sum(d for _, d in graph.degree(part)) / 156 for part in parts]
    modularity = sum(i - e**2 for i, e in zip(inside, ends, strict=True))
    # 0.4198 is the maximum over all partitions of this graph (Brandes et al. 2008).
    assert 0.41 < modularity < 0.4198


@pytest.mark.parametrize("name", ["wine", "diabetes", "digits"])
def test_nearest_neighbours(name: str) -> None:
    read = graphs.nearest_neighbours(None, table=name, neighbours=10, metric="euclidean")
    x, edge_index = read.arrays["x"].astype(np.float64), read.arrays["edge_index"]
    assert canonical(edge_index)
    degree = np.bincount(edge_index[0], minlength=len(x))
    assert degree.min() >= 10
    # Brute force for some nodes: the ten nearest are neighbours (no ties at the tenth place).
    joined = {tuple(pair) for pair in edge_index.T.tolist()}
    for i in range(0, len(x), len(x) // 20):
        distance = ((x - x[i]) ** 2).sum(axis=1)
        distance[i] = np.inf
        order = np.argsort(distance)
        if distance[order[10]] - distance[order[9]] > 1e-5:  # float32 features round the rest
            assert {(i, int(j)) for j in order[:10]} <= joined


def test_features_of_neighbour_graphs() -> None:
    digits = graphs.nearest_neighbours(None, table="digits", neighbours=10, metric="euclidean")
    assert digits.arrays["x"].max() == 1 and digits.arrays["x"].shape == (1797, 64)
    wine = graphs.nearest_neighbours(None, table="wine", neighbours=10, metric="cosine")
    # float32 keeps 24 bits: the mean of 178 values of order 1 is 0 to within 1e-6.
    assert np.abs(wine.arrays["x"].mean(axis=0)).max() < 1e-6
    assert np.allclose(wine.arrays["x"].std(axis=0), 1, atol=1e-6)
    assert "cosine" in str(wine.meta["notes"])
    real = graphs.nearest_neighbours(None, table="diabetes", neighbours=5, metric="euclidean")
    assert real.arrays["y"].dtype == np.float64 and real.meta["n_classes"] is None


def test_tables() -> None:
    for read, shape, classes in (
        (tables.wine(None), (178, 13), 3),
        (tables.breast_cancer(None), (569, 30), 2),
        (tables.diabetes(None), (442, 10), None),
    ):
        assert read.arrays["x"].shape == shape and read.arrays["x"].dtype == np.float64
        assert read.meta["n_classes"] == classes
        assert len(read.arrays["y"]) == shape[0]
    # Unscaled: mean age in years, not a standardised column.
    assert 40 < tables.diabetes(None).arrays["x"][:, 0].mean() < 60


def write_planetoid(folder: Path) -> None:
    """A toy with one training node per class and 500 validation nodes, as the format demands.

    Nodes 0..502 are allx, the test is 504 and 503 (in this order); 505 is in the numbering only,
    506 is tested.
    """
    known, classes = 503, 2
    allx = np.zeros((known, 3))
    allx[:, 0] = 1
    allx[1] = [1, 3, 0]
    allx[2] = 0  # no word at all
    tx = np.array([[0, 5, 5], [0, 0, 2], [1, 1, 2]], dtype=float)
    ally = np.eye(classes, dtype=np.int32)[np.arange(known) % classes]
    ty = np.array([[1, 0], [0, 1], [0, 1]], dtype=np.int32)
    graph = collections.defaultdict(
        list, {0: [1, 1, 0, 504], 1: [0], 503: [506], 504: [], 505: [], 506: [503]}
    )
    parts = {
        "x": csr_matrix(allx[:2]),
        "y": ally[:2],
        "allx": csr_matrix(allx),
        "ally": ally,
        "tx": csr_matrix(tx),
        "ty": ty,
        "graph": graph,
    }
    manifest = {}
    for name, part in parts.items():
        content = pickle.dumps(part, protocol=3)
        (folder / f"ind.toy.{name}").write_bytes(content)
        manifest[f"ind.toy.{name}"] = {"sha256": hashlib.sha256(content).hexdigest()}
    (folder / "ind.toy.test.index").write_text("504\n503\n506\n")
    (folder / "manifest.json").write_text(json.dumps(manifest))


def test_planetoid_places_test_rows_by_their_index(tmp_path: Path) -> None:
    write_planetoid(tmp_path)
    read = planetoid.public_split(tmp_path, prefix="toy")
    x, y, split = (read.arrays[key] for key in ("x", "y", "split"))
    assert x.shape == (507, 3)
    assert x[1].tolist() == [0.25, 0.75, 0]
    assert x[504].tolist() == [0, 0.5, 0.5] and x[503].tolist() == [0, 0, 1]
    assert not x[2].any() and not x[505].any()  # zero rows stay zero, no 0/0
    assert not np.isnan(x).any()
    assert (y[504], y[503], y[506], y[505]) == (0, 1, 1, -1)
    assert np.flatnonzero(split == 0).tolist() == [0, 1]
    assert np.flatnonzero(split == 1).tolist() == list(range(2, 502))
    assert np.flatnonzero(split == 2).tolist() == [503, 504, 506]
    assert split[502] == -1 and split[505] == -1
    assert read.arrays["edge_index"].tolist() == [
        [0, 0, 1, 503, 504, 506],
        [1, 504, 0, 506, 0, 503],
    ]


def write_tu(folder: Path) -> None:
    """Two graphs: a triangle given in one direction with a repeat, and an edge with a loop."""
    files = {
        "A": "1, 2\n2, 3\n3, 1\n1, 2\n4, 5\n5, 4\n5, 5\n",
        "edge_labels": "0\n1\n2\n0\n7\n7\n9\n",
        "graph_indicator": "1\n1\n1\n2\n2\n",
        "graph_labels": "1\n-1\n",
        "node_labels": "3\n5\n3\n3\n8\n",
        "node_attributes": " 1.5\n2\n3\n4\n5\n",
    }
    for name, text in files.items():
        (folder / f"TOY_{name}.txt").write_text(text)


def test_tu_format(tmp_path: Path) -> None:
    write_tu(tmp_path)
    read: Prepared = tu.graph_set(tmp_path, prefix="TOY")
    arrays = read.arrays
    assert arrays["edge_index"].tolist() == [[0, 0, 1, 1, 2, 2, 3, 4], [1, 2, 0, 2, 0, 1, 4, 3]]
    assert arrays["edge_label"].tolist() == [0, 2, 0, 1, 2, 1, 7, 7]
    assert arrays["graph"].tolist() == [0, 0, 0, 1, 1]
    assert arrays["y"].tolist() == [1, 0] and read.meta["classes"] == ["-1", "1"]
    assert arrays["x"].argmax(axis=1).tolist() == [0, 1, 0, 0, 2]
    assert arrays["node_attribute"].tolist() == [[1.5], [2], [3], [4], [5]]


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("A", "1, 4\n", "found one between two"),
        ("graph_indicator", "1\n1\n2\n1\n2\n", "in order"),
        ("graph_labels", "1\n-1\n1\n", "graphs 1 to 3"),
        ("node_labels", "1\n", "expected 5 node labels"),
    ],
)
def test_tu_mistakes(tmp_path: Path, name: str, text: str, complaint: str) -> None:
    write_tu(tmp_path)
    (tmp_path / "TOY_edge_labels.txt").unlink()
    (tmp_path / f"TOY_{name}.txt").write_text(text)
    with pytest.raises(UserError, match=complaint):
        tu.graph_set(tmp_path, prefix="TOY")
