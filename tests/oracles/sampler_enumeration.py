"""Every sample that a sampler can draw on the six-node hub graph, with its probability."""

import itertools
import math
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor

from triptych.graphs import samplers
from triptych.graphs.operators import mean, symmetric
from triptych.graphs.rows import Rows
from triptych.graphs.sampling import LayerWise, RowGraph, Sample, Sampler, SamplerSettings

NODES = 6  # a hub 0 with leaves 1..4, one more edge 1-2, and the isolated node 5
PAIRS = ((0, 1), (0, 2), (0, 3), (0, 4), (1, 2))
DOUBLE = torch.float64
OPERATORS = {"mean": mean.Layer, "symmetric": symmetric.Layer}
# Sums over at most 1000 outcomes of weights below 100, each with a rounding error of 1e-16 of it.
CLOSE = 1e-12


def edges() -> Tensor:
    pairs = torch.tensor(PAIRS).T
    return torch.cat([pairs, pairs.flip(0)], dim=1)


def hub(operator: str = "mean", order: Tensor | None = None) -> RowGraph:
    """The fixture with features; ``order`` renumbers it (new node k is the old node order[k])."""
    x = torch.randn(NODES, 4, generator=torch.Generator().manual_seed(2), dtype=DOUBLE)
    index = edges()
    if order is not None:
        x, index = x[order], order.argsort()[index]
    (matrix,) = OPERATORS[operator].prepare(index, NODES, DOUBLE)
    return RowGraph(Rows.of(matrix), x)


def dense(graph: RowGraph) -> Tensor:
    return graph.operator.take(torch.arange(NODES)).dense()


def made(name: str, seed: int = 0) -> Sampler:
    """A sampler with state unlike its start: learnt ones have learnt something arbitrary."""
    torch.manual_seed(seed)
    sampler = samplers.find(name)(
        SamplerSettings(features=4, entries=2 * len(PAIRS) + NODES, exploration=0.2)
    ).to(DOUBLE)
    rng = torch.Generator().manual_seed(seed)
    for tensor in (*sampler.parameters(), *sampler.buffers()):
        tensor.data.normal_(generator=rng)
    if name == "pass_gnn":
        sampler.importance.data *= 0.1  # type: ignore[operator]  # no score is negative
    return sampler


def outcomes(
    sampler: Any, graph: RowGraph, targets: Tensor, draws: int
) -> Iterator[tuple[float, Sample]]:
    """Every sample with its probability; ``draws`` per target, or per layer."""
    if isinstance(sampler, LayerWise):
        q = sampler.probabilities(graph, targets, 0)
        support = q.nonzero().squeeze(1).tolist()
        for drawn in itertools.product(support, repeat=draws):
            chosen = torch.tensor(drawn)
            yield float(q.detach()[chosen].prod()), sampler.weigh(graph, targets, q, chosen)
        return
    row, place = graph.operator.places(targets)
    rows = [(row == i).nonzero().squeeze(1).tolist() for i in range(len(targets))]
    if sampler.__module__.endswith("full"):
        yield 1.0, sampler.sample(graph, targets, draws, torch.Generator(), 0)
    elif sampler.__module__.endswith("graphsage"):
        subsets = [list(itertools.combinations(r, min(draws, len(r)))) for r in rows]
        degree = torch.tensor([len(r) for r in rows])
        probability = 1 / math.prod(len(each) for each in subsets)
        for choice in itertools.product(*subsets):
            taken = torch.tensor(sorted(itertools.chain(*choice)))
            yield probability, sampler.subset(graph, targets, place[taken], row[taken], degree)
    else:
        _, _, q = sampler.probabilities(graph, targets, 0)
        for choice in itertools.product(*(itertools.product(r, repeat=draws) for r in rows)):
            drawn = torch.tensor(list(itertools.chain(*choice)))
            if sampler.__module__.endswith("gcn_bs"):
                sample = sampler.played(graph, targets, row, place, q, drawn, draws)
            else:
                sample = sampler.averaged(graph, targets, row[drawn], place[drawn], q[drawn], draws)
            yield float(q.detach()[drawn].prod()), sample


def spread(sample: Sample) -> Tensor:
    """The weights over all nodes: [targets, N]."""
    out = torch.zeros(sample.weights.shape[0], NODES, dtype=DOUBLE)
    out[:, sample.nodes] = sample.weights.dense()
    return out


def moments(sampler: Any, graph: RowGraph, targets: Tensor, draws: int) -> tuple[Tensor, float]:
    """E[weights] [B, N], and E‖W X − E[W] X‖² summed over targets and features."""
    found = [(p, spread(sample)) for p, sample in outcomes(sampler, graph, targets, draws)]
    assert sum(p for p, _ in found) == pytest.approx(1, abs=CLOSE)
    expected = sum((p * w for p, w in found), torch.zeros(len(targets), NODES, dtype=DOUBLE))
    x = graph.features
    variance = sum(p * float(((w - expected) @ x).square().sum()) for p, w in found)
    return expected, variance


def least_variance(graph: RowGraph, targets: Tensor, draws: int) -> float:
    """Cauchy–Schwarz: over all q of m independent shared draws."""
    truth = dense(graph)[targets]
    sizes = truth.norm(dim=0) * graph.features.norm(dim=1)
    return float((sizes.sum() ** 2 - (truth @ graph.features).square().sum()) / draws)


def shared_variance(graph: RowGraph, targets: Tensor, q: Tensor, draws: int) -> float:
    truth = dense(graph)[targets]
    squares = truth.square().sum(0) * graph.features.square().sum(1)
    used = squares > 0
    total = (squares[used] / q[used]).sum() - (truth @ graph.features).square().sum()
    return float(total / draws)
