"""Operators against dense algebra written out by hand, on graphs small enough to check by eye."""

import itertools
import math
from typing import Any

import networkx as nx
import numpy as np
import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from triptych.claims.graphs import n01_update, n13_symmetry
from triptych.graphs.adjacency import degrees, simple
from triptych.graphs.operators import identity, layer_class, mean, names, separate, symmetric

NODES = 6  # a hub 0 with leaves 1..4, one more edge 1-2, and the isolated node 5
PAIRS = ((0, 1), (0, 2), (0, 3), (0, 4), (1, 2))
DOUBLE = torch.float64
ALL = names()


def both_ways(pairs: Any) -> Tensor:
    pairs = torch.tensor(pairs, dtype=torch.int64).reshape(-1, 2).T
    return torch.cat([pairs, pairs.flip(0)], dim=1)


HUB = both_ways(PAIRS)
A = np.zeros((NODES, NODES))
for _i, _j in PAIRS:
    A[_i, _j] = A[_j, _i] = 1
D = A.sum(1)


def features(nodes: int = NODES, width: int = 3, seed: int = 0) -> Tensor:
    rng = torch.Generator().manual_seed(seed)
    return torch.randn(nodes, width, generator=rng, dtype=DOUBLE)


def made(name: str, inputs: int = 3, outputs: int = 2) -> Any:
    layer = layer_class(name)(inputs, outputs).to(DOUBLE)
    layer.reset_parameters(torch.Generator().manual_seed(1))
    return layer


def matrix_form(name: str, x: Tensor, edges: Tensor) -> Tensor:
    layer = made(name, x.shape[1])
    return layer(x, layer.prepare(edges, len(x), DOUBLE)).detach()


def dense(layer: Any, edges: Tensor = HUB, nodes: int = NODES) -> np.ndarray:
    (matrix,) = layer.prepare(edges, nodes, DOUBLE)
    return matrix.matrix.to_dense().numpy()


# Double precision: at most 6 terms of order 1 in each sum, so 1e-14 is a few tens of roundings.
CLOSE = {"rtol": 0, "atol": 1e-14}


def test_mean_of_the_hub_by_hand() -> None:
    expected = np.array(
        [
            [1 / 5, 1 / 5, 1 / 5, 1 / 5, 1 / 5, 0],
            [1 / 3, 1 / 3, 1 / 3, 0, 0, 0],
            [1 / 3, 1 / 3, 1 / 3, 0, 0, 0],
            [1 / 2, 0, 0, 1 / 2, 0, 0],
            [1 / 2, 0, 0, 0, 1 / 2, 0],
            [0, 0, 0, 0, 0, 1],
        ]
    )
    np.testing.assert_allclose(dense(mean.Layer), expected, **CLOSE)


def test_symmetric_and_separate_of_the_hub_are_their_formulas() -> None:
    loops = A + np.eye(NODES)
    root = np.diag(1 / np.sqrt(D + 1))
    np.testing.assert_allclose(dense(symmetric.Layer), root @ loops @ root, **CLOSE)
    bare = np.diag([1 / math.sqrt(d) if d else 0 for d in D])
    np.testing.assert_allclose(dense(separate.Layer), bare @ A @ bare, **CLOSE)


@pytest.mark.parametrize("name", ALL)
def test_node_wise_and_library_forms_agree_with_the_matrix_form(name: str) -> None:
    x, layer = features(), made(name)
    with torch.no_grad():
        expected = matrix_form(name, x, HUB)
        torch.testing.assert_close(layer.node_wise(x, HUB), expected, **CLOSE)
        torch.testing.assert_close(layer.library(x, HUB), expected, **CLOSE)


def test_mean_form_is_a_dense_product_with_the_nonlinearity() -> None:
    x, layer = features(), made("mean")
    a_hat = np.diag(1 / (D + 1)) @ (A + np.eye(NODES))
    expected = np.maximum(a_hat @ x.numpy() @ layer.weight.detach().numpy(), 0)
    found = layer(x, layer.prepare(HUB, NODES, DOUBLE)).relu().detach().numpy()
    np.testing.assert_allclose(found, expected, **CLOSE)


def test_rows_of_the_mean_sum_to_one() -> None:
    np.testing.assert_allclose(dense(mean.Layer).sum(1), 1, **CLOSE)


