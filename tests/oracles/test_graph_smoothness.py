"""Measures of over-smoothing on the limits that algebra knows; lifts; label propagation."""

import numpy as np
import pytest
import torch

from triptych.graphs.adjacency import degrees, simple
from triptych.graphs.lift import lifted
from triptych.graphs.models import label_propagation, scaling
from triptych.graphs.operators import layer_class, mean, names, symmetric
from triptych.metrics.smoothness import dirichlet_energy, effective_rank, mean_average_distance

# A triangle with a tail: connected, not bipartite, degrees 2, 2, 3, 2, 1.
PAIRS = np.array([[0, 0, 1, 2, 3], [1, 2, 2, 3, 4]])
EDGES = simple(np.concatenate([PAIRS, PAIRS[::-1]], axis=1), 5)
A = np.zeros((5, 5))
A[EDGES[1], EDGES[0]] = 1
D = A.sum(1) + 1
H = np.random.default_rng(0).standard_normal((5, 3))
LIMITS = {"mean": np.ones(5), "symmetric": np.sqrt(D)}
AVERAGES = {
    "mean": (A + np.eye(5)) / D[:, None],
    "symmetric": (A + np.eye(5)) / np.sqrt(D[:, None] * D),
}


@pytest.mark.parametrize("average", ["mean", "symmetric"])
def test_energy_is_the_rayleigh_quotient_of_the_laplacian(average: str) -> None:
    weight = np.diag(D if average == "mean" else np.ones(5))
    laplacian = np.eye(5) - AVERAGES[average]
    expected = np.trace(H.T @ weight @ laplacian @ H) / np.trace(H.T @ weight @ H)
    found = dirichlet_energy(H, EDGES, average)  # type: ignore[arg-type]
    assert found == pytest.approx(expected, rel=1e-13)


def test_only_the_matching_laplacian_vanishes_on_the_limit() -> None:
    for average, limit in LIMITS.items():
        h = limit[:, None] * np.array([1.0, -2.0])
        other = "symmetric" if average == "mean" else "mean"
        matching, mistaken = (
            dirichlet_energy(h, EDGES, each)  # type: ignore[arg-type]
            for each in (average, other)
        )
        assert matching < 1e-30
        assert mistaken > 1e-3  # and no number of layers would bring it down


@pytest.mark.parametrize("average", ["mean", "symmetric"])
def test_many_layers_reach_the_limit_in_all_three_measures(average: str) -> None:
    energies, ranks, distances = [], [], []
    h = np.abs(H)  # after ReLU: no two rows can point in opposite directions
    for _ in range(60):
        energies.append(dirichlet_energy(h, EDGES, average))  # type: ignore[arg-type]
        ranks.append(effective_rank(h))
        distances.append(mean_average_distance(h, EDGES))
        h = AVERAGES[average] @ h
    # Spectral decomposition: each step shrinks what is not the limit by its eigenvalue.
    values = np.sort(np.abs(np.linalg.eigvals(AVERAGES[average])))
    assert values[-1] == pytest.approx(1)
    assert energies[-1] / energies[-2] == pytest.approx(values[-2] ** 2, rel=1e-6)
    assert energies == sorted(energies, reverse=True)
    assert ranks[-1] < 1 + 1e-3 < ranks[0]
    assert distances[-1] < 1e-6 < distances[0]


def test_measures_by_hand() -> None:
    pair = np.array([[0, 1], [1, 0]])
    assert dirichlet_energy(np.array([[1.0, 0.0], [0.0, 1.0]]), pair, "symmetric") == 0.5
    assert mean_average_distance(np.array([[2.0, 0.0], [0.0, 3.0]]), pair) == 1.0
    assert mean_average_distance(np.array([[1.0], [-1.0]]), pair) == 2.0
    assert effective_rank(np.diag([3.0, 3.0, 3.0, 0.0])) == pytest.approx(3, rel=1e-14)
    assert effective_rank(np.outer([1.0, 2.0], [3.0, 4.0])) == pytest.approx(1, rel=1e-7)


