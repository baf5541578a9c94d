"""Samplers by exact enumeration of every sample they can draw, on the six-node hub graph.

Expectations and variances are sums over all outcomes, so "unbiased" means equal up to rounding, and
a bias is a number. Everything is in double precision.
"""

import itertools
import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import torch
from sampler_enumeration import (
    CLOSE,
    DOUBLE,
    NODES,
    OPERATORS,
    PAIRS,
    dense,
    edges,
    hub,
    least_variance,
    made,
    moments,
    outcomes,
    shared_variance,
    spread,
)
from torch import Tensor

from triptych.errors import UserError
from triptych.graphs import samplers
from triptych.graphs.operators import mean
from triptych.graphs.rows import Entries, Rows
from triptych.graphs.sampling import LayerWise, NodeWise, RowGraph, draw_per_row, fanout

BATCHES = ([1, 3, 5], [0], [0, 3])
UNBIASED = ("full", "graphsage", "fastgcn", "as_gcn", "gcn_bs")


def relative_bias(sampler: Any, graph: RowGraph, targets: Tensor, draws: int) -> float:
    expected, _ = moments(sampler, graph, targets, draws)
    truth = dense(graph)[targets]
    return float((expected - truth).norm() / truth.norm())


@pytest.mark.parametrize("draws", [1, 2, 3])
@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("operator", OPERATORS)
@pytest.mark.parametrize("name", UNBIASED)
def test_expected_weights_are_the_rows_of_the_operator(
    name: str, operator: str, batch: list[int], draws: int
) -> None:
    graph, targets = hub(operator), torch.tensor(batch)
    expected, _ = moments(made(name), graph, targets, draws)
    torch.testing.assert_close(expected, dense(graph)[targets], rtol=0, atol=CLOSE)


def test_every_sampler_says_whether_it_is_biased() -> None:
    kinds = {name: samplers.find(name) for name in samplers.names()}
    assert sorted(n for n, kind in kinds.items() if kind.unbiased) == sorted(UNBIASED)
    assert sorted(set(kinds) - set(UNBIASED)) == ["ladies", "pass_gnn"]


def test_the_whole_neighbourhood_is_the_operator_itself() -> None:
    graph, targets = hub("symmetric"), torch.tensor([3, 0, 5])
    ((_, sample),) = outcomes(made("full"), graph, targets, 1)
    assert torch.equal(spread(sample), dense(graph)[targets])
    assert sample.nodes.tolist() == [0, 1, 2, 3, 4, 5]


def test_graphsage_takes_each_neighbour_once_and_no_more_than_asked() -> None:
    graph, targets = hub(), torch.tensor([0, 1, 5])
    for draws in (1, 2, 3, 9):
        for _, sample in outcomes(made("graphsage"), graph, targets, draws):
            taken = torch.bincount(sample.weights.row, minlength=3)
            assert taken.tolist() == [min(draws, 5), min(draws, 3), 1]
            # The mean over those taken: equal weights that sum to 1.
            torch.testing.assert_close(
                sample.weights.value, (1.0 / taken.double())[sample.weights.row]
            )


# -- the biased ones: their bias is a number ---------------------------------------------------


def ladies_by_hand(batch: list[int], draws: int) -> list[list[Fraction]]:
    """E[weights] of LADIES on the mean operator, in rational arithmetic and plain loops."""
    near = {i: {i} for i in range(NODES)}
    for i, j in PAIRS:
        near[i].add(j)
        near[j].add(i)
    a = [[Fraction(int(u in near[v]), len(near[v])) for u in range(NODES)] for v in batch]
    squares = [sum(row[u] ** 2 for row in a) for u in range(NODES)]
    q = [s / sum(squares) for s in squares]
    expected = [[Fraction(0)] * NODES for _ in batch]
    support = [u for u in range(NODES) if q[u]]
    for drawn in itertools.product(support, repeat=draws):
        probability = math.prod((q[u] for u in drawn), start=Fraction(1))
        for i, row in enumerate(a):
            raw = {u: drawn.count(u) * row[u] / q[u] for u in set(drawn) if row[u]}
            for u, weight in raw.items():
                expected[i][u] += probability * weight / sum(raw.values())
    return expected


