"""Generated graphs: their statistics against other libraries, the bound against its pieces."""

import itertools
import math

import networkx as nx
import numpy as np
import pytest
import torch
from scipy.stats import wasserstein_distance

from triptych.data.made_graphs import communities
from triptych.graphs.dense import adjacencies, normalised, padded
from triptych.graphs.generated import (
    Statistics,
    clustering,
    compare,
    discrepancy,
    median_distance,
    random_graphs,
)
from triptych.graphs.models import graph_vae
from triptych.graphs.operators import symmetric

SET = communities(None, 40, 6, 12, [0.9, 0.5], 0.1, seed=0)


def model(**values: object) -> graph_vae.Entry:
    torch.manual_seed(0)
    params = graph_vae.Entry.Params(**{"hidden": 6, "code": 3, "components": 2, **values})
    return graph_vae.Entry(params, {"n_features": 2}).eval()


def random(sizes: list[int], density: float, seed: int = 0) -> list[np.ndarray]:  # type: ignore[type-arg]
    return [
        nx.to_numpy_array(nx.gnp_random_graph(n, density, seed=seed + k))
        for k, n in enumerate(sizes)
    ]


def test_clustering_is_networkxs() -> None:
    for adjacency in random([1, 2, 9, 14], 0.4):
        expected = nx.clustering(nx.from_numpy_array(adjacency))
        np.testing.assert_allclose(
            clustering(adjacency), list(expected.values()), rtol=0, atol=1e-15
        )


def test_distances_are_those_of_the_distributions() -> None:
    """Degrees exactly; clustering to within a bin of 1/100 at either end."""
    graphs = random([5, 9, 12, 12], 0.4)
    held = Statistics.of(graphs).cumulative()
    for (i, one), (j, two) in itertools.combinations(enumerate(graphs), 2):
        found = np.abs(held["degree"][i] - held["degree"][j]).sum()
        assert found == pytest.approx(wasserstein_distance(one.sum(1), two.sum(1)), abs=1e-12)
        found = np.abs(held["clustering"][i] - held["clustering"][j]).sum()
        expected = wasserstein_distance(clustering(one), clustering(two))
        assert abs(found - expected) <= 0.01


def test_discrepancy_is_its_definition() -> None:
    first, second = np.array([[0.0], [1.0]]), np.array([[0.0], [3.0]])
    k = [math.exp(-(d**2) / (2 * 4)) for d in range(4)]
    squared = (2 + 2 * k[1]) / 4 + (2 + 2 * k[3]) / 4 - 2 * (k[0] + k[3] + k[1] + k[2]) / 4
    assert discrepancy(first, second, 2.0) == pytest.approx(math.sqrt(squared), abs=1e-15)
    assert discrepancy(first, first, 2.0) == 0
    assert median_distance(np.array([[0.0], [1.0], [5.0]])) == 4


def test_other_graphs_are_further_away_than_more_of_the_same() -> None:
    sizes = [10] * 30
    target, same, other = random(sizes, 0.3, 0), random(sizes, 0.3, 100), random(sizes, 0.6, 200)
    held = [Statistics.of(graphs) for graphs in (target, same, other)]
    near, far = (compare(each, held[0], held[0]) for each in held[1:])
    assert all(far[name] > 2 * near[name] for name in ("degree", "clustering"))


def test_random_graphs_have_the_density_of_the_known_ones() -> None:
    known, sizes = random([10] * 20, 0.3), np.array([8, 20] * 100)
    share = sum(a.sum() for a in known) / (20 * 90)
    drawn = random_graphs(known, sizes, np.random.default_rng(0))
    assert [len(a) for a in drawn] == sizes.tolist()
    assert all((a == a.T).all() and not np.diag(a).any() for a in drawn)
    pairs = sum(n * (n - 1) / 2 for n in sizes)
    joined = sum(a.sum() / 2 for a in drawn)
    assert abs(joined - share * pairs) < 6 * math.sqrt(share * (1 - share) * pairs)


def test_padded_matrices_hold_the_graphs() -> None:
    found, held = adjacencies(SET.arrays), padded(SET.arrays)
    owner = SET.arrays["graph"]
    for number, adjacency in enumerate(found):
        n = len(adjacency)
        assert n == (owner == number).sum()
        assert torch.equal(held["adjacency"][number, :n, :n].double(), torch.from_numpy(adjacency))
        assert not held["adjacency"][number, n:].any() and not held["x"][number, n:].any()
        assert held["mask"][number].tolist() == [1] * n + [0] * (held["mask"].shape[1] - n)
        np.testing.assert_array_equal(held["x"][number, :n], SET.arrays["x"][owner == number])
    total = sum(adjacency.sum() for adjacency in found)
    assert total == SET.arrays["edge_index"].shape[1]


