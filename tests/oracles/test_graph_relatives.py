"""GraphSAGE, GIN, SGC and the relational form against dense algebra written out by hand."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from triptych.data import typed_edges
from triptych.errors import UserError
from triptych.graphs.operators import gin, relational, sage, sgc
from triptych.graphs.smoothing import smoothed_rows
from triptych.graphs.sparse import Sparse
from triptych.metrics.graph_stats import edge_homophily

NODES = 6  # a hub 0 with leaves 1..4, one more edge 1-2, and the isolated node 5
PAIRS = ((0, 1), (0, 2), (0, 3), (0, 4), (1, 2))
DOUBLE = torch.float64
CLOSE: dict[str, float] = {"rtol": 0, "atol": 1e-14}  # a few tens of roundings of terms of order 1
A = np.zeros((NODES, NODES))
for _i, _j in PAIRS:
    A[_i, _j] = A[_j, _i] = 1
D = A.sum(1)
HUB = torch.tensor([*PAIRS, *(pair[::-1] for pair in PAIRS)], dtype=torch.int64).T


def features(width: int = 3) -> Tensor:
    rng = torch.Generator().manual_seed(0)
    return torch.randn(NODES, width, generator=rng, dtype=DOUBLE)


def settled(layer: Any) -> Any:
    layer = layer.to(DOUBLE)
    layer.reset_parameters(torch.Generator().manual_seed(1))
    return layer


def apply(layer: Any, x: Tensor) -> np.ndarray:
    with torch.no_grad():
        found: np.ndarray = layer(x, layer.prepare(HUB, NODES, DOUBLE)).numpy()
    return found


def test_sage_is_own_plus_mean_of_neighbours() -> None:
    layer, x = settled(sage.Layer(3, 2)), features()
    own, others = layer.own.detach().numpy(), layer.others.detach().numpy()
    average = np.divide(A, D[:, None], out=np.zeros_like(A), where=D[:, None] > 0)
    expected = x.numpy() @ own + average @ x.numpy() @ others
    np.testing.assert_allclose(apply(layer, x), expected, **CLOSE)
    np.testing.assert_allclose(apply(layer, x)[5], x[5].numpy() @ own, **CLOSE)  # isolated


def test_why_sage_takes_loops_out() -> None:
    """The library averages a given self-loop in beside the root weight; ours does not."""
    from torch_geometric.nn import SAGEConv

    layer, x = settled(sage.Layer(3, 2)), features()
    looped = torch.cat([HUB, torch.arange(NODES).repeat(2, 1)], dim=1)
    theirs = SAGEConv(3, 2, bias=False).to(DOUBLE)
    theirs.lin_r.weight.data, theirs.lin_l.weight.data = layer.own.data.T, layer.others.data.T
    assert (theirs(x, looped) - theirs(x, HUB)).abs().max() > 0.1
    with torch.no_grad():
        ours = layer(x, layer.prepare(looped, NODES, DOUBLE))
    np.testing.assert_array_equal(ours.numpy(), apply(layer, x))


@pytest.mark.parametrize("learnt", [True, False])
def test_gin_is_an_mlp_of_a_weighted_sum(learnt: bool) -> None:
    layer, x = settled(gin.Layer(3, 2, epsilon=0.25, learnt=learnt)), features()
    first, second = layer.first.detach().numpy(), layer.second.detach().numpy()
    summed = (1.25 * np.eye(NODES) + A) @ x.numpy()
    expected = np.maximum(summed @ first, 0) @ second
    np.testing.assert_allclose(apply(layer, x), expected, **CLOSE)
    with torch.no_grad():
        np.testing.assert_allclose(layer.node_wise(x, HUB).numpy(), expected, **CLOSE)
        np.testing.assert_allclose(layer.library(x, HUB).numpy(), expected, **CLOSE)


def test_epsilon_is_trained_or_fixed_and_reset() -> None:
    free, fixed = gin.Layer(3, 2, 0.5), gin.Layer(3, 2, 0.5, learnt=False)
    assert "epsilon" in dict(free.named_parameters())
    assert "epsilon" not in dict(fixed.named_parameters())
    assert set(free.state_dict()) == set(fixed.state_dict())  # stored either way
    free.epsilon.data.fill_(7.0)
    free.reset_parameters()
    assert float(free.epsilon.detach()) == 0.5


@pytest.mark.parametrize("hops", [1, 2, 5])
def test_sgc_is_a_power_of_the_symmetric_average(hops: int) -> None:
    layer, x = settled(sgc.Layer(3, 2, hops)), features()
    root = np.diag(1 / np.sqrt(D + 1))
    power = np.linalg.matrix_power(root @ (A + np.eye(NODES)) @ root, hops)
    expected = power @ x.numpy() @ layer.weight.detach().numpy()
    np.testing.assert_allclose(apply(layer, x), expected, **CLOSE)
    with torch.no_grad():
        np.testing.assert_allclose(layer.node_wise(x, HUB).numpy(), expected, **CLOSE)
        np.testing.assert_allclose(layer.library(x, HUB).numpy(), expected, **CLOSE)
    (matrix,) = layer.prepare(HUB, NODES, DOUBLE)
    for held in (x, x * (x > 1)):  # dense, and sparse enough for the other branch
        rows = smoothed_rows(matrix, held, hops, torch.tensor([4, 0, 4]))
        np.testing.assert_allclose(rows.numpy(), (power @ held.numpy())[[4, 0, 4]], **CLOSE)


def test_kinds_by_degree_of_the_hub() -> None:
    layer, x = settled(relational.Layer(3, 2)), features()
    own, related = layer.own.detach().numpy(), layer.related.detach().numpy()
    # Degrees 4, 2, 2, 1, 1: the hub is above all its neighbours, 1 and 2 are equals.
    higher = np.zeros((NODES, NODES))
    higher[1:5, 0] = 1
    equal = np.zeros((NODES, NODES))
    equal[1, 2] = equal[2, 1] = 1
    lower = np.zeros((NODES, NODES))
    lower[0, 1:5] = 1 / 4
    expected = x.numpy() @ own
    for matrix, weight in zip((higher, equal, lower), related, strict=True):
        expected = expected + matrix @ x.numpy() @ weight
    np.testing.assert_allclose(apply(layer, x), expected, **CLOSE)


def test_given_kinds_equal_the_loop_and_the_library() -> None:
    layer, x = settled(relational.Layer(3, 2, kinds=4)), features()
    edges, kinds = HUB.numpy(), np.array([0, 1, 1, 3, 0, 0, 1, 3, 3, 0])  # kind 2 has no edge
    with torch.no_grad():
        graph = relational.prepare_kinds(edges, kinds, 4, NODES, DOUBLE)
        found = layer(x, graph)
        torch.testing.assert_close(layer.node_wise_kinds(x, edges, kinds), found, **CLOSE)
        torch.testing.assert_close(layer.library_kinds(x, edges, kinds), found, **CLOSE)
    with pytest.raises(ValueError, match="expected 0 to 2"):
        relational.prepare_kinds(edges, kinds, 3, NODES)


def test_a_symmetric_matrix_is_kept_once() -> None:
    rows, columns = np.array([0, 1, 1, 2]), np.array([1, 0, 2, 1])
    for values, symmetric in (([3.0, 3.0, 5.0, 5.0], True), ([3.0, 4.0, 5.0, 5.0], False)):
        made = Sparse.from_entries(rows, columns, np.array(values), (3, 3), DOUBLE)
        assert (made.transposed is made.matrix) == symmetric
        torch.testing.assert_close(
            made.transposed.to_dense(), made.matrix.to_dense().T, rtol=0, atol=0
        )
        changed = made.with_values(torch.arange(1.0, 5.0, dtype=DOUBLE))
        torch.testing.assert_close(
            changed.transposed.to_dense(), changed.matrix.to_dense().T, rtol=0, atol=0
        )
        moved = made.to(torch.device("cpu"))
        assert (moved.transposed is moved.matrix) == symmetric


def test_sorting_by_counting_gives_the_sorted_matrix() -> None:
    rng = np.random.default_rng(0)
    places = rng.choice(40 * 30, 200, replace=False)
    values = rng.standard_normal(200)
    made = Sparse.from_entries(places // 30, places % 30, values, (40, 30), DOUBLE)
    dense = np.zeros((40, 30))
    dense.ravel()[places] = values
    np.testing.assert_array_equal(made.matrix.to_dense().numpy(), dense)
    np.testing.assert_array_equal(made.transposed.to_dense().numpy(), dense.T)
    assert torch.equal(made.transposed.values(), made.values[made.order])
    assert made.matrix.col_indices().dtype == torch.int32  # half the bytes, where they suffice
    columns = made.matrix.col_indices()
    starts = made.matrix.crow_indices()
    for row in range(40):  # the order of summation is fixed: ascending columns
        own = columns[starts[row] : starts[row + 1]]
        assert (own.diff() > 0).all()


ARGUMENTS: dict[str, Any] = {
    "nodes": 60, "features": 4, "degree": 3, "reliability": 0.8, "signal": 0.5, "seed": 0,
}  # fmt: skip


def test_friends_and_foes_are_blind_without_their_kinds() -> None:
    content = typed_edges.friends_and_foes(None, **ARGUMENTS)
    edges, kinds, y = (content.arrays[k] for k in ("edge_index", "edge_label", "y"))
    assert edges.shape == (2, 2 * 60 * 3)  # 90 friendships and 90 enmities, both directions
    assert np.bincount(kinds).tolist() == [180, 180]
    assert edge_homophily(edges, y) == 0.5
    assert edge_homophily(edges[:, kinds == 0], y) == pytest.approx(0.8)
    assert edge_homophily(edges[:, kinds == 1], y) == pytest.approx(0.2)
    assert np.bincount(y).tolist() == [30, 30]
    place = {(s, t): k for (s, t), k in zip(edges.T.tolist(), kinds.tolist(), strict=True)}
    assert all(place[t, s] == k for (s, t), k in place.items())
    again = typed_edges.friends_and_foes(None, **ARGUMENTS)
    assert all(np.array_equal(again.arrays[k], v) for k, v in content.arrays.items())
    with pytest.raises(UserError, match="even number"):
        typed_edges.friends_and_foes(None, **ARGUMENTS | {"nodes": 61})
