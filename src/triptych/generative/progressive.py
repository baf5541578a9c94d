"""What a diffusion model can be asked beyond samples and a bound: how both come about.

Rate and distortion follow section 4.3 of Ho, Jain & Abbeel (2020).
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, Protocol, get_args, runtime_checkable

import numpy as np
import torch
from torch import Tensor

from triptych.files import Array
from triptych.generative.diffusion import Schedule, Variance, bound_constant
from triptych.generative.diffusion_sampling import State
from triptych.metrics.spectra import band_correlation

SamplerName = Literal["ancestral", "ddim"]


@dataclass(frozen=True)
class BoundByStep:
    """The bound on −log p(x_0), term by term, one noise draw per (image, t).

    Attributes:
        prior: L_T in nats, float64 [N].
        terms: Row t − 1 is L_{t−1} in nats (L_0 first), float64 [T, N].
        error: Row t − 1 is ‖x_0 − x̂_0(x_t)‖² per dimension, [−1, 1] units, float64 [T, N].
        first: L_0 in nats for either choice of σ_1², float64 [N] each.
    """

    prior: Tensor
    terms: Tensor
    error: Tensor
    first: dict[Variance, Tensor]


@runtime_checkable
class Diffusion(Protocol):
    """A process of T steps whose inside can be looked at."""

    diffusion_steps: int
    schedule: Schedule
    own_sampler: tuple[SamplerName, int]
    eta: float  # noise of the ddim sampler

    def bound_by_step(self, x: Tensor, rng: torch.Generator) -> BoundByStep:
        """Every term for images ``x``, levels [N, C, H, W]."""
        ...

    def sample_in(self, steps: int, sampler: SamplerName, n: int, rng: torch.Generator) -> Tensor:
        """``n`` images in so many network evaluations, uint8 levels."""
        ...

    def progress(self, n: int, rng: torch.Generator) -> Iterator[State]:
        """The states of ancestral sampling over all T steps, ``n`` images side by side."""
        ...

    def restore(self, x: Tensor, step: int, rng: torch.Generator) -> Tensor:
        """x̂_0(x_t) in [−1, 1] of images ``x`` (levels) that were noised to ``step``."""
        ...


def step_at(fraction: float, steps: int) -> int:
    """The step t in 1 … T nearest to a fraction of T."""
    return max(1, round(fraction * steps))


def bounds_by_variance(
    bound: BoundByStep, schedule: Schedule, dimensions: int
) -> dict[tuple[Variance, Variance], Tensor]:
    """The same bound under every choice of the reverse process' variances.

    The network says x̂_0 alone, so that L_{t−1} for t ≥ 2 follows from its error under any σ_t²:
    D c_t + a_t² ‖x_0 − x̂_0‖² / (2 σ_t²) with c_t of :func:`~triptych.generative.diffusion.
    bound_constant` and a_t the coefficient of x_0 in μ̃_t.

    Args:
        bound: Terms of N images.
        schedule: Of the process.
        dimensions: D.

    Returns:
        (choice of σ_t² for t ≥ 2, choice of σ_1²) -> bound on −log p(x_0) in nats, float64 [N].
    """
    found: dict[tuple[Variance, Variance], Tensor] = {}
    error = bound.error[1:] * dimensions
    for choice in get_args(Variance):
        variance = schedule.reverse_variance(choice)
        constant = dimensions * bound_constant(schedule, variance)[1:, None]
        weight = (schedule.posterior_x0.square() / (2 * variance))[1:, None]
        later = (weight.to(error) * error + constant.to(error)).sum(0)
        for first, nats in bound.first.items():
            found[choice, first] = bound.prior + later + nats
    return found


def rate_distortion(bound: BoundByStep, levels: int, dimensions: int) -> tuple[Array, Array]:
    """What a receiver has paid, and how far x̂_0 is off, after every step of the reverse process.

    Args:
        bound: Terms of N images.
        levels: L.
        dimensions: Of an image.

    Returns:
        (rate, distortion), row t for the state x_t, in units of bits per dimension (L_T and all
        L_{s−1} with s > t) and grey levels (root mean squared error of x̂_0(x_t)), each [T + 1].
        Row 0 is the end: all bits, L_0 among them, which code the image itself, without error.
    """
    terms = bound.terms.mean(1).cpu().numpy()
    paid = np.append(np.cumsum(terms[::-1])[::-1], 0.0)  # Σ_{s>t} L_{s−1}
    rate = (float(bound.prior.mean()) + paid) / (dimensions * math.log(2.0))
    error = np.append(0.0, bound.error.mean(1).cpu().numpy())
    return rate, np.sqrt(error) * (levels - 1) / 2.0


def agreement(states: list[State], masks: dict[str, Array]) -> dict[str, Array]:
    """Correlation of x̂_0(t) with the final sample in each band of frequencies.

    Args:
        states: All states of a sampler, in its order.
        masks: Band -> mask of Fourier coefficients.

    Returns:
        Band -> correlations, one per state.
    """
    final = states[-1].x.cpu().double().numpy()
    guesses = [state.x0.cpu().double().numpy() for state in states]
    return {
        name: np.array([band_correlation(guess, final, mask) for guess in guesses])
        for name, mask in masks.items()
    }


def settled(times: Array, correlation: Array, threshold: float) -> float:
    """Largest t at and below which the correlation stays at or above ``threshold``; else 0.

    Args:
        times: t of the states, descending.
        correlation: One value per state; nan counts as below.
        threshold: In (−1, 1].
    """
    reached = np.flatnonzero(~(correlation >= threshold))
    first = int(reached[-1]) + 1 if len(reached) else 0
    return float(times[first]) if first < len(times) else 0.0
