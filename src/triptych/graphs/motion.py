"""Springs from motion without a network: correlation, and the law of motion itself."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from triptych.files import Array

Floats = NDArray[np.float64]


def correlations(states: Array) -> Floats:
    """How alike two particles move: the correlation of their trajectories.

    Args:
        states: [B, N, T, 4]; every one of the four numbers is centred over time.

    Returns:
        [B, pairs i < j]: mean correlation of the four, 0 where one never changes.
    """
    moved = states.astype(np.float64) - states.mean(axis=2, keepdims=True, dtype=np.float64)
    size = np.sqrt((moved**2).sum(axis=2, keepdims=True))
    unit = np.divide(moved, size, out=np.zeros_like(moved), where=size > 1e-9)
    alike = np.einsum("bitd,bjtd->bij", unit, unit) / states.shape[-1]
    return _pairs(alike)


def stiffnesses(states: Array, interval: float) -> Floats:
    """Least squares under the true law, r_i'' = Σ_j k_ij (r_j - r_i): what can be known at most.

    Accelerations are central differences of velocities.

    Args:
        states: [B, N, T, 4], positions and velocities.
        interval: Time between moments.

    Returns:
        k of every pair: [B, pairs i < j].
    """
    r, v = states[..., :2].astype(np.float64), states[..., 2:].astype(np.float64)
    force = (v[:, :, 2:] - v[:, :, :-2]) / (2 * interval)
    first, second = np.triu_indices(states.shape[1], k=1)
    away = (r[:, second] - r[:, first])[:, :, 1:-1]  # [B, pairs, T - 2, 2]
    particle = np.eye(states.shape[1])
    sign = particle[first] - particle[second]  # the force on i, and its reaction on j
    design = np.einsum("pi,bptd->bitdp", sign, away).reshape(len(states), -1, len(first))
    found: Floats = np.stack(
        [np.linalg.lstsq(a, b, rcond=None)[0]
         for a, b in zip(design, force.reshape(len(states), -1), strict=True)]
    )  # fmt: skip
    return found


Rule = Callable[[Floats], NDArray[np.bool_]]


def best_rule(scores: Array, joined: Array) -> Rule:
    """How to call pairs by a score so that those given are called right most often.

    Pairs above a cut, below it, or beyond it in size: a correlation may mean a spring in any of
    these ways.

    Args:
        scores: Of known pairs, any shape.
        joined: Whether each is joined.
    """
    ways = (np.positive, np.negative, np.abs)
    found = [(*_best_cut(way(scores), joined), way) for way in ways]
    _, cut, way = max(found, key=lambda each: each[0])

    def call(more: Floats) -> NDArray[np.bool_]:
        above: NDArray[np.bool_] = way(more) > cut
        return above

    return call


def _best_cut(scores: Array, joined: Array) -> tuple[int, float]:
    """How many are right when those above the best cut are called joined, and the cut."""
    order = np.argsort(scores, axis=None)
    ranked, truth = scores.ravel()[order], joined.ravel()[order].astype(np.int64)
    # With the cut after the first k, those are called apart and the rest joined.
    apart = np.concatenate([[0], np.cumsum(1 - truth)])
    right = apart + truth.sum() - np.concatenate([[0], np.cumsum(truth)])
    k = int(right.argmax())
    edges = np.concatenate([[ranked[0] - 1], ranked, [ranked[-1] + 1]])
    return int(right[k]), float((edges[k] + edges[k + 1]) / 2)


def _pairs(matrix: Floats) -> Floats:
    first, second = np.triu_indices(matrix.shape[-1], k=1)
    chosen: Floats = matrix[..., first, second]
    return chosen
