"""Nodes drawn by a function of their features that learns to lower the variance: AS-GCN."""

import torch
from torch import Tensor, nn

from triptych.graphs import sampling
from triptych.graphs.sampling import RowGraph, Sample, SamplerSettings, row_sums


class Sampler(sampling.LayerWise):
    r"""A distribution that is learnt from what the draws cost in variance.

    Huang, Zhang, Rong and Huang, "Adaptive Sampling Towards Fast Graph Representation Learning"
    (NeurIPS 2018, https://arxiv.org/abs/1809.05343): m independent draws from

    .. math:: q_u \propto \sum_{v \in T} \hat A_{vu} \, g(x_u), \qquad
              w_{vu} = \frac{n_u \hat A_{vu}}{m q_u},

    over the rows T of the targets. A function g of the node's own features stands in for the size
    of its vector :math:`\|z_u\|`, which is not known when a network is sampled from the top
    down. g is :math:`\mathrm{ReLU}(x_u W_g) + 1`, the positive form of the authors' code, with a
    :math:`W_g` for each layer. Unbiased, for any g: a share ε of the draws ignores g, so every
    neighbour can be drawn.

    W_g descends the variance of the estimate, summed over targets and coordinates,

    .. math:: m \, \mathrm{Var} = \sum_u \frac{c_u}{q_u} - \|(\hat A Z)_T\|^2, \qquad
              c_u = \|z_u\|^2 \sum_{v \in T} \hat A_{vu}^2,

    whose gradient the drawn nodes estimate without bias: the surrogate is
    :math:`-\frac1m \sum_{s=1}^m (c_s / q_s^2) \log q_s`, with the quotient held fixed. (The paper
    adds the variance to the training loss, so that it moves the network too; here the network
    minimises its own loss alone. The paper's attention between target and node is left out: the
    network here is a GCN.)
    """

    learns = True

    def __init__(self, settings: SamplerSettings) -> None:
        super().__init__(settings)
        self.g = nn.ParameterList(
            nn.Parameter(torch.empty(settings.features, 1)) for _ in range(settings.layers)
        )
        for weight in self.g:
            nn.init.xavier_uniform_(weight)

    def probabilities(self, graph: RowGraph, targets: Tensor, layer: int) -> Tensor:
        """By the summed weights of the targets' rows and g."""
        operator = graph.operator
        _, place = operator.places(targets)
        shares = row_sums(operator.value[place].double(), operator.column[place], operator.width)
        near = shares.nonzero().squeeze(1)
        size = graph.project(near, self.g[layer]).squeeze(1).double().relu() + 1.0
        scores = shares[near] * size
        kept = self.settings.exploration
        mixed = (1 - kept) * scores / scores.sum() + kept * shares[near] / shares.sum()
        return torch.zeros_like(shares).index_put((near,), mixed)

    def learn(
        self,
        graph: RowGraph,
        targets: Tensor,
        sample: Sample,
        summed: Tensor,
        gradient: Tensor,
        layer: int,
    ) -> Tensor:
        """The surrogate above, per target."""
        q = sample.probability
        squares = row_sums(
            graph.operator.value[sample.place].double().square(),
            sample.weights.column,
            len(sample.nodes),
        )
        c = squares * summed.double().square().sum(1)
        pull = sample.counts * c / q.detach().square()
        return -(pull * q.log()).sum() / (sample.counts.sum() * len(targets))
