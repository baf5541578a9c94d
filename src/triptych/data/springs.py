"""Particles in the plane, some pairs of them joined by springs: motion is seen, springs are not.

The system of Kipf, Fetaya, Wang, Welling and Zemel, "Neural Relational Inference for Interacting
Systems" (ICML 2018, https://arxiv.org/abs/1802.04687) without its walls. All masses are 1; a spring
of constant k and no length joins i and j, so that with the Laplacian L of the springs

    r'' = -k L r        (each coordinate by itself)

which is linear and has the exact solution of :func:`exact`: a pair that hangs together swings about
its centre with period 2π / √(2k).
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from triptych.data.edges import undirected
from triptych.data.prepared import Prepared, describe
from triptych.seeding import numpy_generator

Floats = NDArray[np.float64]
STATE = 4  # two coordinates, two velocities


def data_set(
    raw: Path | None,
    systems: int,
    particles: int,
    probability: float,
    stiffness: float,
    times: int,
    interval: float,
    substeps: int,
    seed: int,
) -> Prepared:
    """Trajectories of many systems, each with springs of its own.

    Positions and velocities start normally distributed with variance 1/4 per coordinate, in the
    frame where the centre of mass rests at 0.

    Args:
        raw: Not used.
        systems: How many.
        particles: N of each.
        probability: Of a spring, for each pair.
        stiffness: k.
        times: T, observed moments.
        interval: Time between them.
        substeps: Steps of the integrator between them.
        seed: Of all draws.

    Returns:
        Kind ``graphs``: ``x`` [systems N, 4 T], a particle's (position, velocity) at every moment,
        moment by moment; ``edge_index``: the springs; ``y``: the share of pairs with a spring.
    """
    rng = numpy_generator("springs", seed)
    upper = np.triu(rng.random((systems, particles, particles)) < probability, k=1)
    joined = (upper | upper.transpose(0, 2, 1)).astype(np.float64)
    start = 0.5 * rng.standard_normal((systems, particles, STATE))
    start -= start.mean(axis=1, keepdims=True)
    seen = simulate(joined, start, stiffness, times, interval, substeps)
    system, first, second = np.nonzero(upper)
    pairs = np.stack([system * particles + first, system * particles + second])
    edges = undirected(pairs, systems * particles)
    x = seen.transpose(0, 2, 1, 3).reshape(systems * particles, times * STATE)
    arrays = {
        "x": x.astype(np.float32),
        "edge_index": edges,
        "graph": np.repeat(np.arange(systems), particles),
        "y": upper.sum(axis=(1, 2)) / (particles * (particles - 1) / 2),
    }
    meta = describe(
        "graphs",
        systems,
        task=None,
        notes=[
            f"{particles} particles of mass 1, springs (k = {stiffness:g}) with probability "
            f"{probability:g}, {times} moments {interval:g} apart, leapfrog with {substeps} steps "
            "between them; no noise, no walls"
        ],
        n_nodes=len(x),
        n_features=x.shape[1],
        n_edges=int(edges.shape[1]),
        times=times,
        interval=interval,
    )
    return Prepared(arrays, meta)


def simulate(
    joined: Floats, start: Floats, stiffness: float, times: int, interval: float, substeps: int
) -> Floats:
    """Leapfrog: half a kick, a drift, half a kick; symplectic and reversible, second order.

    Args:
        joined: 0 or 1, symmetric [..., N, N].
        start: Positions and velocities [..., N, 4].
        stiffness: k.
        times: T.
        interval: Time between two observations.
        substeps: Steps between them.

    Returns:
        [..., T, N, 4]; the first moment is the start.
    """
    step = interval / substeps
    force = -stiffness * laplacian(joined)
    r, v = start[..., :2].copy(), start[..., 2:].copy()
    seen = [start]
    for _ in range(times - 1):
        for _ in range(substeps):
            v = v + 0.5 * step * (force @ r)
            r = r + step * v
            v = v + 0.5 * step * (force @ r)
        seen.append(np.concatenate([r, v], axis=-1))
    return np.stack(seen, axis=-3)


def exact(joined: Floats, start: Floats, stiffness: float, time: float) -> Floats:
    """The state after ``time``, by the eigenvectors of the Laplacian: [..., N, 4].

    A mode of eigenvalue λ swings with ω = √(kλ); one of λ = 0 (the centre of a connected part)
    drifts: sin(ωt) / ω becomes t.
    """
    values, modes = np.linalg.eigh(laplacian(joined))
    omega = np.sqrt(stiffness * np.clip(values, 0, None))[..., None]
    r, v = (np.swapaxes(modes, -1, -2) @ half for half in (start[..., :2], start[..., 2:]))
    swing = time * np.sinc(omega * time / np.pi)  # sin(ωt) / ω
    turned = np.cos(omega * time)
    return np.concatenate(
        [modes @ (turned * r + swing * v), modes @ (turned * v - omega**2 * swing * r)], axis=-1
    )


def energy(joined: Floats, states: Floats, stiffness: float) -> Floats:
    """½ Σ |v|² + ½ k Σ_springs |r_i - r_j|² of states [..., N, 4]: [...]."""
    r, v = states[..., :2], states[..., 2:]
    stretched = (r * (laplacian(joined) @ r)).sum(axis=(-1, -2))
    total: Floats = 0.5 * (v**2).sum(axis=(-1, -2)) + 0.5 * stiffness * stretched
    return total


def laplacian(joined: Floats) -> Floats:
    """D - A of [..., N, N]."""
    degree: Floats = joined.sum(axis=-1)
    diagonal = np.eye(joined.shape[-1]) * degree[..., None]
    return diagonal - joined
