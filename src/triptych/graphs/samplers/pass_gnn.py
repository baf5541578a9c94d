"""Neighbours drawn by a policy that is paid in performance: PASS."""

import torch
from torch import Tensor, nn

from triptych.graphs import sampling
from triptych.graphs.rows import Rows
from triptych.graphs.sampling import (
    RowGraph,
    Sample,
    SamplerSettings,
    draw_per_row,
    fanout,
    normalised,
)


class Sampler(sampling.NodeWise):
    r"""A policy that follows the gradient of the training loss.

    Yoon et al., "Performance-Adaptive Sampling Strategy Towards Fast and Accurate Graph Neural
    Networks" (KDD 2021; authors' code https://github.com/linkedin/PASS-GNN).

    Not an estimator of Â: the network itself is :math:`h_i' = \sigma(E_{j \sim q_i}[h_j] W)`. A
    target draws k neighbours from the policy and takes their plain mean, whatever Â says,

    .. math:: w_{ij} = n_{ij} / k, \qquad
              q_{ij} \propto \mathrm{ReLU}\big(a_1 (x_i W_s) \cdot (x_j W_s) + a_2 / d_i\big) +
              \epsilon,

    with a = softmax of two weights: an importance of its own and the uniform draw, mixed. So
    :math:`E[w] = q`: unbiased for the policy's own operator, and off Â by q − Â, which is what the
    policy is there to choose. The full-neighbourhood evaluation of such a network uses q.

    The policy follows the gradient of the training loss L through the log-derivative trick,

    .. math:: \nabla_\theta L = \sum_i \frac{\partial L}{\partial \bar h_i} \cdot
              \frac1k \sum_{s=1}^k h_{j_s} \nabla_\theta \log q_{i j_s},

    whose expectation over the draws is the exact gradient of :math:`\sum_i g_i \cdot \sum_j q_{ij}
    h_j` for given :math:`g_i = \partial L / \partial \bar h_i`. Draws count as often as they were
    made and every layer teaches the policy; the authors' code has two importances, counts a
    neighbour drawn twice once and learns from the lowest layer alone.
    """

    unbiased = False
    estimates = False  # of its policy's sums, not of Â's
    learns = True
    WIDTH = 8  # columns of W_s
    START = (0.01, 1.0)  # of the two mixing weights, before the softmax (authors' code)
    SMALLEST = 1e-9  # ε

    def __init__(self, settings: SamplerSettings) -> None:
        super().__init__(settings)
        self.importance = nn.Parameter(torch.empty(settings.features, self.WIDTH))
        self.mixture = nn.Parameter(torch.tensor(self.START))
        nn.init.xavier_uniform_(self.importance, gain=0.1)  # the policy starts close to uniform

    def probabilities(
        self, graph: RowGraph, targets: Tensor, layer: int
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The policy, an entry at a time; differentiable in its parameters."""
        row, place = graph.operator.places(targets)
        near, column = torch.unique(graph.operator.column[place], return_inverse=True)
        own = graph.project(targets, self.importance)[row]
        other = graph.project(near, self.importance)[column]
        degree = torch.bincount(row, minlength=len(targets))[row]
        first, second = self.mixture.double().softmax(0)
        score = first * (own * other).sum(1).double() + second / degree
        return row, place, normalised(score.relu() + self.SMALLEST, row, len(targets))

    def sample(
        self, graph: RowGraph, targets: Tensor, budget: int, rng: torch.Generator, layer: int
    ) -> Sample:
        """k draws from the policy for every target."""
        row, place, q = self.probabilities(graph, targets, layer)
        k = fanout(budget, targets)
        drawn = draw_per_row(q.detach(), row, len(targets), k, rng)
        return self.averaged(graph, targets, row[drawn], place[drawn], q[drawn], k)

    def averaged(
        self, graph: RowGraph, targets: Tensor, row: Tensor, place: Tensor, q: Tensor, k: int
    ) -> Sample:
        """The sample of given draws, [B * k] each: targets' positions, entries of Â, their q."""
        factor = 1.0 / (k * graph.operator.value[place].double())
        return self.weigh(graph, targets, place, row, factor, q)

    def full(self, graph: RowGraph, layer: int) -> Rows:
        """The policy as an operator."""
        everyone = torch.arange(len(graph.operator), device=graph.operator.column.device)
        with torch.no_grad():
            _, _, q = self.probabilities(graph, everyone, layer)
        return graph.operator.with_values(q.to(graph.operator.value.dtype))

    def learn(
        self,
        graph: RowGraph,
        targets: Tensor,
        sample: Sample,
        summed: Tensor,
        gradient: Tensor,
        layer: int,
    ) -> Tensor:
        """The policy gradient's surrogate."""
        weights = sample.weights
        gain = (gradient.double()[weights.row] * summed.double()[weights.column]).sum(1)
        return (weights.value * gain * sample.probability.log()).sum()