def test_the_dense_step_is_the_sparse_operator() -> None:
    adjacency = torch.from_numpy(random([7], 0.5)[0])
    wider = torch.zeros(1, 9, 9, dtype=torch.float64)
    wider[0, :7, :7] = adjacency
    mask = torch.tensor([[1.0] * 7 + [0.0] * 2], dtype=torch.float64)
    (sparse,) = symmetric.Layer.prepare(adjacency.nonzero().T, 7, torch.float64)
    found = normalised(wider, mask)
    torch.testing.assert_close(found[0, :7, :7], sparse.matrix.to_dense(), rtol=0, atol=1e-15)
    assert not found[0, 7:].any() and not found[0, :, 7:].any()


def test_padding_changes_no_bound() -> None:
    held = padded(SET.arrays)
    alone = {name: tensor[:1, : int(held["mask"][0].sum())] for name, tensor in held.items()}
    alone["adjacency"] = alone["adjacency"][:, :, : alone["mask"].shape[1]]
    made = model()
    with torch.no_grad():
        mean, log_sigma = made.encode(held["x"], held["adjacency"], held["mask"])
        own_mean, own_sigma = made.encode(alone["x"], alone["adjacency"], alone["mask"])
    n = alone["mask"].shape[1]
    torch.testing.assert_close(mean[:1, :n], own_mean, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(log_sigma[:1, :n], own_sigma, rtol=1e-5, atol=1e-6)


def test_the_prior_is_a_mixture_of_gaussians() -> None:
    from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal

    made = model().double()
    torch.nn.init.normal_(made.spreads, generator=torch.Generator().manual_seed(1))
    torch.nn.init.normal_(made.weights, generator=torch.Generator().manual_seed(2))
    parts = Independent(Normal(made.centres, made.spreads.exp()), 1)
    library = MixtureSameFamily(Categorical(logits=made.weights), parts)
    z = torch.randn(50, 3, dtype=torch.float64)
    torch.testing.assert_close(made.log_prior(z), library.log_prob(z), rtol=0, atol=1e-12)


@torch.no_grad()
def test_the_bound_lies_below_the_evidence_by_the_divergence() -> None:
    """Graphs of two nodes: log p(A) by a sum over a grid of the two codes; the mean bound below."""
    made = model(code=1).double()
    x = torch.ones(1, 2, 2, dtype=torch.float64)
    joined = torch.tensor([[[0.0, 1.0], [1.0, 0.0]]], dtype=torch.float64)
    batch = {"x": x, "adjacency": joined, "mask": torch.ones(1, 2, dtype=torch.float64)}
    grid = torch.linspace(-12, 12, 1201, dtype=torch.float64)
    codes = torch.cartesian_prod(grid, grid)[..., None]  # [g², 2, 1]
    log_joint = made.log_prior(codes).sum(1)
    log_joint += torch.nn.functional.logsigmoid(made.logits(codes)[:, 0, 1])
    evidence = float(log_joint.logsumexp(0)) + 2 * math.log(24 / 1200)
    rng = torch.Generator().manual_seed(0)
    many = {name: tensor.repeat(20_000, 1, 1)[..., : tensor.shape[-1]] for name, tensor in
            batch.items() if name != "mask"}  # fmt: skip
    many["mask"] = batch["mask"].repeat(20_000, 1)
    surprise, own = made._bound(many, rng)
    bound = -(surprise + own)
    error = float(bound.std()) / math.sqrt(len(bound))
    assert float(bound.mean()) < evidence + 6 * error
    # The same draws, weighted by importance, give the evidence itself.
    weighted = float(bound.logsumexp(0)) - math.log(len(bound))
    spread = float((bound - weighted).exp().std()) / math.sqrt(len(bound))
    assert abs(weighted - evidence) < 6 * spread


def test_signs_of_eigenvectors_and_numbers_of_nodes_mean_nothing() -> None:
    made = model()
    logits = made.logits(torch.randn(2, 5, 3))
    assert torch.equal(logits, logits.transpose(1, 2))
    order = torch.tensor([3, 1, 0, 4, 2])
    z = torch.randn(5, 3)
    torch.testing.assert_close(made.logits(z[order]), made.logits(z)[order][:, order])


def test_samples_are_simple_graphs_of_the_sizes_asked_for() -> None:
    drawn = model().sample(np.array([4, 9, 1]), torch.Generator().manual_seed(0))
    assert [len(a) for a in drawn] == [4, 9, 1]
    assert all((a == a.T).all() and not np.diag(a).any() and set(np.unique(a)) <= {0, 1}
               for a in drawn)  # fmt: skip


def test_the_divergence_counts_in_full_after_the_warm_up() -> None:
    made, batch = model(warmup=3).train(), padded(SET.arrays)
    values = [made.loss(batch, torch.Generator().manual_seed(0)).item() for _ in range(4)]
    full = made.validation_loss(batch, torch.Generator().manual_seed(0)).item()
    assert values[2] == values[3] == full
    steps = np.diff(values[:3])  # linear: a third of the divergence each time
    assert steps[0] == pytest.approx(steps[1], rel=1e-4)
    assert made.validation_loss(batch, torch.Generator().manual_seed(0)).item() == full
