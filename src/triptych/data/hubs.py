"""A generated graph with hubs, classes and features: preferential attachment with homophily.

Karimi, Génois, Wagner, Singer and Strohmaier (2018), for two classes; here for C. Nodes arrive one
after the other. A newcomer j of class y_j makes M distinct links to nodes i that are there already,
drawn one after the other in proportion to

    h(y_i, y_j) k_i,     h(c, c) = h,  h(c, d) = (1 − h) / (C − 1) for c ≠ d,

where k_i is the degree of i. Old nodes grow into hubs: degrees have a power-law tail, as in the
model of Barabási and Albert (1999), which is h = 1 / C. Features are x_i = s μ(y_i) + z_i with unit
vectors μ(c) in random directions and z_i ~ N(0, I).
"""

from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from triptych.data.edges import undirected
from triptych.data.prepared import Prepared, describe
from triptych.errors import UserError
from triptych.seeding import numpy_generator

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Parameters:
    """The model's numbers; see the equations above.

    Attributes:
        nodes: N.
        links: M.
        classes: C.
        homophily: h.
        features: Width of x.
        signal: s.
    """

    nodes: int
    links: int
    classes: int
    homophily: float
    features: int
    signal: float

    def __post_init__(self) -> None:
        """Refuse numbers for which the model does not exist."""
        if not (
            1 <= self.links < self.nodes
            and self.classes >= 2
            and 0 < self.homophily < 1
            and self.features >= 1
        ):
            raise UserError(
                "hubs: expected 1 <= links < nodes, classes >= 2, 0 < homophily < 1 and "
                f"features >= 1, found {self}"
            )


def data_set(
    raw: Path | None,
    nodes: int,
    links: int,
    classes: int,
    homophily: float,
    features: int,
    signal: float,
    seed: int,
) -> Prepared:
    """One graph of the model; the same arguments give the same graph."""
    parameters = Parameters(nodes, links, classes, homophily, features, signal)
    arrays = generate(parameters, seed)
    edge_index = arrays["edge_index"]
    meta = describe(
        "graph",
        nodes,
        task="classification",
        classes=[f"class {c}" for c in range(classes)],
        notes=["one generated graph; a seed of the split draws other labels of the same graph"],
        n_features=features,
        n_edges=int(edge_index.shape[1]),
        largest_degree=int(np.bincount(edge_index[0]).max()),
    )
    return Prepared(arrays, meta)


def generate(parameters: Parameters, seed: int) -> dict[str, NDArray[Any]]:
    """Draw ``x`` float32 [N, F], ``edge_index`` int64 [2, E] and ``y`` int64 [N].

    The first M + 1 nodes are all joined to each other.
    """
    p = parameters
    job = ("hubs", *(float(value) for value in astuple(p)), seed)
    y = numpy_generator(*job, "labels").permutation(np.arange(p.nodes) % p.classes)
    rng = numpy_generator(*job, "features")
    direction = rng.standard_normal((p.classes, p.features))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    x = p.signal * direction[y] + rng.standard_normal((p.nodes, p.features))
    pairs = _grow(p, y, numpy_generator(*job, "edges"))
    return {"x": x.astype(np.float32), "edge_index": undirected(pairs, p.nodes), "y": y}


def _grow(p: Parameters, y: Ints, rng: np.random.Generator) -> Ints:
    """The links [2, ...], newcomer first."""
    affinity = np.full((p.classes, p.classes), (1 - p.homophily) / (p.classes - 1))
    np.fill_diagonal(affinity, p.homophily)
    first = np.stack(np.tril_indices(p.links + 1, -1))
    degree = np.zeros(p.nodes)
    degree[: p.links + 1] = p.links
    blocks = [first]
    for new in range(p.links + 1, p.nodes):
        weight = affinity[y[:new], y[new]] * degree[:new]
        # The M smallest of independent exponentials with these rates: draws one after the other,
        # in proportion to the weights of those left.
        chosen = np.argpartition(rng.standard_exponential(new) / weight, p.links - 1)[: p.links]
        degree[chosen] += 1
        degree[new] = p.links
        blocks.append(np.stack([np.full(p.links, new), chosen]))
    return np.concatenate(blocks, axis=1)
