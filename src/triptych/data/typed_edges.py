"""A graph whose edges say something only by their kind: friends and foes.

Friends mostly join nodes of one class and foes nodes of two, and both together join them equally
often: without the kinds the edges are blind to the classes, exactly and not only on average.
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from triptych.data.csbm import triangle
from triptych.data.edges import undirected_labelled
from triptych.data.prepared import Prepared, describe
from triptych.errors import UserError
from triptych.seeding import numpy_generator

KINDS = ["friend", "foe"]


def friends_and_foes(
    raw: Path | None,
    nodes: int,
    features: int,
    degree: int,
    reliability: float,
    signal: float,
    seed: int,
) -> Prepared:
    """Two classes v_i = ±1 of equal size; the same arguments give the same graph.

    A share ``reliability`` of the friendships lies within a class, and the same share of the
    enmities across; each node has ``degree`` edges of either kind on average. Features are
    x_i = signal v_i u + z_i with a unit vector u and z_i ~ N(0, I), so that no classifier of the
    features alone is right more often than Φ(signal).

    Args:
        raw: Not used.
        nodes: N, even.
        features: F.
        degree: Mean number of friends, and of foes, of a node.
        reliability: Between ½ (kinds mean nothing) and 1.
        signal: Strength of the features.
        seed: Names the draw.
    """
    if nodes % 2 or not 0.5 <= reliability <= 1 or degree < 1:
        raise UserError(
            "friends_and_foes: expected an even number of nodes, reliability from 0.5 to 1 and "
            f"degree >= 1, found {nodes}, {reliability}, {degree}"
        )
    job = ("friends and foes", nodes, features, degree, reliability, signal, seed)
    rng = numpy_generator(*job, "labels")
    y = rng.permutation(np.arange(nodes, dtype=np.int64) % 2)
    pairs, kinds = _pairs(y, nodes * degree // 2, reliability, numpy_generator(*job, "edges"))
    edges, label = undirected_labelled(pairs, kinds, nodes)
    assert label is not None
    rng = numpy_generator(*job, "features")
    direction = rng.standard_normal(features)
    direction /= np.linalg.norm(direction)
    noise = rng.standard_normal((nodes, features))
    arrays: dict[str, NDArray[Any]] = {
        "x": (signal * (2.0 * y - 1.0)[:, None] * direction + noise).astype(np.float32),
        "edge_index": edges,
        "edge_label": label,
        "y": y,
    }
    meta = describe(
        "graph",
        nodes,
        task="classification",
        classes=["-1", "+1"],
        notes=[
            f"{degree} friends and {degree} foes a node on average; {reliability:.0%} of the "
            f"friends are of the node's class and {1 - reliability:.0%} of the foes"
        ],
        n_features=features,
        n_edges=edges.shape[1],
        n_edge_kinds=len(KINDS),
    )
    return Prepared(arrays, meta)


def _pairs(
    y: NDArray[np.int64], each: int, reliability: float, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Distinct pairs [2, 2 each], as many within classes as across, and their kinds."""
    zeros, ones = np.flatnonzero(y == 0), np.flatnonzero(y == 1)
    half = len(zeros) * (len(zeros) - 1) // 2
    inside = rng.choice(2 * half, each, replace=False)
    first, second = triangle(inside % half)
    members = np.stack([zeros, ones])[inside // half]
    rows = np.arange(each)
    within = np.stack([members[rows, first], members[rows, second]])
    outside = rng.choice(len(zeros) * len(ones), each, replace=False)
    across = np.stack([zeros[outside // len(ones)], ones[outside % len(ones)]])
    usual = round(reliability * each)
    friends = np.zeros(each, dtype=np.int64)
    friends[usual:] = 1
    return np.concatenate([within, across], axis=1), np.concatenate([friends, 1 - friends])