def test_spectrum_of_the_symmetric_form() -> None:
    a_hat = dense(symmetric.Layer)
    np.testing.assert_array_equal(a_hat, a_hat.T)
    values = np.linalg.eigvalsh(a_hat)
    assert values.min() > -1
    # Weyl: eigenvalues move by no more than the norm of the rounding errors, a few 1e-16.
    assert values.max() == pytest.approx(1, abs=1e-14)
    vector = np.sqrt(D + 1)
    np.testing.assert_allclose(a_hat @ vector, vector, **CLOSE)


def test_separate_weights_are_another_operator_with_spectrum_up_to_two() -> None:
    equal = np.eye(NODES) + dense(separate.Layer)
    assert np.linalg.eigvalsh(equal).max() == pytest.approx(2, abs=1e-14)
    assert np.abs(equal - dense(symmetric.Layer)).max() > 0.5


def test_separate_without_own_weight_averages_neighbours_on_a_regular_graph() -> None:
    ring = both_ways([(i, (i + 1) % 5) for i in range(5)])
    x, layer = features(5), made("separate")
    layer.own.data.zero_()
    layer.others.data = torch.eye(3, 2, dtype=DOUBLE)
    found = layer(x, layer.prepare(ring, 5, DOUBLE)).detach()
    expected = torch.stack([(x[i - 1] + x[(i + 1) % 5]) / 2 for i in range(5)])[:, :2]
    torch.testing.assert_close(found, expected, **CLOSE)


def test_loops_given_already_are_not_added_again() -> None:
    loops = torch.arange(NODES).repeat(2, 1)
    for name in ALL:
        x = features()
        again = torch.cat([HUB, loops, loops], dim=1)
        assert torch.equal(matrix_form(name, x, again), matrix_form(name, x, HUB))
    np.testing.assert_allclose(dense(mean.Layer).diagonal(), 1 / (D + 1), **CLOSE)
    np.testing.assert_allclose(dense(symmetric.Layer).diagonal(), 1 / (D + 1), **CLOSE)


def test_the_library_counts_loops_once_for_the_gcn() -> None:
    x, layer = features(), made("symmetric")
    again = torch.cat([HUB, torch.arange(NODES).repeat(2, 1)], dim=1)
    torch.testing.assert_close(layer.library(x, again), layer.library(x, HUB), **CLOSE)


def test_duplicate_edges_count_once_here_but_not_in_the_library() -> None:
    x, layer = features(), made("symmetric")
    doubled = torch.cat([HUB, HUB[:, :2]], dim=1)
    assert torch.equal(matrix_form("symmetric", x, doubled), matrix_form("symmetric", x, HUB))
    # Why edges are made simple first: the library layer takes a duplicate for a heavier edge.
    assert (layer.library(x, doubled) - layer.library(x, HUB)).abs().max() > 0.01


def test_isolated_node_keeps_its_own_features() -> None:
    x = features()
    for name in ("mean", "symmetric", "identity"):
        torch.testing.assert_close(
            matrix_form(name, x, HUB)[5], (x[5] @ made(name).weight).detach(), **CLOSE
        )
    torch.testing.assert_close(
        matrix_form("separate", x, HUB)[5], (x[5] @ made("separate").own).detach(), **CLOSE
    )


def test_degrees_keep_isolated_nodes_at_the_end() -> None:
    edges = simple(HUB, NODES)
    np.testing.assert_array_equal(degrees(edges, NODES), D)
    assert len(degrees(edges, NODES + 3)) == NODES + 3
    assert layer_class("mean").prepare(HUB, NODES + 3)[0].shape == (NODES + 3, NODES + 3)


def test_an_edge_to_no_node_is_refused() -> None:
    with pytest.raises(ValueError, match="expected ends from 0 to 4"):
        simple(HUB.clone().fill_(5), 5)


CORNERS = {
    "single node": (1, []),
    "no edges": (4, []),
    "self-edge": (3, [(0, 0), (0, 1)]),
    "two components": (5, [(0, 1), (2, 3)]),
}


@pytest.mark.parametrize("corner", CORNERS)
@pytest.mark.parametrize("name", ALL)
def test_corner_cases(name: str, corner: str) -> None:
    nodes, pairs = CORNERS[corner]
    x, edges, layer = features(nodes), both_ways(pairs), made(name)
    with torch.no_grad():
        found = matrix_form(name, x, edges)
        assert found.shape == (nodes, 2)
        assert found.isfinite().all()
        torch.testing.assert_close(layer.node_wise(x, edges), found, **CLOSE)
        if corner != "self-edge":  # the library's treatment of loops differs by layer
            torch.testing.assert_close(layer.library(x, edges), found, **CLOSE)


