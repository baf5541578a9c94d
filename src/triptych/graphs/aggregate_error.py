r"""How far a sampled sum is from the whole one, at a budget.

For the top layer of a trained network, with its true vectors Z from all neighbours, targets T and
draws W: the relative error :math:`\sqrt{E\|W Z - (\hat A Z)_T\|^2 / E\|(\hat A Z)_T\|^2}`. It holds
what a sampler's variance and its bias together cost. Uniform draws on the same Z stand beside it,
so that no sampler is compared on vectors that its own training made easier; and of a sampler that
learns, its state before it learnt.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from triptych.graphs import samplers
from triptych.graphs.sampled import SampledNetwork
from triptych.graphs.sampling import RowGraph, Sampler

UNIFORM = "graphsage"


@dataclass(frozen=True)
class SumError:
    """At one budget.

    Attributes:
        budget: Draws per layer that were asked for.
        own: Relative error of the network's sampler.
        own_nodes: Nodes that it read, mean over draws.
        uniform: Relative error of uniform draws on the same vectors.
        uniform_nodes: Nodes that those read.
        start: Relative error of the sampler as it was made; nan if it does not learn.
    """

    budget: int
    own: float
    own_nodes: float
    uniform: float
    uniform_nodes: float
    start: float


@torch.no_grad()
def errors(
    network: SampledNetwork,
    graph: RowGraph,
    index: Tensor,
    budgets: list[int],
    draws: int,
    rng: torch.Generator,
) -> list[SumError]:
    """Errors of the top layer's sums.

    Args:
        network: A trained network.
        graph: Its graph.
        index: int64, nodes that batches of targets are drawn from.
        budgets: Draws per layer.
        draws: Batches, each sampled once.
        rng: Source of batches and samples.
    """
    top = len(network.layers) - 1
    z = network.whole(graph)[top]
    size = min(network.params.batch_size, len(index))
    batches = [
        index[torch.randperm(len(index), generator=rng, device=index.device)[:size]]
        for _ in range(draws)
    ]
    truth = [graph.operator.take(targets) @ z for targets in batches]
    own = network.sampler
    uniform = samplers.find(UNIFORM)(own.settings)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        start = type(own)(own.settings).to(index.device)
    found = []
    for budget in budgets:
        wanted = (own, uniform, start) if own.learns else (own, uniform)
        pairs = [_error(sampler, graph, z, batches, truth, budget, rng, top) for sampler in wanted]
        first = pairs[2][0] if own.learns else math.nan
        found.append(SumError(budget, *pairs[0], *pairs[1], first))
    return found


def _error(
    sampler: Sampler,
    graph: RowGraph,
    z: Tensor,
    batches: list[Tensor],
    truth: list[Tensor],
    budget: int,
    rng: torch.Generator,
    layer: int,
) -> tuple[float, float]:
    """Relative error and mean number of nodes."""
    squares, whole, nodes = 0.0, 0.0, 0
    for targets, exact in zip(batches, truth, strict=True):
        sample = sampler.sample(graph, targets, budget, rng, layer)
        squares += float((sample.weights @ z[sample.nodes] - exact).square().sum())
        whole += float(exact.square().sum())
        nodes += len(sample.nodes)
    return math.sqrt(squares / whole) if whole else math.nan, nodes / max(len(batches), 1)
