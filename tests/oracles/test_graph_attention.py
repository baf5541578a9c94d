"""Attention against a dense softmax written out by hand, and against the library."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from triptych.graphs.attention import attend, ends, softmax, structure, weights
from triptych.graphs.models import gat as gat_model
from triptych.graphs.operators import gat
from triptych.metrics.attention import relative_entropy

NODES, HEADS, UNITS = 6, 3, 2  # the hub of the operators' tests: node 5 is isolated
DOUBLE = torch.float64
# Sums of at most 5 terms of order 1, and a softmax: a few tens of roundings.
CLOSE = {"rtol": 0, "atol": 1e-14}


def both_ways(pairs: list[tuple[int, int]]) -> Tensor:
    edges = torch.tensor(pairs, dtype=torch.int64).reshape(-1, 2).T
    return torch.cat([edges, edges.flip(0)], dim=1)


HUB = both_ways([(0, 1), (0, 2), (0, 3), (0, 4), (1, 2)])


def layer(average: bool = False, **more: Any) -> gat.Layer:
    made = gat.Layer(4, UNITS, HEADS, average, **more).to(DOUBLE)
    made.reset_parameters(torch.Generator().manual_seed(3))
    return made


def features(nodes: int = NODES) -> Tensor:
    return torch.randn(nodes, 4, generator=torch.Generator().manual_seed(0), dtype=DOUBLE)


def dense_alpha(made: gat.Layer, x: Tensor, head: int) -> np.ndarray:
    """Softmax over rows of the masked score matrix, in numpy."""
    w = made.weight.detach().numpy()[:, head * UNITS : (head + 1) * UNITS]
    h = x.numpy() @ w
    a, b = made.to_source.detach().numpy()[head], made.to_target.detach().numpy()[head]
    scores = (h @ a)[None, :] + (h @ b)[:, None]
    scores = np.where(scores > 0, scores, 0.2 * scores)
    mask = np.eye(len(x), dtype=bool)
    mask[HUB[1], HUB[0]] = True
    powers = np.where(mask, np.exp(scores), 0.0)
    return powers / powers.sum(1, keepdims=True)


@pytest.mark.parametrize("average", [False, True])
def test_heads_are_dense_softmax_averages(average: bool) -> None:
    made, x = layer(average), features()
    assert not made.bias.any()  # at first
    torch.nn.init.normal_(made.bias, generator=torch.Generator().manual_seed(4))
    heads = []
    for k in range(HEADS):
        w = made.weight.detach().numpy()[:, k * UNITS : (k + 1) * UNITS]
        heads.append(dense_alpha(made, x, k) @ x.numpy() @ w)
    joined = np.mean(heads, axis=0) if average else np.concatenate(heads, axis=1)
    expected = joined + made.bias.detach().numpy()
    with torch.no_grad():
        found = made(x, made.prepare(HUB, NODES, DOUBLE))
        np.testing.assert_allclose(found.numpy(), expected, **CLOSE)
        torch.testing.assert_close(made.node_wise(x, HUB), found, **CLOSE)
        torch.testing.assert_close(made.library(x, HUB), found, **CLOSE)


def test_weights_of_each_target_sum_to_one_self_included() -> None:
    made, x = layer(), features()
    graph = made.prepare(HUB, NODES, DOUBLE)
    alpha = made.attention(x, graph)
    source, target = ends(graph)  # type: ignore[arg-type]
    assert alpha.shape == (len(HUB[0]) + NODES, HEADS)
    sums = torch.zeros(NODES, HEADS, dtype=DOUBLE).index_add(0, target, alpha)
    torch.testing.assert_close(sums, torch.ones_like(sums), **CLOSE)
    for k in range(HEADS):
        dense = dense_alpha(made, x, k)
        np.testing.assert_allclose(alpha[:, k], dense[target, source], **CLOSE)
    assert alpha[target == 5].tolist() == [[1.0] * HEADS]  # alone: all the weight is its own


def test_dropout_acts_on_the_weights_after_the_softmax() -> None:
    made = layer(rate=0.5)
    made.to_source.data.zero_()
    made.to_target.data.zero_()  # even weights 1 / n
    made.weight.data = torch.ones(4, HEADS * UNITS, dtype=DOUBLE)
    graph, one = made.prepare(HUB, NODES, DOUBLE), torch.full((NODES, 4), 0.25, dtype=DOUBLE)
    rng = torch.Generator().manual_seed(1)
    with torch.no_grad():
        drawn = torch.stack([made(one, graph, rng) for _ in range(4000)])
        still = made(one, graph)
    # Every message is 1, so that an output is the sum of a node's weights.
    torch.testing.assert_close(still, torch.ones_like(still), **CLOSE)
    assert set(drawn[:, 5].unique().tolist()) == {0.0, 2.0}  # one neighbour: kept twice, or lost
    assert len(drawn[:, 0].unique()) == 6  # five weights of 2/5: no longer a sum of 1
    # Largest variance 1 (one neighbour); six deviations of a mean of 4000.
    assert float((drawn.mean(0) - 1).abs().max()) < 6 / math.sqrt(4000)


def test_dropout_of_messages_leaves_scores_alone() -> None:
    made, x = layer(message_rate=0.5), features()
    graph = made.prepare(HUB, NODES, DOUBLE)
    rng = torch.Generator().manual_seed(1)
    with torch.no_grad():
        h = (x @ made.weight)[5]
        drawn = torch.stack([made(x, graph, rng)[5] for _ in range(50)])
        assert set((drawn / h).round(decimals=9).unique().tolist()) == {0.0, 2.0}
        torch.testing.assert_close(made(x, graph), layer()(x, graph), **CLOSE)


@pytest.mark.parametrize("units", [UNITS, 8])  # narrow and wide heads are multiplied apart
def test_gradient_of_every_factor(units: int) -> None:
    graph = structure(HUB[:, [0, 1, 2, 6, 7, 9]].numpy(), NODES, DOUBLE)
    edges = graph[0].values.numel()
    rng = torch.Generator().manual_seed(5)

    def draw(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=rng, dtype=DOUBLE).requires_grad_()

    keep = (torch.rand(edges, HEADS, generator=rng) > 0.4).to(DOUBLE) / 0.6
    free = draw(NODES, HEADS), draw(NODES, HEADS), draw(NODES, HEADS, units)
    assert torch.autograd.gradcheck(lambda s, t, h: attend(graph, s, t, h, keep), free)
    assert torch.autograd.gradcheck(lambda s, t, h: attend(graph, s, t, h), free)


@pytest.mark.parametrize("spread", [1.0, 39.9, 40.1, 1000.0])  # scores from -spread to spread
def test_shares_are_right_however_far_apart_scores_lie(spread: float) -> None:
    graph = structure(HUB.numpy(), NODES, torch.float32)
    _, target = ends(graph)
    rng = torch.Generator().manual_seed(2)
    scores = (2 * torch.rand(len(target), HEADS, generator=rng) - 1) * spread
    scores[0], scores[-1] = -spread, spread
    found = softmax(graph, scores)
    for node in set(target.tolist()):
        own = target == node
        expected = scores[own].double().softmax(0)
        # A score that is rounded by half an ulp of its distance from the largest, at most 2 spread,
        # moves its power by as much, relatively; and a few roundings more.
        slack = (2 * spread + 8) * 2.0**-24
        torch.testing.assert_close(found[own].double(), expected, rtol=2 * slack, atol=1e-37)


def test_large_scores_neither_overflow_nor_vanish() -> None:
    graph = structure(HUB.numpy(), NODES, torch.float32)
    scores = torch.full((len(HUB[0]), 1), -3000.0)
    scores[0] = 2000.0  # far above, at another target or the same
    alpha = softmax(graph, scores)
    assert alpha.isfinite().all()
    _, target = ends(graph)
    others = target != target[0]
    degree = torch.bincount(target, minlength=NODES)[target[others]]
    torch.testing.assert_close(alpha[others, 0], 1 / degree.float())


def test_the_ranking_of_neighbours_is_the_same_for_every_query() -> None:
    """Static attention: the source's part of the score alone decides (Brody et al. 2022)."""
    complete = both_ways([(i, j) for i in range(5) for j in range(i)])
    made, x = layer(), features(5)
    graph = made.prepare(complete, 5, DOUBLE)
    alpha = made.attention(x, graph).reshape(5, 5, HEADS)  # target, source, head
    ranks = alpha.argsort(dim=1)
    assert torch.equal(ranks, ranks[:1].expand_as(ranks))
    assert (alpha - alpha[:1]).abs().max() > 1e-3  # the weights themselves do depend on it


