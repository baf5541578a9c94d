"""Sets of graphs that are enumerated or drawn, not collected."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from triptych.data.edges import undirected
from triptych.data.prepared import Meta, Prepared, describe
from triptych.errors import UserError
from triptych.files import Array
from triptych.seeding import derive_seed, numpy_generator

Floats = NDArray[np.float64]


def atlas(raw: Path | None) -> Prepared:
    """Every graph of one to seven nodes, once: the 1,252 of Read and Wilson's atlas.

    Features are the constant 1. ``y`` is the number of edges, for nothing is to be learnt.

    Args:
        raw: Not used.
    """
    graphs = [graph for graph in nx.graph_atlas_g() if len(graph)]
    return _set(
        graphs,
        [np.ones((len(graph), 1)) for graph in graphs],
        np.array([graph.number_of_edges() for graph in graphs], dtype=np.float64),
        describe(
            "graphs",
            len(graphs),
            task=None,
            notes=["all graphs of 1 to 7 nodes up to isomorphism; the feature is the constant 1"],
        ),
    )


def regular(
    raw: Path | None, graphs: int, degrees: list[int], smallest: int, largest: int, seed: int
) -> Prepared:
    """Random graphs in which every node has the same degree; that degree is the class.

    Features are the constant 1 and sizes are even numbers drawn alike for all classes, so that the
    degree is all there is to see.

    Args:
        raw: Not used.
        graphs: How many, classes in equal shares.
        degrees: One class each.
        smallest: Least number of nodes, above every degree.
        largest: Largest number of nodes.
        seed: Of all draws.
    """
    if smallest <= max(degrees):
        raise UserError(f"regular: expected more than {max(degrees)} nodes, found {smallest}")
    sizes = np.arange(smallest + smallest % 2, largest + 1, 2)
    rng = numpy_generator("regular", seed)
    y = np.arange(graphs) % len(degrees)
    drawn = [
        nx.random_regular_graph(
            degrees[label], int(rng.choice(sizes)), seed=derive_seed("regular", seed, number)
        )
        for number, label in enumerate(y)
    ]
    return _set(
        drawn,
        [np.ones((len(graph), 1)) for graph in drawn],
        y.astype(np.int64),
        describe(
            "graphs",
            graphs,
            task="classification",
            classes=[f"degree {degree}" for degree in degrees],
            notes=[
                f"random regular graphs of {smallest} to {largest} nodes, the size independent of "
                "the class; the feature is the constant 1"
            ],
        ),
    )


def communities(
    raw: Path | None,
    graphs: int,
    smallest: int,
    largest: int,
    within: list[float],
    across: float,
    seed: int,
) -> Prepared:
    """Connected graphs of two communities: a small set for generative models.

    After the community set of You, Ying, Ren, Hamilton and Leskovec (2018, GraphRNN), but each node
    chooses its community by a coin and all pairs are drawn one by one: a stochastic block model. A
    graph that falls apart is drawn anew. Features of a node: the share of the others that it is
    joined to, and its entry of the Fiedler vector (second eigenvector of the normalised Laplacian)
    times √n, whose sign is arbitrary. ``y`` is the share of pairs that are joined.

    Args:
        raw: Not used.
        graphs: How many.
        smallest: Least number of nodes.
        largest: Largest number of nodes.
        within: Probability of an edge within the one and the other community.
        across: Probability of an edge between them.
        seed: Of all draws.
    """
    rng = numpy_generator("communities", seed)
    drawn = [
        _connected(int(rng.integers(smallest, largest + 1)), within, across, rng)
        for _ in range(graphs)
    ]
    return _set(
        [nx.from_numpy_array(adjacency) for adjacency in drawn],
        [np.stack([each.sum(1) / (len(each) - 1), fiedler(each)], axis=1) for each in drawn],
        np.array([each.sum() / (len(each) * (len(each) - 1)) for each in drawn]),
        describe(
            "graphs",
            graphs,
            task=None,
            notes=[
                f"two communities, {smallest} to {largest} nodes in all, edges within with "
                f"probability {within[0]:g} and {within[1]:g}, across {across:g}, connected; no "
                "classes"
            ],
        ),
    )


def fiedler(adjacency: Floats) -> Floats:
    """The second eigenvector of I - D^-1/2 A D^-1/2 of a connected graph, times √n: [n].

    Its sign is chosen so that the entry of largest size is positive.
    """
    root = 1 / np.sqrt(adjacency.sum(axis=1))
    laplacian = np.eye(len(adjacency)) - root[:, None] * adjacency * root[None, :]
    vector = np.linalg.eigh(laplacian).eigenvectors[:, 1]
    vector = vector * np.sign(vector[np.abs(vector).argmax()])
    scaled: Floats = vector * np.sqrt(len(adjacency))
    return scaled


def _connected(nodes: int, within: list[float], across: float, rng: np.random.Generator) -> Floats:
    """The adjacency matrix of two communities, drawn until it is connected."""
    while True:
        side = rng.integers(2, size=nodes)
        own = np.array(within)[side]
        chance = np.where(side[:, None] == side[None, :], own[:, None], across)
        upper = np.triu(rng.random((nodes, nodes)) < chance, k=1)
        adjacency = (upper | upper.T).astype(np.float64)
        if nx.is_connected(nx.from_numpy_array(adjacency)):
            return adjacency


def _set(
    graphs: Sequence[nx.Graph], features: Iterable[Floats], y: NDArray[np.generic], meta: Meta
) -> Prepared:
    """Graphs whose nodes are 0 … n-1 as the arrays of kind ``graphs``."""
    sizes = np.array([len(graph) for graph in graphs])
    starts = np.cumsum(sizes) - sizes
    pairs = [
        np.array(graph.edges(), dtype=np.int64).reshape(-1, 2).T + start
        for graph, start in zip(graphs, starts, strict=True)
    ]
    x = np.concatenate(list(features))
    edges = undirected(np.concatenate(pairs, axis=1), len(x))
    arrays: dict[str, Array] = {
        "x": x.astype(np.float32),
        "edge_index": edges,
        "graph": np.repeat(np.arange(len(graphs)), sizes),
        "y": y,
    }
    more: Meta = {"n_nodes": len(x), "n_features": x.shape[1], "n_edges": int(edges.shape[1])}
    return Prepared(arrays, meta | more)
