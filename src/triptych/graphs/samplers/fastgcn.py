"""Nodes drawn by the size of their column, whatever the targets: FastGCN."""

from torch import Tensor

from triptych.graphs import sampling
from triptych.graphs.rows import Rows
from triptych.graphs.sampling import RowGraph, SamplerSettings, row_sums


class Sampler(sampling.LayerWise):
    r"""One distribution for all batches.

    Chen, Ma and Xiao, "FastGCN: Fast Learning with Graph Convolutional Networks via Importance
    Sampling" (ICLR 2018, https://arxiv.org/abs/1801.10247): m independent draws from

    .. math:: q_u = \|\hat A_{:u}\|^2 \Big/ \sum_{u'} \|\hat A_{:u'}\|^2, \qquad
              w_{vu} = \frac{n_u \hat A_{vu}}{m q_u}.

    Nothing of this depends on the targets, so most draws may be of nodes that no target
    is joined to. Unbiased: every node with a non-zero column can be drawn, the weight divides by
    the probability that was drawn with, and draws are with replacement. (Drawing without
    replacement, or from a renormalised q, with these weights is biased.)
    """

    def __init__(self, settings: SamplerSettings) -> None:
        super().__init__(settings)
        self._known: tuple[Rows, Tensor] | None = None

    def probabilities(self, graph: RowGraph, targets: Tensor, layer: int) -> Tensor:
        """By the squared norm of the whole column; the same for all targets."""
        if self._known is None or self._known[0] is not graph.operator:
            operator = graph.operator
            norms = row_sums(operator.value.double().square(), operator.column, operator.width)
            self._known = operator, norms / norms.sum()
        return self._known[1]
