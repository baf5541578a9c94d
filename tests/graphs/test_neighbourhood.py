"""Sizes of neighbourhoods and computation trees, against other ways to count them."""

import math
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
import torch

from triptych.data.catalogue import get
from triptych.data.fetch import fetch
from triptych.data.parts import Part
from triptych.data.prepare import reader
from triptych.graphs import hops
from triptych.graphs.hops import neighbourhoods, trees
from triptych.graphs.models import neighbourhood
from triptych.graphs.models.neighbourhood import Entry, NeighbourhoodParams


def edges_of(graph: nx.Graph) -> np.ndarray:
    pairs = np.array(graph.edges(), dtype=np.int64).reshape(-1, 2).T
    return np.concatenate([pairs, pairs[::-1]], axis=1)


def test_a_path_and_a_star_by_hand() -> None:
    path = edges_of(nx.path_graph(5))
    assert neighbourhoods(path, 5, 3).tolist() == [
        [2, 3, 4], [3, 4, 5], [3, 5, 5], [3, 4, 5], [2, 3, 4],
    ]  # fmt: skip
    star = edges_of(nx.star_graph(4))  # node 0 and four leaves
    assert neighbourhoods(star, 5, 2).tolist() == [[5, 5], *[[2, 5]] * 4]
    # (A + I)² 1: the centre counts itself, its 4 leaves, and each of their 2 neighbours.
    assert trees(star, 5, 2).tolist() == [[5, 13], *[[2, 7]] * 4]


def test_an_isolated_node_and_a_graph_without_edges() -> None:
    none = np.zeros((2, 0), dtype=np.int64)
    assert neighbourhoods(none, 3, 2).tolist() == [[1, 1]] * 3
    assert trees(none, 3, 2).tolist() == [[1, 1]] * 3
    pair = np.array([[0, 1], [1, 0]])
    assert neighbourhoods(pair, 3, 2)[2].tolist() == [1, 1]  # the last node, alone
    assert neighbourhoods(pair, 3, 0).shape == (3, 0)


@pytest.mark.parametrize("seed", range(3))
def test_breadth_first_search_and_matrix_powers_agree(seed: int) -> None:
    graph = nx.gnp_random_graph(60, 0.05, seed=seed)
    edges = edges_of(graph)
    near, tree = neighbourhoods(edges, 60, 4), trees(edges, 60, 4)
    lengths = dict(nx.all_pairs_shortest_path_length(graph))
    matrix = nx.to_numpy_array(graph, nodelist=range(60)) + np.eye(60)
    for hop in range(1, 5):
        expected = [sum(d <= hop for d in lengths[v].values()) for v in range(60)]
        assert near[:, hop - 1].tolist() == expected
        walks = np.linalg.matrix_power(matrix, hop).sum(axis=1)
        np.testing.assert_array_equal(tree[:, hop - 1], walks)  # integers, exact in double


def test_the_mean_tree_is_never_below_the_power_of_the_mean_degree() -> None:
    for graph in (nx.karate_club_graph(), nx.cycle_graph(7), nx.star_graph(9)):
        tree = trees(edges_of(graph), len(graph), 5).mean(axis=0)
        k = tree[0]
        for hop in range(1, 6):
            assert tree[hop - 1] >= k**hop * (1 - 1e-12)
    regular = trees(edges_of(nx.cycle_graph(7)), 7, 5)
    assert regular.tolist() == [[3, 9, 27, 81, 243]] * 7  # equality where all degrees are equal


def test_pieces_do_not_change_the_sets(monkeypatch: pytest.MonkeyPatch) -> None:
    edges = edges_of(nx.karate_club_graph())
    whole = neighbourhoods(edges, 34, 3)
    monkeypatch.setattr(hops, "CHUNK", 1)  # one node at a time
    assert np.array_equal(neighbourhoods(edges, 34, 3), whole)


def test_records_are_those_of_the_graph(parts: dict[str, Part]) -> None:
    model = Entry(NeighbourhoodParams(hops=3), parts["train"].meta)
    assert model.fit_closed_form({}, torch.Generator())
    numbers = {n.metric: n for n in model.measure(parts, ("a",)).numbers}
    edges = parts["train"].arrays["edge_index"]
    near, tree = neighbourhoods(edges, 40, 3), trees(edges, 40, 3)
    hub = near[:, 0].argmax()
    assert numbers["neighbours/hops=2"].value == near[:, 1].mean()
    assert numbers["neighbours_hub/hops=2"].value == near[hub, 1]
    assert numbers["tree/hops=3"].value == tree[:, 2].mean()
    assert numbers["tree_hub/hops=1"].value == near[hub, 0]
    assert numbers["k_power/hops=3"].value == pytest.approx(near[:, 0].mean() ** 3)
    assert numbers["graph_size/nodes"].value == 40
    assert "K = " in numbers["tree/hops=3"].protocol
    x, index = (torch.from_numpy(parts["train"].arrays[k]) for k in ("x", "edge_index"))
    assert torch.equal(model.respond(x, index), torch.from_numpy(near))


def test_seeds_of_a_job_count_once(parts: dict[str, Part], monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    neighbourhood._counted.cache_clear()

    def counted(*arguments: object) -> np.ndarray:
        calls.append(arguments)
        return neighbourhoods(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(neighbourhood, "neighbourhoods", counted)
    for _ in range(3):
        Entry(NeighbourhoodParams(), parts["train"].meta).measure(parts, ("a",))
    assert len(calls) == 1
    neighbourhood._counted.cache_clear()


@pytest.mark.mirror
def test_trap_22_neighbourhoods_of_cora(mirror: str, tmp_path: Path) -> None:
    """Known sizes: distinct nodes explode to 30 % of the graph, trees far beyond it."""
    fetch("cora", tmp_path / "raw", mirror=mirror, progress=False)
    edges = reader(get("cora"))(tmp_path / "raw" / "cora", prefix="cora").arrays["edge_index"]
    near, tree = neighbourhoods(edges, 2708, 5), trees(edges, 2708, 5)
    assert near.mean(axis=0).round().tolist() == [5, 37, 128, 373, 811]
    assert near[1358].tolist() == [169, 426, 899, 1540, 2018]
    assert tree.mean(axis=0).round().tolist() == [5, 51, 466, 6559, 76813]
    assert int(near[:, 0].argmax()) == 1358
    assert math.isclose(near[:, 0].mean(), 1 + 10556 / 2708)
