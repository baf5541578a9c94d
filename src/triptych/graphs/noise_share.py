"""How many of a sampler's draws follow edges that were added to mean nothing."""

import numpy as np
import torch

from triptych.graphs.adjacency import Edges
from triptych.graphs.sampled import SampledNetwork
from triptych.graphs.sampling import NodeWise, RowGraph


@torch.no_grad()
def noise_share(network: SampledNetwork, graph: RowGraph, added: Edges) -> float | None:
    """Mean over nodes of the probability that one draw of the top layer follows an added edge.

    None for a sampler without a distribution over each node's neighbours: one that draws for all
    nodes together, or nothing at all.

    Args:
        network: A trained network.
        graph: Its graph, added edges included.
        added: int64 [2, ...], both directions of the added edges.
    """
    if not isinstance(network.sampler, NodeWise):
        return None
    operator, nodes = graph.operator, len(graph.operator)
    top = len(network.layers) - 1
    found = network.sampler.probabilities(graph, torch.arange(nodes), top)
    if found is None:
        return None
    target = torch.repeat_interleave(operator.starts.diff())
    keys = (target * nodes + operator.column).numpy()
    meaningless = torch.from_numpy(np.isin(keys, added[1] * nodes + added[0]))
    return float(found[2][meaningless].sum() / nodes)
