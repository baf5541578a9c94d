"""Control graphs: the same degrees, other edges."""

import random

import networkx as nx
import numpy as np
from torch import Tensor

from triptych.graphs.adjacency import edge_tensor, simple


def shuffled(edge_index: Tensor, nodes: int, swaps_per_edge: int, seed: int) -> Tensor:
    """A random undirected graph with the degrees of the given one, by double edge swaps.

    A swap replaces edges u-v and x-y by u-x and v-y, unless that would make a loop or a double
    edge; ten swaps an edge are commonly taken as enough to forget the start.

    Args:
        edge_index: int64 [2, E], both directions.
        nodes: N.
        swaps_per_edge: Swaps, per undirected edge.
        seed: Names the draw.

    Returns:
        int64 [2, E], both directions.
    """
    graph = nx.Graph()
    graph.add_nodes_from(range(nodes))
    graph.add_edges_from(simple(edge_index, nodes).T.tolist())
    swaps = swaps_per_edge * graph.number_of_edges()
    nx.double_edge_swap(graph, swaps, max_tries=100 * swaps, seed=random.Random(seed))
    pairs = np.array(graph.edges(), dtype=np.int64).reshape(-1, 2).T
    return edge_tensor(simple(np.concatenate([pairs, pairs[::-1]], axis=1), nodes))
