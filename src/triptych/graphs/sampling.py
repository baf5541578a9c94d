r"""What a sampler of neighbours is: for targets and a budget it gives nodes and weights.

One layer of a graph network needs :math:`(\hat A Z)_v` at some targets v. A sampler draws a few
nodes u and weights :math:`w_{vu}` such that :math:`\sum_u w_{vu} z_u` estimates it. The draw comes
from an explicit generator, and is kept apart from the weighing of what was drawn, so that a test
can go through every possible draw.
"""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from triptych.graphs.rows import Entries, Rows

NODE_WISE, LAYER_WISE = "node-wise", "layer-wise"


@dataclass(frozen=True, eq=False)
class RowGraph:
    """A graph as samplers see it.

    Attributes:
        operator: Â [N, N] by rows.
        features: X [N, F], dense or by rows.
    """

    operator: Rows
    features: Tensor | Rows

    def project(self, nodes: Tensor, weight: Tensor) -> Tensor:
        """X W at some nodes: [len(nodes), columns of W], differentiable in W."""
        if isinstance(self.features, Rows):
            return self.features.take(nodes) @ weight
        return self.features[nodes] @ weight


@dataclass(frozen=True, eq=False)
class Sample:
    """One layer's sample.

    Attributes:
        nodes: int64 [m], ascending, each once: whose vectors must be known.
        weights: [targets, m]; ``weights @ z[nodes]`` is the estimate.
        place: int64 [entries of ``weights``]: the entry of Â behind each weight.
        counts: int64 [m]: how often each node was drawn.
        probability: float64: that of one draw, of each node [m] where targets share the draw, else
            behind each weight; with the history of what the sampler learns.
    """

    nodes: Tensor
    weights: Entries
    place: Tensor
    counts: Tensor
    probability: Tensor


@dataclass(frozen=True)
class SamplerSettings:
    """What a sampler that learns must know beforehand.

    Attributes:
        features: F.
        entries: Entries of Â, at most.
        layers: Layers of the network.
        exploration: Share of every draw that stays uniform, so that no probability vanishes.
        bandit_rate: Step size of the bandit.
    """

    features: int
    entries: int
    layers: int = 2
    exploration: float = 0.1
    bandit_rate: float = 0.1


class Sampler(nn.Module):
    """A way to choose neighbours. The fixed ones have no parameters and no state.

    Attributes:
        unbiased: Whether E[weights] equals the rows of Â, whatever the graph.
        estimates: Whether its sums stand for those of Â, with a bias or without one.
        learns: Whether :meth:`learn` does anything.
        kind: node-wise (every target draws its own) or layer-wise (all targets share one draw).
    """

    unbiased: ClassVar[bool] = True
    estimates: ClassVar[bool] = True
    learns: ClassVar[bool] = False
    kind: ClassVar[str] = NODE_WISE

    def __init__(self, settings: SamplerSettings) -> None:
        super().__init__()
        self.settings = settings

    def sample(
        self, graph: RowGraph, targets: Tensor, budget: int, rng: torch.Generator, layer: int
    ) -> Sample:
        """Draw.

        Args:
            graph: The graph.
            targets: int64 [B], each once.
            budget: Draws in all; a node-wise sampler gives every target its whole share, at least
                one.
            rng: Source of the draws.
            layer: 0 for the one that reads the features.
        """
        raise NotImplementedError

    def full(self, graph: RowGraph, layer: int) -> Rows:
        """The operator of the network that is trained: Â, unless the sampler changes it."""
        return graph.operator

    def learn(
        self,
        graph: RowGraph,
        targets: Tensor,
        sample: Sample,
        summed: Tensor,
        gradient: Tensor,
        layer: int,
    ) -> Tensor | None:
        """What the sampler learns from a step; nothing, unless it says otherwise.

        Args:
            graph: The graph.
            targets: int64 [B].
            sample: What was drawn for them.
            summed: z at the sampled nodes [m, F], without history.
            gradient: Of the training loss, for the estimate [B, F].
            layer: Layer.

        Returns:
            A scalar whose gradient descends, or None if there is nothing to descend (the sampler
            has no parameters, or has updated its state by itself).
        """
        return None