@pytest.mark.parametrize("draws", [1, 2, 3])
def test_ladies_expectation_is_that_of_exact_arithmetic(draws: int) -> None:
    for batch in BATCHES:
        expected, _ = moments(made("ladies"), hub(), torch.tensor(batch), draws)
        rows = [[float(f) for f in row] for row in ladies_by_hand(batch, draws)]
        torch.testing.assert_close(expected, torch.tensor(rows, dtype=DOUBLE), rtol=0, atol=CLOSE)


def test_ladies_bias_with_one_draw_by_hand() -> None:
    # Column sums of squares over the rows of 1, 3 and 5: 13, 4, 4, 9, 0, 36 in units of 1/36, so
    # q = (13, 4, 4, 9, 0, 36) / 66. The one node drawn gets the whole row, of those it is near.
    q = [Fraction(n, 66) for n in (13, 4, 4, 9, 0, 36)]
    near = {1: (0, 1, 2), 3: (0, 3), 5: (5,)}
    expected = [[q[u] if u in near[v] else Fraction(0) for u in range(NODES)] for v in (1, 3, 5)]
    assert ladies_by_hand([1, 3, 5], 1) == expected
    errors = [
        (value - (Fraction(1, len(near[v])) if u in near[v] else 0)) ** 2
        for v, row in zip((1, 3, 5), expected, strict=True)
        for u, value in enumerate(row)
    ]
    truth = Fraction(1, 3) + Fraction(1, 2) + 1  # ‖Â‖² of the three rows
    assert sum(errors) / truth == Fraction(2605, 7986)
    found = relative_bias(made("ladies"), hub(), torch.tensor([1, 3, 5]), 1)
    assert found == pytest.approx(math.sqrt(2605 / 7986), abs=CLOSE)  # 0.571


def test_ladies_bias_shrinks_and_its_rows_keep_their_sum() -> None:
    for operator in OPERATORS:
        graph, targets = hub(operator), torch.tensor([1, 3, 5])
        sampler = made("ladies")
        biases = [relative_bias(sampler, graph, targets, m) for m in (1, 2, 3, 4)]
        assert biases == sorted(biases, reverse=True)
        assert biases[-1] > 0.05
        whole = dense(graph)[targets].sum(1)
        for _, sample in outcomes(sampler, graph, targets, 2):
            sums = spread(sample).sum(1)
            empty = sums == 0
            torch.testing.assert_close(sums[~empty], whole[~empty], rtol=0, atol=CLOSE)


def test_ladies_without_its_last_step_is_unbiased() -> None:
    graph, targets = hub(), torch.tensor([1, 3, 5])
    sampler: Any = made("ladies")
    q = sampler.probabilities(graph, targets, 0)
    total = torch.zeros(3, NODES, dtype=DOUBLE)
    for drawn in itertools.product(q.nonzero().squeeze(1).tolist(), repeat=2):
        index = torch.tensor(drawn)
        total += float(q[index].prod()) * spread(LayerWise.weigh(sampler, graph, targets, q, index))
    torch.testing.assert_close(total, dense(graph)[targets], rtol=0, atol=CLOSE)


@pytest.mark.parametrize("draws", [1, 2])
@pytest.mark.parametrize("operator", OPERATORS)
def test_pass_estimates_its_policy_and_is_off_the_operator_by_the_difference(
    operator: str, draws: int
) -> None:
    graph, targets, sampler = hub(operator), torch.tensor([0, 3]), made("pass_gnn")
    expected, _ = moments(sampler, graph, targets, draws)
    policy = sampler.full(graph, 0).take(targets).dense()
    torch.testing.assert_close(expected, policy, rtol=0, atol=CLOSE)
    x, a = graph.features, sampler.mixture.softmax(0)
    by_hand = torch.zeros(2, NODES, dtype=DOUBLE)
    for i, v in enumerate(targets.tolist()):
        near = dense(graph)[v].nonzero().squeeze(1)
        score = a[0] * (x[near] @ sampler.importance) @ (x[v] @ sampler.importance)
        score = (score + a[1] / len(near)).relu() + 1e-9
        by_hand[i, near] = (score / score.sum()).detach()
    torch.testing.assert_close(policy, by_hand, rtol=0, atol=CLOSE)


