"""A fixed number of neighbours, uniformly: GraphSAGE."""

import torch
from torch import Tensor

from triptych.graphs import sampling
from triptych.graphs.sampling import RowGraph, Sample, fanout


class Sampler(sampling.NodeWise):
    r"""A uniform subset of fixed size for every target.

    Hamilton, Ying and Leskovec, "Inductive Representation Learning on Large Graphs" (NeurIPS 2017,
    https://arxiv.org/abs/1706.02216), algorithm 2. Of the d entries of its row (the node itself is
    one of them) a target takes k at random, without replacement, or all if there are no more than
    k:

    .. math:: w_{vu} = \frac{d_v}{\min(k, d_v)} \hat A_{vu}.

    A node is taken with probability :math:`\min(k, d_v) / d_v`, so the estimate is unbiased. With
    the mean for Â it is the mean over the nodes taken.
    """

    def probabilities(
        self, graph: RowGraph, targets: Tensor, layer: int
    ) -> tuple[Tensor, Tensor, Tensor]:
        """1 / d for each of a row's d entries."""
        row, place = graph.operator.places(targets)
        degree = torch.bincount(row, minlength=len(targets))
        return row, place, 1.0 / degree[row].double()

    def sample(
        self, graph: RowGraph, targets: Tensor, budget: int, rng: torch.Generator, layer: int
    ) -> Sample:
        """A uniform subset for every target."""
        row, place = graph.operator.places(targets)
        degree = torch.bincount(row, minlength=len(targets))
        k = fanout(budget, targets)
        # A random number between i and i + 1 for every entry of row i: sorting shuffles each row.
        shuffled = torch.rand(len(row), generator=rng, dtype=torch.float64, device=row.device)
        order = (row + shuffled).argsort()
        rank = torch.arange(len(row), device=row.device) - (degree.cumsum(0) - degree)[row]
        chosen = order[rank < k].sort().values
        return self.subset(graph, targets, place[chosen], row[chosen], degree)

    def subset(
        self, graph: RowGraph, targets: Tensor, place: Tensor, row: Tensor, degree: Tensor
    ) -> Sample:
        """The sample of given subsets.

        Args:
            graph: The graph.
            targets: int64 [B].
            place: int64 [n]: entries of Â that were taken.
            row: int64 [n]: their targets.
            degree: int64 [B]: entries of every target's row.
        """
        taken = torch.bincount(row, minlength=len(targets))
        share = (taken.double() / degree)[row]  # the probability that an entry is in the subset
        return self.weigh(graph, targets, place, row, 1.0 / share, share)