@pytest.mark.parametrize("name", ALL)
def test_equivariance_under_every_permutation_of_the_hub(name: str) -> None:
    x, layer = features(), made(name)
    with torch.no_grad():
        before = layer(x, layer.prepare(HUB, NODES, DOUBLE))
        for order in itertools.permutations(range(NODES)):
            index = torch.tensor(order)
            place = index.argsort()
            after = layer(x[index], layer.prepare(place[HUB], NODES, DOUBLE))
            torch.testing.assert_close(after, before[index], **CLOSE)


class Multiplications(TorchDispatchMode):
    """Counts scalar products by a neighbour's weight: elements of every aten.mul and aten.div."""

    count = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        if func in (torch.ops.aten.mul.Tensor, torch.ops.aten.div.Tensor):
            self.count += result.numel()
        return result


def test_messages_cost_one_multiplication_per_edge_and_feature() -> None:
    x, edges = features(width=4), len(HUB[0])
    with torch.no_grad(), Multiplications() as counted:
        made("symmetric", 4).node_wise(x, HUB)
    assert counted.count == (edges + NODES) * 4
    stored = {name: layer_class(name).prepare(HUB, NODES) for name in ALL}
    entries = {name: sum(len(m.values) for m in graph) for name, graph in stored.items()}
    loops = edges + NODES
    known = {"identity": 0, "mean": loops, "symmetric": loops, "separate": edges}
    assert {name: entries[name] for name in known} == known
    assert max(entries.values()) <= 3 * loops  # attention keeps the edges three times


@pytest.mark.parametrize("name", ALL)
def test_gradients(name: str) -> None:
    x, layer = features().requires_grad_(), made(name)
    graph = layer.prepare(HUB[:, :7], NODES, DOUBLE)  # some edges in one direction only
    assert torch.autograd.gradcheck(lambda h: layer(h, graph), (x,))
    assert torch.autograd.gradcheck(
        lambda w: torch.func.functional_call(layer, {next(iter(dict(layer.named_parameters()))): w},
                                             (x.detach(), graph)),
        (next(layer.parameters()).detach().clone().requires_grad_(),),
    )  # fmt: skip


def test_the_karate_club_is_read_without_its_weights() -> None:
    graph = nx.karate_club_graph()
    edges = both_ways(list(graph.edges()))
    found = dense(mean.Layer, edges, 34)
    plain = nx.to_numpy_array(graph, weight=None)
    np.testing.assert_allclose(
        found, (plain + np.eye(34)) / (plain.sum(1, keepdims=True) + 1), **CLOSE
    )
    weighted = nx.to_numpy_array(graph)  # the trap: NetworkX attaches weights up to 7
    assert weighted.max() > 1
    ((_, drawn),) = n01_update._karate()
    np.testing.assert_array_equal(simple(drawn, 34), simple(edges, 34))


def test_glorot_bounds_and_reset() -> None:
    layer = identity.Layer(300, 100)
    assert float(layer.weight.detach().abs().max()) <= math.sqrt(6 / 400)
    # The variance of a uniform on ±a is a²/3; its estimate from 30,000 draws has relative
    # deviation sqrt(0.8 / 30000) = 0.5 %, so 3 % is six of them.
    assert float(layer.weight.detach().var()) == pytest.approx(6 / 400 / 3, rel=0.03)
    for name in ALL:
        first, second = made(name), made(name)
        for a, b in zip(first.parameters(), second.parameters(), strict=True):
            assert torch.equal(a, b)


@pytest.mark.parametrize("module", [n01_update, n13_symmetry])
def test_identities_hold(module: Any) -> None:
    checks = module.check()
    assert all(check.discrepancy <= check.tolerance for check in checks)
    assert len({(check.dataset, check.comparison) for check in checks}) == len(checks)


def test_the_update_identity_would_notice_another_operator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mean.Layer, "prepare", staticmethod(symmetric.Layer.prepare))
    assert any(check.discrepancy > 100 * check.tolerance for check in n01_update.check())


def test_the_symmetry_identity_would_notice_node_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    def numbered(self: Any, x: Tensor, graph: Any) -> Tensor:
        return x @ self.weight + 1e-3 * torch.arange(len(x))[:, None]

    monkeypatch.setattr(identity.Layer, "forward", numbered)
    failed = [check.comparison for check in n13_symmetry.check() if check.discrepancy > 1e-5]
    assert sorted(text.split(":")[0] for text in failed) == ["model mlp", "operator identity"]