def test_a_policy_without_importance_is_the_plain_mean() -> None:
    sampler: Any = made("pass_gnn")
    sampler.importance.data.zero_()
    graph, targets = hub("symmetric"), torch.tensor([0, 1, 3])
    expected, _ = moments(sampler, graph, targets, 1)
    plain = dense(hub("mean"))[targets]
    torch.testing.assert_close(expected, plain, rtol=0, atol=CLOSE)
    # Its bias against the symmetric operator is then the difference of the two operators.
    truth = dense(graph)[targets]
    bias = relative_bias(sampler, graph, targets, 1)
    assert bias == pytest.approx(float((plain - truth).norm() / truth.norm()), abs=CLOSE)
    assert bias > 0.1


# -- trap 18: FastGCN --------------------------------------------------------------------------


def expectation(graph: RowGraph, targets: Tensor, drawn_by: Tensor, weighed_by: Tensor) -> Tensor:
    """E[weights] if two draws are made by one distribution and weighed by another."""
    sampler: Any = made("fastgcn")
    total = torch.zeros(len(targets), NODES, dtype=DOUBLE)
    for drawn in itertools.product(drawn_by.nonzero().squeeze(1).tolist(), repeat=2):
        index = torch.tensor(drawn)
        sample = sampler.weigh(graph, targets, weighed_by, index)
        total += float(drawn_by[index].prod()) * spread(sample)
    return total


def test_trap_18_fastgcn_divides_by_the_probability_it_drew_with() -> None:
    graph, targets = hub("symmetric"), torch.tensor([1, 5])
    q = made("fastgcn").probabilities(graph, targets, 0)  # type: ignore[operator]
    truth = dense(graph)[targets]
    torch.testing.assert_close(expectation(graph, targets, q, q), truth, rtol=0, atol=CLOSE)
    # Drawn by one distribution, weighed by another: every column is off by their ratio.
    uniform = torch.full_like(q, 1 / NODES)
    wrong = expectation(graph, targets, uniform, q)
    torch.testing.assert_close(wrong, truth * (uniform / q), rtol=0, atol=CLOSE)
    assert (wrong - truth).abs().max() > 0.1
    # Drawn on the batch's own neighbours, weighed as if drawn from all: everything is too large by
    # one over the mass of those neighbours.
    near = (truth != 0).any(0)
    local = torch.where(near, q, 0.0) / q[near].sum()
    scaled = expectation(graph, targets, local, q)
    torch.testing.assert_close(scaled, truth / q[near].sum(), rtol=0, atol=CLOSE)
    assert float(1 / q[near].sum()) > 1.2


def test_trap_18_fastgcn_uses_the_squared_column_norm() -> None:
    graph = hub("symmetric")
    q = made("fastgcn").probabilities(graph, torch.tensor([1]), 0)  # type: ignore[operator]
    squares = dense(graph).square().sum(0)
    torch.testing.assert_close(q, squares / squares.sum(), rtol=0, atol=CLOSE)
    other = hub("mean")  # a sampler remembers the last graph, not the first
    squares = dense(other).square().sum(0)
    sampler: Any = made("fastgcn")
    sampler.probabilities(graph, torch.tensor([1]), 0)
    found = sampler.probabilities(other, torch.tensor([1]), 0)
    torch.testing.assert_close(found, squares / squares.sum(), rtol=0, atol=CLOSE)


def test_trap_18_more_draws_than_neighbours_stay_unbiased() -> None:
    graph, targets = hub(), torch.tensor([5])  # one neighbour: itself
    for name in ("fastgcn", "ladies", "as_gcn"):
        sampler = made(name)
        expected, variance = moments(sampler, graph, targets, 3)
        torch.testing.assert_close(expected, dense(graph)[targets], rtol=0, atol=CLOSE)
        assert (variance < CLOSE) == (name != "fastgcn")  # the others draw nothing but node 5


@pytest.mark.parametrize("name", samplers.names())
def test_trap_18_a_target_without_a_draw_gets_zero_and_nothing_is_undefined(name: str) -> None:
    graph, targets = hub(), torch.tensor([1, 3, 5])
    seen = False
    for _, sample in outcomes(made(name), graph, targets, 1):
        sums = spread(sample).sum(1)
        assert sums.isfinite().all()
        seen |= bool((sums == 0).any())
    assert seen == isinstance(made(name), LayerWise)  # node-wise, every target draws


