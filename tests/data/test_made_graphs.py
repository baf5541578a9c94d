"""Enumerated, drawn and cut-out graphs, each against its definition."""

import networkx as nx
import numpy as np
import pytest

from triptych.data import images, made_graphs, pixel_graphs
from triptych.data.prepared import Prepared
from triptych.errors import UserError


def graphs_of(read: Prepared) -> list[nx.Graph]:
    owner = read.arrays["graph"]
    whole = nx.Graph(read.arrays["edge_index"].T.tolist())
    whole.add_nodes_from(range(len(owner)))
    return [whole.subgraph(np.flatnonzero(owner == k).tolist()) for k in range(read.meta["n"])]  # type: ignore[call-overload]


def test_the_atlas_is_whole() -> None:
    read = made_graphs.atlas(None)
    sizes = np.bincount(np.bincount(read.arrays["graph"]))
    # Graphs on 1 to 7 unlabelled nodes: OEIS A000088.
    assert sizes[1:].tolist() == [1, 2, 4, 11, 34, 156, 1044]
    assert (read.arrays["x"] == 1).all()
    assert read.arrays["y"].sum() == read.arrays["edge_index"].shape[1] / 2


def test_regular_graphs_differ_in_degree_alone() -> None:
    read = made_graphs.regular(None, 90, [3, 4, 5], 8, 16, seed=0)
    sizes = np.bincount(read.arrays["graph"])
    y = read.arrays["y"]
    for graph, label in zip(graphs_of(read), y, strict=True):
        assert {d for _, d in graph.degree()} == {3 + label}
    assert np.bincount(y).tolist() == [30] * 3
    assert set(sizes) <= {8, 10, 12, 14, 16} and len(set(sizes)) == 5
    assert (read.arrays["x"] == 1).all()
    with pytest.raises(UserError, match="expected more than 5 nodes, found 5"):
        made_graphs.regular(None, 9, [3, 5], 5, 9, seed=0)


def test_communities_are_connected_and_the_fiedler_vector_is_scipys() -> None:
    read = made_graphs.communities(None, 25, 8, 12, [0.9, 0.4], 0.05, seed=0)
    first = 0
    for graph in graphs_of(read):
        n = len(graph)
        assert nx.is_connected(graph) and 8 <= n <= 12
        x = read.arrays["x"][first : first + n].astype(np.float64)
        nodes = sorted(graph)
        degrees = np.array([graph.degree(node) for node in nodes])
        np.testing.assert_allclose(x[:, 0], degrees / (n - 1), rtol=0, atol=1e-7)
        laplacian = nx.normalized_laplacian_matrix(graph, nodelist=nodes).toarray()
        values = np.linalg.eigvalsh(laplacian)
        # An eigenvector to the second eigenvalue, of length √n; single precision holds 1e-7.
        np.testing.assert_allclose(laplacian @ x[:, 1], values[1] * x[:, 1], rtol=0, atol=2e-6)
        assert np.linalg.norm(x[:, 1]) == pytest.approx(np.sqrt(n), abs=1e-5)
        assert x[np.abs(x[:, 1]).argmax(), 1] > 0
        first += n


@pytest.mark.parametrize("neighbours", [4, 8])
def test_pixel_graphs_join_touching_inked_pixels(neighbours: int) -> None:
    read = pixel_graphs.digits(None, neighbours=neighbours, threshold=3)
    pictures = images.digits(None).arrays["x"][..., 0]
    x, owner = read.arrays["x"], read.arrays["graph"]
    assert np.array_equal(np.bincount(owner), (pictures >= 3).sum(axis=(1, 2)))
    reach = 1 if neighbours == 4 else 2
    edges = read.arrays["edge_index"]
    for number in (0, 17, 1796):
        nodes = np.flatnonzero(owner == number)
        place = {}
        for node in nodes:
            row, column = (round((float(v) + 1) * 3.5) for v in x[node, 1:])
            assert x[node, 0] == pictures[number, row, column] / 16
            place[int(node)] = (row, column)
        inked = {tuple(p) for p in np.argwhere(pictures[number] >= 3).tolist()}
        assert set(place.values()) == inked
        expected = {
            (i, j)
            for i, a in place.items()
            for j, b in place.items()
            if i != j and max(abs(a[0] - b[0]), abs(a[1] - b[1])) == 1
            and abs(a[0] - b[0]) + abs(a[1] - b[1]) <= reach
        }  # fmt: skip
        own = np.isin(edges[0], nodes)
        assert {tuple(pair) for pair in edges[:, own].T.tolist()} == expected