def test_even_weights_are_the_mean_over_the_closed_neighbourhood() -> None:
    made, x = layer(), features()
    graph = made.prepare(HUB, NODES, DOUBLE)
    loops = np.eye(NODES)
    loops[HUB[1], HUB[0]] = 1
    expected = loops / loops.sum(1, keepdims=True) @ (x @ made.weight.detach()).numpy()
    with torch.no_grad():
        np.testing.assert_allclose(made(x, graph, uniform=True).numpy(), expected, **CLOSE)


def test_relative_entropy_by_hand() -> None:
    even = np.full((4, 1), 0.25)
    assert relative_entropy(even, np.zeros(4, dtype=np.int64), 1).tolist() == [[1.0]]
    one = np.array([[1.0], [0.0], [0.75], [0.25], [1.0]])
    target = np.array([0, 0, 1, 1, 2])
    expected = -(0.75 * math.log2(0.75) + 0.25 * math.log2(0.25))
    found = relative_entropy(one, target, 3)
    np.testing.assert_allclose(found, [[0.0], [expected]], rtol=0, atol=1e-15)  # node 2: no choice


def test_the_margin_of_the_claim_means_what_it_says() -> None:
    from triptych.claims.graphs.n05_attention import UNEVEN

    spread = np.resize([1.2, 0.8], 10)[:, None] / 10  # ten weights a fifth off their mean
    (found,) = 1 - relative_entropy(spread, np.zeros(10, dtype=np.int64), 1)
    # Second order: var / (2 log n) = 0.04 / 4.605; the third order cancels by symmetry.
    assert float(found[0]) == pytest.approx(0.04 / (2 * math.log(10)), rel=0.02)
    assert float(found[0]) == pytest.approx(UNEVEN, rel=0.2)


