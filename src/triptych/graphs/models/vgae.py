"""The variational graph autoencoder of Kipf and Welling (2016)."""

from typing import Any

import torch
from torch import Tensor

from triptych.graphs.layer import Graph
from triptych.graphs.link_prediction import LinkPredictor
from triptych.graphs.operators import symmetric
from triptych.graphs.sparse import Features
from triptych.model import Meta

LARGEST = 10.0  # of log σ: e^20 is far above any useful variance and far below overflow


class Entry(LinkPredictor):
    r"""q(z_i) = N(μ_i, diag σ_i²), prior N(0, I), decoder σ(z_i · z_j).

    μ and log σ share the first layer (https://arxiv.org/abs/1611.07308). The loss is the negative
    bound divided by N², its reconstruction reweighted so that edges and non-edges count alike, as
    in the paper:

    .. math:: \overline{-\log p}_{edges} + \overline{-\log p}_{none} + \frac{1}{N^2} \sum_i KL_i

    Afterwards μ is the embedding.
    """

    family = "graph autoencoder"

    def __init__(self, params: Any, meta: Meta) -> None:
        super().__init__(params, meta)
        self.spread = symmetric.Layer(params.hidden, params.code)

    def draw(self, x: Features, graph: Graph, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        """z = μ + σ ε, and the divergence from the prior over N²."""
        hidden = self.first(x, graph).relu()
        mean, log_sigma = self.second(hidden, graph), self.spread(hidden, graph)
        log_sigma = log_sigma.clamp(max=LARGEST)
        noise = torch.randn(mean.shape, generator=rng, device=mean.device, dtype=mean.dtype)
        return mean + log_sigma.exp() * noise, divergence(mean, log_sigma).sum() / len(mean) ** 2


def divergence(mean: Tensor, log_sigma: Tensor) -> Tensor:
    """KL(N(μ, σ²) ‖ N(0, 1)) in nats, summed over dimensions: [N, D] to [N]."""
    return 0.5 * (mean.square() + (2 * log_sigma).exp() - 1 - 2 * log_sigma).sum(dim=1)