def test_trap_18_draws_without_replacement_are_biased_with_these_weights() -> None:
    graph, targets = hub(), torch.tensor([1, 3, 5])
    sampler: Any = made("fastgcn")
    q = sampler.probabilities(graph, targets, 0)
    total = torch.zeros(3, NODES, dtype=DOUBLE)
    for first, second in itertools.permutations(range(NODES), 2):
        probability = float(q[first] * q[second] / (1 - q[first]))
        sample = sampler.weigh(graph, targets, q, torch.tensor([first, second]))
        total += probability * spread(sample)
    truth = dense(graph)[targets]
    assert float((total - truth).norm() / truth.norm()) > 0.05


# -- trap 19: LADIES ---------------------------------------------------------------------------


def test_trap_19_ladies_draws_neighbours_of_the_layer_and_counts_what_it_uses() -> None:
    graph, targets = hub(), torch.tensor([1, 3])
    near = dense(graph)[targets].sum(0) > 0
    for name in ("ladies", "as_gcn"):
        sampler: Any = made(name)
        q = sampler.probabilities(graph, targets, 0).detach()
        assert torch.equal(q > 0, near)
        for _, sample in outcomes(sampler, graph, targets, 2):
            assert sample.nodes.tolist() == sorted(set(sample.nodes.tolist()))
            assert len(sample.nodes) <= 2 == int(sample.counts.sum())
            assert bool(near[sample.nodes].all())
            assert sample.weights.value.isfinite().all()


# -- trap 20: an unbiased aggregate is not an unbiased network ---------------------------------


def test_trap_20_the_sum_is_unbiased_and_its_nonlinearity_is_not() -> None:
    graph, targets = hub(), torch.tensor([0, 1])
    x = graph.features
    truth = dense(graph)[targets] @ x
    biases = []
    for draws in (1, 2, 3, 4):
        before = torch.zeros_like(truth)
        after = torch.zeros_like(truth)
        for p, sample in outcomes(made("graphsage"), graph, targets, draws):
            sums = spread(sample) @ x
            before += p * sums
            after += p * sums.relu()
        torch.testing.assert_close(before, truth, rtol=0, atol=CLOSE)
        biases.append(float((after - truth.relu()).norm() / truth.relu().norm()))
    assert biases == sorted(biases, reverse=True)
    assert biases[0] > 3 * biases[-1] > 0


# -- trap 21: variance -------------------------------------------------------------------------


@pytest.mark.parametrize("batch", BATCHES)
def test_trap_21_the_variance_formula_is_that_of_the_enumeration(batch: list[int]) -> None:
    graph, targets = hub(), torch.tensor(batch)
    for name in ("fastgcn", "as_gcn"):
        sampler: Any = made(name)
        q = sampler.probabilities(graph, targets, 0).detach()
        for draws in (1, 2):
            _, variance = moments(sampler, graph, targets, draws)
            assert variance == pytest.approx(
                shared_variance(graph, targets, q, draws), abs=CLOSE, rel=CLOSE
            )
            assert variance >= least_variance(graph, targets, draws) - CLOSE


def test_trap_21_the_best_probabilities_reach_the_bound_and_importance_beats_uniform() -> None:
    graph, targets = hub("symmetric"), torch.tensor([1, 3, 5])
    truth = dense(graph)[targets]
    best = truth.norm(dim=0) * graph.features.norm(dim=1)
    best = best / best.sum()
    bound = least_variance(graph, targets, 2)
    assert shared_variance(graph, targets, best, 2) == pytest.approx(bound, rel=CLOSE)
    ones = RowGraph(graph.operator, torch.ones(NODES, 1, dtype=DOUBLE))
    sampler: Any = made("fastgcn")
    uniform = torch.full((NODES,), 1 / NODES, dtype=DOUBLE)
    everyone = torch.arange(NODES)
    by_norm = dense(graph).norm(dim=0)
    by_norm = by_norm / by_norm.sum()
    drawn = shared_variance(ones, everyone, by_norm, 1)
    assert drawn == pytest.approx(least_variance(ones, everyone, 1), rel=CLOSE)
    squared = sampler.probabilities(ones, everyone, 0)
    assert drawn < shared_variance(ones, everyone, squared, 1)
    assert drawn < shared_variance(ones, everyone, uniform, 1)


