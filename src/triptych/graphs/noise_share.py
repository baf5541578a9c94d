"""How many of a sampler's draws follow edges that were added to mean nothing."""

import numpy as np
import torch
from torch import Tensor

from triptych.graphs.adjacency import Edges
from triptych.graphs.sampled import SampledNetwork
from triptych.graphs.sampling import NodeWise, RowGraph


@torch.no_grad()
def noise_share(network: SampledNetwork, graph: RowGraph, added: Edges) -> float:
    """Mean over nodes of the probability that one draw of the top layer follows an added edge.

    A sampler without a distribution over each node's neighbours counts as uniform.

    Args:
        network: A trained network.
        graph: Its graph, added edges included.
        added: int64 [2, ...], both directions of the added edges.
    """
    operator, nodes = graph.operator, len(graph.operator)
    target = torch.repeat_interleave(operator.starts.diff())
    keys = (target * nodes + operator.column).numpy()
    meaningless = torch.from_numpy(np.isin(keys, added[1] * nodes + added[0]))
    return float(_draw_probabilities(network, graph, target)[meaningless].sum() / nodes)


def _draw_probabilities(network: SampledNetwork, graph: RowGraph, target: Tensor) -> Tensor:
    """Of every entry of Â."""
    sampler, top = network.sampler, len(network.layers) - 1
    if isinstance(sampler, NodeWise) and sampler.learns:
        return sampler.probabilities(graph, torch.arange(len(graph.operator)), top)[2]
    return (1.0 / graph.operator.starts.diff().double())[target]
