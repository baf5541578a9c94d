"""Neighbours drawn by a bandit that is paid in variance: GCN-BS."""

import torch
from torch import Tensor

from triptych.graphs import sampling
from triptych.graphs.sampling import (
    RowGraph,
    Sample,
    SamplerSettings,
    draw_per_row,
    fanout,
    normalised,
    row_sums,
)


class Sampler(sampling.NodeWise):
    r"""A bandit for every target and layer.

    Liu, Wu, Zhang, Zhou, Yang, Song and Qi, "Bandit Samplers for Training Graph Neural Networks"
    (NeurIPS 2020, https://arxiv.org/abs/2006.05806), the sampler that plays k times: a target i
    with more than k neighbours draws k of them independently from its own :math:`q_i`,

    .. math:: w_{ij} = \frac{n_{ij} \hat A_{ij}}{k q_{ij}},

    and one with fewer takes all. The bandit EXP3 of target i is paid for arm j what a larger
    :math:`q_{ij}` would take off the variance,

    .. math:: r_{ij} = \frac{\hat A_{ij}^2 \|z_j\|^2}{k q_{ij}^2}, \qquad
              u_{ij} \leftarrow u_{ij} \exp\Big(\delta \frac{r_{ij} / q_{ij}}{d_i}\Big)
              \text{ for drawn } j, \qquad
              q_{ij} = (1 - \eta) \frac{u_{ij}}{\sum_l u_{il}} + \frac{\eta}{d_i}.

    Where the mean reward is the same for all arms nothing moves any more: there
    :math:`q_{ij} \propto \hat A_{ij} \|z_j\|`, which has the least variance of all q. Unbiased at
    any time, since :math:`q \ge \eta / d`. Rewards are divided by the largest of the step, because
    the analysis of EXP3 asks for rewards in [0, 1]; a single exponent is held to :data:`AT_MOST`
    (the authors' code holds it to a bound as well).
    """

    learns = True
    AT_MOST = 1.0
    log_weight: Tensor

    def __init__(self, settings: SamplerSettings) -> None:
        super().__init__(settings)
        # Logarithms of u: rewards only ever add, and u itself would overflow.
        zeros = torch.zeros(settings.layers, settings.entries, dtype=torch.float64)
        self.register_buffer("log_weight", zeros)

    def probabilities(
        self, graph: RowGraph, targets: Tensor, layer: int
    ) -> tuple[Tensor, Tensor, Tensor]:
        """EXP3's q, an entry at a time.

        Raises:
            ValueError: The graph has more entries than there are arms.
        """
        if len(graph.operator.value) > self.log_weight.shape[1]:
            raise ValueError(
                f"gcn_bs: expected at most {self.log_weight.shape[1]} entries, found "
                f"{len(graph.operator.value)}; the data set's n_edges says how many arms there are"
            )
        row, place = graph.operator.places(targets)
        logs = self.log_weight[layer, place]
        top = logs.new_full((len(targets),), -torch.inf).scatter_reduce(0, row, logs, "amax")
        share = normalised((logs - top[row]).exp(), row, len(targets))
        degree = row_sums(torch.ones_like(share), row, len(targets))
        kept = self.settings.exploration
        return row, place, (1 - kept) * share + kept / degree[row]

    def sample(
        self, graph: RowGraph, targets: Tensor, budget: int, rng: torch.Generator, layer: int
    ) -> Sample:
        """All neighbours of a target with few, k draws for one with many."""
        row, place, q = self.probabilities(graph, targets, layer)
        k = fanout(budget, targets)
        drawn = draw_per_row(q, row, len(targets), k, rng)
        return self.played(graph, targets, row, place, q, drawn, k)

    def played(
        self,
        graph: RowGraph,
        targets: Tensor,
        row: Tensor,
        place: Tensor,
        q: Tensor,
        drawn: Tensor,
        k: int,
    ) -> Sample:
        """The sample of given draws.

        Args:
            graph: The graph.
            targets: int64 [B].
            row: int64 [e], see :meth:`probabilities`; so are ``place`` and ``q``.
            place: int64 [e].
            q: [e].
            drawn: int64 [B * k]: positions in these arrays; those of targets with few neighbours
                are ignored.
            k: Draws per target.
        """
        many = torch.bincount(row, minlength=len(targets)) > k
        certain = (~many[row]).nonzero().squeeze(1)
        uncertain = drawn[many[row[drawn]]]
        chosen = torch.cat([certain, uncertain]).sort().values  # row after row again
        drew = many[row[chosen]]
        factor = torch.where(drew, 1.0 / (k * q[chosen]), 1.0)
        probability = torch.where(drew, q[chosen], 1.0)
        return self.weigh(graph, targets, place[chosen], row[chosen], factor, probability)

    @torch.no_grad()
    def learn(
        self,
        graph: RowGraph,
        targets: Tensor,
        sample: Sample,
        summed: Tensor,
        gradient: Tensor,
        layer: int,
    ) -> None:
        """Pay the arms that were played."""
        weights, operator = sample.weights, graph.operator
        taken = torch.bincount(weights.row, minlength=len(targets))
        degree = operator.starts.diff()[targets]
        # A target that took all its neighbours had no choice to be paid for.
        played = (degree > taken)[weights.row].nonzero().squeeze(1)
        if not len(played):
            return
        row, place = weights.row[played], sample.place[played]
        k, arms = taken[row], degree[row]
        value, q = operator.value[place].double(), sample.probability[played]
        length = summed.double().square().sum(1)[weights.column[played]]
        reward = value.square() * length / (k * q.square())
        reward = reward / reward.max().clamp_min(torch.finfo(torch.float64).tiny)
        step = (self.settings.bandit_rate * reward / (q * arms)).clamp_max(self.AT_MOST)
        self.log_weight[layer].index_add_(0, place, step)