@pytest.mark.parametrize("name", ["fastgcn", "ladies", "as_gcn"])
def test_trap_21_shared_probabilities_sum_to_one(name: str) -> None:
    sampler: Any = made(name)
    for batch in BATCHES:
        q = sampler.probabilities(hub(), torch.tensor(batch), 0)
        assert float(q.detach().sum()) == pytest.approx(1, abs=CLOSE)


@pytest.mark.parametrize("name", ["gcn_bs", "pass_gnn"])
def test_trap_21_every_neighbour_of_a_node_wise_sampler_can_be_drawn(name: str) -> None:
    sampler: Any = made(name)
    graph = hub()
    row, _, q = (t.detach() for t in sampler.probabilities(graph, torch.tensor([0, 1, 5]), 0))
    sums = torch.zeros(3, dtype=DOUBLE).index_add(0, row, q)
    torch.testing.assert_close(sums, torch.ones(3, dtype=DOUBLE), rtol=0, atol=CLOSE)
    degree = torch.bincount(row)[row]
    smallest = 0.2 / degree if name == "gcn_bs" else torch.full_like(q, 1e-10)
    assert (q >= smallest - CLOSE).all()


# -- trap 8: renumbering, in expectation -------------------------------------------------------


@pytest.mark.parametrize("name", samplers.names())
def test_trap_8_samplers_are_equivariant_in_expectation(name: str) -> None:
    order = torch.tensor([3, 5, 0, 2, 1, 4])
    sampler: Any = made(name)
    targets = torch.tensor([0, 3, 5])
    before, _ = moments(sampler, hub(), targets, 2)
    if name == "gcn_bs":  # its state is a number per entry, and the entries are renumbered too
        plain = dense(hub())
        entry = {pair: n for n, pair in enumerate(map(tuple, plain.nonzero().tolist()))}
        moved = dense(hub(order=order)).nonzero()
        old = [entry[int(order[i]), int(order[j])] for i, j in moved]
        sampler.log_weight.copy_(sampler.log_weight[:, torch.tensor(old)])
    after, _ = moments(sampler, hub(order=order), order.argsort()[targets], 2)
    torch.testing.assert_close(after, before[:, order], rtol=0, atol=CLOSE)


# -- the draws themselves ----------------------------------------------------------------------


def frequencies_agree(counts: Tensor, q: Tensor) -> None:
    """Each count is binomial; six standard deviations, with the seed fixed."""
    n = counts.sum(-1, keepdim=True)
    bound = 6 * (n * q * (1 - q)).sqrt()
    assert ((counts - n * q).abs() <= bound + 1e-9).all()


def test_draws_per_row_follow_their_probabilities() -> None:
    q = torch.tensor([0.1, 0.0, 0.9, 1.0, 0.25, 0.25, 0.5, 0.0], dtype=DOUBLE)
    row = torch.tensor([0, 0, 0, 1, 2, 2, 2, 2])
    drawn = draw_per_row(q, row, 3, 40_000, torch.Generator().manual_seed(0))
    assert torch.equal(row[drawn], torch.arange(3).repeat_interleave(40_000))
    counts = torch.bincount(drawn, minlength=8).double()
    for r in range(3):
        frequencies_agree(counts[row == r], q[row == r])
    assert counts[1] == counts[7] == 0


@pytest.mark.parametrize("name", ["fastgcn", "ladies", "as_gcn"])
def test_layer_wise_samples_are_drawn_from_their_probabilities(name: str) -> None:
    graph, targets, sampler = hub(), torch.tensor([0, 1, 3, 5]), made(name)
    sample = sampler.sample(graph, targets, 60_000, torch.Generator().manual_seed(1), 0)
    q = sampler.probabilities(graph, targets, 0).detach()  # type: ignore[operator]
    counts = torch.zeros(NODES, dtype=DOUBLE)
    counts[sample.nodes] = sample.counts.double()
    assert int(counts.sum()) == 60_000
    frequencies_agree(counts, q)