def test_attention_finds_a_marked_neighbour() -> None:
    """A positive control: where one neighbour tells and is marked, entropy must fall."""
    rng = np.random.default_rng(0)
    groups, leaves = 60, 6
    nodes = groups * (leaves + 1)
    x, pairs, y = np.zeros((nodes, 4), dtype=np.float32), [], np.zeros(groups, dtype=np.int64)
    for g in range(groups):
        centre = g * (leaves + 1)
        pairs += [(centre, centre + 1 + leaf) for leaf in range(leaves)]
        x[centre + 1 : centre + 1 + leaves, :2] = np.eye(2)[rng.integers(2, size=leaves)]
        marked = centre + 1 + rng.integers(leaves)
        x[marked, 2] = 1.0
        y[g] = int(x[marked, 1])
    centres = torch.arange(groups) * (leaves + 1)
    params = gat_model.GATParams(
        depth=1, output_heads=1, dropout=0.0, attention_dropout=0.0, weight_decay=0.0
    )
    torch.manual_seed(0)
    model = gat_model.Entry(params, {"n_features": 4, "n_classes": 2, "n": nodes})
    edges = both_ways(pairs)
    batch = {
        "x": torch.from_numpy(x), "edge_index": edges, "index": centres, "y": torch.from_numpy(y),
    }  # fmt: skip
    optimiser = torch.optim.Adam(model.parameters(), lr=0.1)
    rng_torch = torch.Generator().manual_seed(0)
    before = model._entropies(batch)[0].mean()
    for _ in range(150):
        optimiser.zero_grad()
        model.loss(batch, rng_torch).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    right = model.respond(batch["x"], edges)[centres].argmax(1) == batch["y"]
    assert float(right.double().mean()) > 0.95
    entropy = model._entropies(batch)[0][::1]
    graph = model.prepared(batch["x"], edges).graph
    (alpha,) = model.attention(batch["x"], edges)
    source, target = ends(graph)  # type: ignore[arg-type]
    marked_weight = alpha[(x[source, 2] == 1.0) & np.isin(target, centres)].mean()
    assert float(marked_weight) > 0.5  # of seven, where even weights give a seventh
    assert entropy.mean() < before - 0.05
    assert weights(graph, alpha[:nodes] * 0, alpha[:nodes] * 0).isfinite().all()  # type: ignore[arg-type]
