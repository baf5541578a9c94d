"""Nodes drawn among the targets' neighbours, and rows put back to their sum: LADIES."""

from dataclasses import replace

from torch import Tensor

from triptych.graphs import sampling
from triptych.graphs.rows import Entries
from triptych.graphs.sampling import RowGraph, Sample, row_sums


class Sampler(sampling.LayerWise):
    r"""A distribution for each layer's targets, and rows that keep their sum.

    Zou, Hu, Wang, Jiang, Sun and Gu, "Layer-Dependent Importance Sampling for Training Deep and
    Large Graph Convolutional Networks" (NeurIPS 2019, https://arxiv.org/abs/1911.07323), algorithm
    1: m independent draws from

    .. math:: q_u = \|\hat A_{Tu}\|^2 \Big/ \sum_{u'} \|\hat A_{Tu'}\|^2

    over the rows T of the targets only, weights :math:`n_u \hat A_{vu} / (m q_u)`, and then every
    row divided by its sum (here: and multiplied by the row sum of Â, which is 1 for the mean, as in
    the paper).

    Biased by that last step: the estimate is a ratio of two sums, and a target none of whose
    neighbours was drawn gets 0. With m = 1 a target v gets :math:`z_u` for the one u drawn, so
    :math:`E = \sum_u q_u 1[\hat A_{vu} \ne 0] z_u`: not :math:`\sum_u \hat A_{vu} z_u`. (On the
    six nodes of the tests, a hub with four leaves and one more edge and a node alone, the targets
    1, 3 and 5 are then off by :math:`\sqrt{2605/7986} = 57` % of their rows.) The bias shrinks as
    m grows. Without the last step the estimate is unbiased.
    """

    unbiased = False

    def probabilities(self, graph: RowGraph, targets: Tensor, layer: int) -> Tensor:
        """By the squared norm of the column within the targets' rows."""
        operator = graph.operator
        _, place = operator.places(targets)
        squares = operator.value[place].double().square()
        norms = row_sums(squares, operator.column[place], operator.width)
        return norms / norms.sum()

    def weigh(self, graph: RowGraph, targets: Tensor, q: Tensor, drawn: Tensor) -> Sample:
        """As :class:`~triptych.graphs.sampling.LayerWise`, then rows with the sums of Â's."""
        free = super().weigh(graph, targets, q, drawn)
        operator, weights = graph.operator, free.weights
        row, place = operator.places(targets)
        whole = row_sums(operator.value[place].double(), row, len(targets))
        got = row_sums(weights.value, weights.row, len(targets))
        # Only rows with an entry are read below; the others have no sum to divide by.
        value = weights.value * (whole / got)[weights.row]
        scaled = Entries(weights.shape, weights.row, weights.column, value)
        return replace(free, weights=scaled)