def test_embeddings_that_died_count_as_alike() -> None:
    zero = np.zeros((5, 2))
    assert dirichlet_energy(zero, EDGES, "mean") == 0
    assert mean_average_distance(zero, EDGES) == 0
    assert effective_rank(zero) == 0
    partly = np.array([[1.0], [1.0], [0.0], [0.0], [0.0]])  # only the pair 0-1 has directions
    assert mean_average_distance(partly, EDGES) == 0


@pytest.mark.parametrize("reach", [None, 4])
@pytest.mark.parametrize("name", names())
def test_a_network_cannot_tell_a_lift_from_its_graph(name: str, reach: int | None) -> None:
    copies = 10
    edges = lifted(EDGES, 5, copies, np.random.default_rng(1), reach)
    assert edges.shape[1] == copies * EDGES.shape[1]
    assert simple(edges, 5 * copies).shape == edges.shape  # distinct, without loops
    np.testing.assert_array_equal(degrees(edges, 5 * copies), np.tile(degrees(EDGES, 5), copies))
    x = torch.from_numpy(H)
    layer = layer_class(name)(3, 2).double()
    layer.reset_parameters(torch.Generator().manual_seed(0))
    with torch.no_grad():
        small = layer(x, layer.prepare(torch.from_numpy(EDGES), 5, x.dtype))
        tall = x.repeat(copies, 1)
        large = layer(tall, layer.prepare(torch.from_numpy(edges), len(tall), x.dtype))
    # The same few terms of order 1, summed in another order.
    torch.testing.assert_close(large, small.repeat(copies, 1), rtol=0, atol=1e-14)


def test_lifts_are_random_and_reach_no_further_than_asked() -> None:
    copies = 40
    far, near = (lifted(EDGES, 5, copies, np.random.default_rng(2), reach) for reach in (None, 8))
    apart = np.abs(far[0] // 5 - far[1] // 5)
    assert apart.max() > 20
    assert np.array_equal(near[0] // 5 // 8, near[1] // 5 // 8)
    assert (near[0] // 5 != near[1] // 5).mean() > 0.5
    assert not np.array_equal(far, lifted(EDGES, 5, copies, np.random.default_rng(3)))


@pytest.mark.parametrize("kind", [mean, symmetric])
def test_stored_entries_grow_with_the_edges_exactly(kind) -> None:  # type: ignore[no-untyped-def]
    for copies in (1, 7, 50):
        edges = torch.from_numpy(lifted(EDGES, 5, copies, np.random.default_rng(0)))
        (matrix,) = kind.Layer.prepare(edges, 5 * copies)
        assert len(matrix.values) == copies * (EDGES.shape[1] + 5)


def test_times_are_positive_and_named_by_the_edges() -> None:
    from triptych.data.parts import Part

    params = scaling.ScalingParams(edges=[100, 1000], repeats=1, width=4)
    model = scaling.Entry(params, {"n_features": 3})
    train = Part({"x": H.astype(np.float32), "edge_index": EDGES}, {})
    measured = model.measure({"train": train}, ("graphs", "scaling", "tail", 0))
    seconds = {n.metric: n.value for n in measured.numbers if n.unit == "s"}
    assert set(seconds) == {
        f"{metric}/{where},edges={edges}"
        for metric in ("step_seconds", "prepare_seconds")
        for where in ("near", "far")
        for edges in (100, 1000)
    }
    assert all(value > 0 for value in seconds.values())


@pytest.mark.parametrize("alpha", [0.5, 0.9])
def test_label_propagation_reaches_its_closed_form(alpha: float) -> None:
    params = label_propagation.PropagationParams(iterations=400)
    model = label_propagation.Entry(params, {"n_classes": 2})
    start = torch.zeros(5, 2, dtype=torch.float64)
    start[0, 0] = start[4, 1] = 1
    degree = A.sum(1)
    s = A / np.sqrt(degree[:, None] * degree)
    expected = (1 - alpha) * np.linalg.inv(np.eye(5) - alpha * s) @ start.numpy()
    found = model.propagate(start, torch.from_numpy(EDGES), alpha)
    # What is left after t steps is below α^t: 0.9^400 = 5e-19.
    np.testing.assert_allclose(found.numpy(), expected, rtol=0, atol=1e-14)
