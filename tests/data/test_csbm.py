"""The generator against the model's own probabilities and its threshold."""

import math
import statistics

import numpy as np
import pytest

from triptych.data import csbm
from triptych.data.csbm import Parameters, generate, triangle
from triptych.errors import UserError

PHIS = [-1, -0.75, -0.5, -0.25, 0, 0.25, 0.5, 0.75, 1]


def parameters(phi: float = 0.5, nodes: int = 800, epsilon: float = 3.25) -> Parameters:
    return Parameters(nodes=nodes, features=100, degree=5.0, phi=phi, epsilon=epsilon)


def test_triangle_numbers_every_pair_once() -> None:
    n = 200
    first, second = triangle(np.arange(n * (n - 1) // 2))
    assert (second < first).all() and (second >= 0).all() and first.max() == n - 1
    assert len(set(zip(first.tolist(), second.tolist(), strict=True))) == n * (n - 1) // 2


def test_triangle_is_exact_for_large_numbers() -> None:
    i = np.array([2**25, 2**25 + 1, 90_000_001])  # near the limit of the square root's precision
    for j in (np.zeros_like(i), i - 1):
        first, second = triangle(i * (i - 1) // 2 + j)
        assert first.tolist() == i.tolist() and second.tolist() == j.tolist()


@pytest.mark.parametrize("phi", PHIS)
def test_information_is_constant_on_the_dial(phi: float) -> None:
    assert parameters(phi).information == pytest.approx(4.25, rel=1e-12)
    assert parameters(phi).detectable
    assert not parameters(phi, epsilon=-0.1).detectable


def test_ends_of_the_dial() -> None:
    assert parameters(0).edge_signal == 0 and parameters(0).homophily == 0.5
    for phi in (-1, 1):
        assert parameters(phi).feature_signal == 0
    # (d + λ√d) / 2d with λ = √4.25
    assert parameters(1).homophily == pytest.approx((5 + math.sqrt(4.25 * 5)) / 10)
    assert parameters(-1).homophily == pytest.approx(1 - parameters(1).homophily)


def test_labels_are_balanced_and_unordered() -> None:
    y = generate(parameters(), 0)["y"]
    assert np.bincount(y).tolist() == [400, 400]
    assert 100 < y[:400].sum() < 300  # mixed: 7 standard deviations of a random order around 200
    odd = [int(generate(parameters(nodes=11), seed)["y"].sum()) for seed in range(20)]
    assert set(odd) == {5, 6}


@pytest.mark.parametrize("phi", PHIS)
def test_edge_counts_follow_the_model(phi: float) -> None:
    """Within each kind of pair, the number of edges is binomial: within 5 standard deviations."""
    p = parameters(phi)
    drawn = generate(p, 0)
    source, target = drawn["edge_index"]
    same = drawn["y"][source] == drawn["y"][target]
    pairs = {True: 2 * 400 * 399 // 2, False: 400 * 400}
    for kind, probability in ((True, p.p_within), (False, p.p_across)):
        count = int((same == kind).sum()) // 2
        mean = pairs[kind] * probability
        assert abs(count - mean) <= 5 * math.sqrt(mean * (1 - probability))


def test_every_pair_is_equally_likely() -> None:
    """Exact law on 4 nodes: each of the 6 pairs is an independent coin."""
    p = Parameters(nodes=4, features=1, degree=2.0, phi=0.0, epsilon=1.0)
    assert p.p_within == p.p_across == 0.5
    seen = np.zeros((4, 4))
    runs = 2000
    for seed in range(runs):
        source, target = generate(p, seed)["edge_index"]
        seen[source, target] += 1
    off = seen[~np.eye(4, dtype=bool)] / runs
    # 5 standard deviations of a fair coin's mean over the runs
    assert np.abs(off - 0.5).max() < 5 * 0.5 / math.sqrt(runs)
    assert not np.diag(seen).any()


def test_features_carry_the_stated_signal() -> None:
    """The class means differ by 2 √(μ/N) u; without signal they do not differ."""
    p = Parameters(nodes=2000, features=50, degree=5.0, phi=0.0, epsilon=3.25)
    drawn = generate(p, 0)
    x, y = drawn["x"].astype(np.float64), drawn["y"]
    gap = x[y == 1].mean(axis=0) - x[y == 0].mean(axis=0)
    # Every coordinate of the gap has noise variance (1/F)(1/1000 + 1/1000); |u|² has mean 1 and
    # variance 2/F. Five standard deviations of |u|² bound the signal.
    noise = 50 * (1 / 50) * (2 / 1000)
    signal = 4 * p.feature_signal / p.nodes
    assert abs(float(gap @ gap) - noise - signal) < 5 * signal * math.sqrt(2 / 50) + 5 * noise
    flat = generate(Parameters(2000, 50, 5.0, 1.0, 3.25), 0)
    gap = flat["x"][flat["y"] == 1].mean(axis=0) - flat["x"][flat["y"] == 0].mean(axis=0)
    assert float(gap @ gap) < noise * (1 + 5 * math.sqrt(2 / 50))  # chi-squared with 50 degrees


def overlap(phi: float, epsilon: float, seed: int) -> float:
    """Accuracy (up to the sign) of the leading eigenvector of A - d/N 11ᵀ."""
    p = Parameters(nodes=1000, features=1, degree=30.0, phi=phi, epsilon=epsilon)
    drawn = generate(p, seed)
    adjacency = np.zeros((1000, 1000))
    adjacency[tuple(drawn["edge_index"])] = 1
    values, vectors = np.linalg.eigh(adjacency - 30 / 1000)
    leading = vectors[:, np.argmax(values) if phi > 0 else np.argmin(values)]
    right = float(((leading > 0) == (drawn["y"] == 1)).mean())
    return max(right, 1 - right)


@pytest.mark.parametrize("phi", [-1.0, 1.0])
def test_threshold(phi: float) -> None:
    """At |φ| = 1 edges alone decide: recovered above λ² = 1, not below.

    Below, an estimate independent of the labels is right for 1/2 ± 5 · 0.5/√1000 of the nodes.
    Above, for dense graphs the squared overlap of the eigenvector is 1 - 1/λ² = 0.75 at λ² = 4,
    which with Gaussian entries is an accuracy of Φ(√3) = 0.958; 0.9 allows for finite N.
    """
    assert overlap(phi, epsilon=3.0, seed=0) > 0.9
    assert statistics.NormalDist().cdf(math.sqrt(3)) == pytest.approx(0.958, abs=5e-4)
    assert overlap(phi, epsilon=-0.9, seed=0) < 0.5 + 5 * 0.5 / math.sqrt(1000)


def test_same_seed_same_graph_other_seed_other_graph() -> None:
    first, again, other = (generate(parameters(), seed) for seed in (0, 0, 1))
    assert all(np.array_equal(first[key], again[key]) for key in first)
    assert not np.array_equal(first["x"], other["x"])


@pytest.mark.parametrize(
    "change", [{"phi": 1.5}, {"epsilon": -1.0}, {"nodes": 1}, {"epsilon": 5.0, "phi": 1.0}]
)
def test_impossible_models_are_refused(change: dict[str, float]) -> None:
    base = {"nodes": 100, "features": 10, "degree": 5.0, "phi": 0.5, "epsilon": 3.25}
    with pytest.raises(UserError, match="csbm: expected"):
        Parameters(**(base | change))  # type: ignore[arg-type]


def test_large_graph_is_fast_in_memory() -> None:
    """A million possible edges per node pair block would not fit as a matrix: 50 000 nodes."""
    p = Parameters(nodes=50_000, features=1, degree=5.0, phi=0.5, epsilon=3.25)
    edge_index = generate(p, 0)["edge_index"]
    assert abs(edge_index.shape[1] / 2 - 125_000) < 5 * math.sqrt(125_000)


def test_reader_describes_the_model() -> None:
    read = csbm.data_set(None, 50, 10, 5.0, -0.5, 3.25, 0)
    assert read.meta["phi"] == -0.5 and read.meta["detectable"] is True
    assert read.arrays["x"].shape == (50, 10)