class NodeWise(Sampler):
    """Every target draws neighbours of its own."""

    def probabilities(
        self, graph: RowGraph, targets: Tensor, layer: int
    ) -> tuple[Tensor, Tensor, Tensor] | None:
        """For every entry of the targets' rows: row, place in Â, and probability of one draw.

        The probabilities of a row sum to 1; float64. None where nothing is drawn.
        """
        return None

    def weigh(
        self,
        graph: RowGraph,
        targets: Tensor,
        place: Tensor,
        row: Tensor,
        factor: Tensor,
        probability: Tensor,
    ) -> Sample:
        """The sample of given draws.

        Args:
            graph: The graph.
            targets: int64 [B].
            place: int64 [n]: entry of Â, one for each draw.
            row: int64 [n]: which target drew it.
            factor: [n]: what the entry's value is multiplied by.
            probability: [n]: of the draw.
        """
        operator = graph.operator
        nodes, column, counts = torch.unique(
            operator.column[place], return_inverse=True, return_counts=True
        )
        value = operator.value[place].double() * factor
        weights = Entries((len(targets), len(nodes)), row, column, value)
        return Sample(nodes, weights, place, counts, probability)


class LayerWise(Sampler):
    """All targets share the nodes that are drawn: independently, with replacement."""

    kind = LAYER_WISE

    def probabilities(self, graph: RowGraph, targets: Tensor, layer: int) -> Tensor:
        """Probability that one draw is node u: float64 [N], sums to 1."""
        raise NotImplementedError

    def sample(
        self, graph: RowGraph, targets: Tensor, budget: int, rng: torch.Generator, layer: int
    ) -> Sample:
        """``budget`` independent draws."""
        q = self.probabilities(graph, targets, layer)
        drawn = torch.multinomial(q.detach(), budget, replacement=True, generator=rng)
        return self.weigh(graph, targets, q, drawn)

    def weigh(self, graph: RowGraph, targets: Tensor, q: Tensor, drawn: Tensor) -> Sample:
        r"""The sample of given draws, with :math:`w_{vu} = n_u \hat A_{vu} / (m q_u)`.

        :math:`n_u` is how often u was drawn, out of m. A node that no target has for a neighbour
        changes nothing and is left out.

        Args:
            graph: The graph.
            targets: int64 [B].
            q: [N], see :meth:`probabilities`.
            drawn: int64 [m], in any order.
        """
        operator = graph.operator
        times = torch.bincount(drawn, minlength=len(operator))
        row, place = operator.places(targets)
        kept = times[operator.column[place]].nonzero().squeeze(1)
        row, place = row[kept], place[kept]
        nodes, column = torch.unique(operator.column[place], return_inverse=True)
        factor = times[nodes] / (len(drawn) * q.detach()[nodes])
        value = operator.value[place].double() * factor[column]
        weights = Entries((len(targets), len(nodes)), row, column, value)
        return Sample(nodes, weights, place, times[nodes], q[nodes])


def fanout(budget: int, targets: Tensor) -> int:
    """Draws per target of a node-wise sampler: the budget is never exceeded but for one each."""
    return max(1, budget // max(len(targets), 1))


def row_sums(values: Tensor, row: Tensor, rows: int) -> Tensor:
    """The sum over the entries of every row: [rows]."""
    return torch.zeros(rows, dtype=values.dtype, device=values.device).index_add(0, row, values)


def normalised(scores: Tensor, row: Tensor, rows: int) -> Tensor:
    """Non-negative scores divided by their row's sum."""
    return scores / row_sums(scores, row, rows)[row]


def draw_per_row(q: Tensor, row: Tensor, rows: int, draws: int, rng: torch.Generator) -> Tensor:
    """Independent draws from every row, by the inverse of the cumulative distribution.

    Args:
        q: float64 [e], probabilities, row after row; every row has an entry.
        row: int64 [e], ascending.
        rows: Number of rows.
        draws: Draws from each.
        rng: Source of the draws.

    Returns:
        int64 [rows * draws], positions in ``q``, row after row.
    """
    last = torch.bincount(row, minlength=rows).cumsum(0) - 1
    upper = q.cumsum(0)
    end = upper[last]
    begin = torch.cat([end.new_zeros(1), end[:-1]])
    uniform = torch.rand(rows, draws, generator=rng, dtype=torch.float64, device=q.device)
    point = begin[:, None] + uniform * (end - begin)[:, None]
    found = torch.searchsorted(upper, point, right=True)
    first = torch.cat([last.new_zeros(1), last[:-1] + 1])
    # Rounding of the sums could point one entry past the row.
    return found.clamp(first[:, None], last[:, None]).flatten()