@pytest.mark.parametrize("name", ["graphsage", "gcn_bs", "pass_gnn"])
def test_node_wise_samples_are_drawn_from_their_probabilities(name: str) -> None:
    copies = 20_000
    graph, sampler = hub(), made(name)
    targets = torch.tensor([0]).repeat(copies)
    sample = sampler.sample(graph, targets, 2 * copies, torch.Generator().manual_seed(1), 0)
    assert len(sample.weights.value) == 2 * copies
    if name == "graphsage":
        pairs = sample.weights.column.view(copies, 2)
        keys = pairs.min(1).values * 5 + pairs.max(1).values
        _, counts = keys.unique(return_counts=True)
        frequencies_agree(counts.double(), torch.full((10,), 0.1, dtype=DOUBLE))
        return
    counts = torch.bincount(sample.weights.column, minlength=5).double()
    _, _, q = sampler.probabilities(graph, torch.tensor([0]), 0)  # type: ignore[operator]
    frequencies_agree(counts, q.detach())


@pytest.mark.parametrize("name", samplers.names())
def test_a_sample_is_a_pure_function_of_the_generator(name: str) -> None:
    graph, targets, sampler = hub(), torch.tensor([0, 1, 3]), made(name)
    before = [t.clone() for t in (*sampler.parameters(), *sampler.buffers())]
    global_state = torch.get_rng_state()
    samples = [
        sampler.sample(graph, targets, 6, torch.Generator().manual_seed(seed), 0)
        for seed in (3, 3, 4)
    ]
    assert torch.equal(spread(samples[0]), spread(samples[1]))
    assert torch.equal(torch.get_rng_state(), global_state)
    for then, now in zip(before, (*sampler.parameters(), *sampler.buffers()), strict=True):
        assert torch.equal(then, now)
    if name not in ("full",):
        assert any(
            not torch.equal(
                spread(samples[0]),
                spread(sampler.sample(graph, targets, 6, torch.Generator().manual_seed(s), 0)),
            )
            for s in range(4, 12)
        )


def test_a_sample_multiplies_like_its_matrix() -> None:
    graph, targets = hub(), torch.tensor([0, 1, 3])
    z = torch.randn(NODES, 2, dtype=DOUBLE, generator=torch.Generator().manual_seed(0))
    for name in samplers.names():
        sample = made(name).sample(graph, targets, 6, torch.Generator().manual_seed(0), 0)
        torch.testing.assert_close(
            sample.weights @ z[sample.nodes], spread(sample) @ z, rtol=0, atol=CLOSE
        )
    twice = Entries((2, 1), torch.tensor([1, 1]), torch.tensor([0, 0]), torch.tensor([2.0, 3.0]))
    assert twice.dense().tolist() == [[0.0], [5.0]]
    assert (twice @ torch.ones(1, 1)).tolist() == [[0.0], [5.0]]


def test_rows_are_those_of_the_matrix() -> None:
    graph = hub("symmetric")
    everything = dense(graph)
    chosen = torch.tensor([4, 0, 5, 0])
    assert torch.equal(graph.operator.take(chosen).dense(), everything[chosen])
    assert torch.equal(graph.operator @ torch.eye(NODES, dtype=DOUBLE), everything)
    assert graph.operator.take(torch.zeros(0, dtype=torch.int64)).dense().shape == (0, NODES)
    wide = RowGraph(graph.operator, Rows.of(mean.Layer.prepare(edges(), NODES, DOUBLE)[0]))
    weight = torch.randn(NODES, 2, dtype=DOUBLE)
    torch.testing.assert_close(
        wide.project(chosen, weight), dense(hub("mean"))[chosen] @ weight, rtol=0, atol=CLOSE
    )


def test_budgets_are_never_exceeded_but_for_one_draw_each() -> None:
    assert [fanout(b, torch.arange(4)) for b in (1, 4, 7, 8, 100)] == [1, 1, 1, 2, 25]
    assert fanout(3, torch.arange(0)) == 3


def test_an_unknown_sampler_gets_the_nearest_name() -> None:
    with pytest.raises(UserError, match="did you mean 'fastgcn'"):
        samplers.find("fast_gcn")


def test_node_and_layer_wise_kinds_are_what_their_classes_say() -> None:
    kinds = {name: samplers.find(name).kind for name in samplers.names()}
    assert {name for name, kind in kinds.items() if kind == LayerWise.kind} == {
        "fastgcn", "ladies", "as_gcn",
    }  # fmt: skip
    assert all(issubclass(samplers.find(n), (NodeWise, LayerWise)) for n in kinds)
    assert np.unique(list(kinds.values())).size == 2
