"""Every neighbour: no sampling."""

import torch
from torch import Tensor

from triptych.graphs import sampling
from triptych.graphs.sampling import RowGraph, Sample


class Sampler(sampling.NodeWise):
    r"""All u with :math:`\hat A_{vu} \ne 0`, each with the weight :math:`\hat A_{vu}`.

    The budget is ignored: with L layers a target needs its whole L-hop neighbourhood.
    """

    def sample(
        self, graph: RowGraph, targets: Tensor, budget: int, rng: torch.Generator, layer: int
    ) -> Sample:
        """The rows themselves; nothing is drawn."""
        row, place = graph.operator.places(targets)
        ones = torch.ones(len(place), dtype=torch.float64, device=place.device)
        return self.weigh(graph, targets, place, row, ones, ones)
