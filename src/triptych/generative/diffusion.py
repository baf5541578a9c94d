"""The diffusion process: schedule, forward marginals, posteriors, and the bound (Ho et al. 2020).

Step t runs from 1 to T; arrays are indexed by t − 1. Coefficients are computed in float64 and cast
once.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

Variance = Literal["beta", "posterior"]


@dataclass(frozen=True)
class Schedule:
    """A variance schedule and everything derived from it, each a float64 tensor [T].

    Attributes:
        beta: β_t.
        alpha: α_t = 1 − β_t.
        alpha_bar: ᾱ_t = Π_{s≤t} α_s.
        alpha_bar_previous: ᾱ_{t−1}, with ᾱ_0 = 1.
        posterior_variance: β̃_t = β_t (1 − ᾱ_{t−1}) / (1 − ᾱ_t); zero at t = 1.
        posterior_x0: Coefficient of x_0 in μ̃_t, √ᾱ_{t−1} β_t / (1 − ᾱ_t).
        posterior_xt: Coefficient of x_t in μ̃_t, √α_t (1 − ᾱ_{t−1}) / (1 − ᾱ_t).
    """

    beta: Tensor
    alpha: Tensor
    alpha_bar: Tensor
    alpha_bar_previous: Tensor
    posterior_variance: Tensor
    posterior_x0: Tensor
    posterior_xt: Tensor

    @property
    def steps(self) -> int:
        """T."""
        return len(self.beta)

    def reverse_variance(self, choice: Variance) -> Tensor:
        """σ_t² of p(x_{t−1} | x_t): β_t or β̃_t; σ_1² = β_1 in both, as β̃_1 = 0 has no density."""
        if choice == "beta":
            return self.beta
        variance = self.posterior_variance.clone()
        variance[0] = self.beta[0]
        return variance


def make_schedule(beta: Tensor) -> Schedule:
    """Derive all coefficients from β (float64 [T])."""
    alpha = 1.0 - beta
    alpha_bar = torch.cumprod(alpha, 0)
    previous = torch.cat([torch.ones(1, dtype=beta.dtype), alpha_bar[:-1]])
    return Schedule(
        beta,
        alpha,
        alpha_bar,
        previous,
        beta * (1 - previous) / (1 - alpha_bar),
        previous.sqrt() * beta / (1 - alpha_bar),
        alpha.sqrt() * (1 - previous) / (1 - alpha_bar),
    )


def linear_schedule(steps: int) -> Schedule:
    """β from 1e-4 to 0.02, scaled by 1000/T so that ᾱ_T stays near 4e-5 for any T."""
    scale = 1000.0 / steps
    return make_schedule(
        torch.linspace(scale * 1e-4, min(scale * 0.02, 0.999), steps, dtype=torch.float64)
    )


def diffuse(schedule: Schedule, x0: Tensor, t: Tensor, noise: Tensor) -> Tensor:
    """x_t = √ᾱ_t x_0 + √(1 − ᾱ_t) ε for t in 1 … T, per example [N]."""
    alpha_bar = at(schedule.alpha_bar, t, x0)
    return alpha_bar.sqrt() * x0 + (1 - alpha_bar).sqrt() * noise


def predict_x0(schedule: Schedule, xt: Tensor, t: Tensor, noise: Tensor) -> Tensor:
    """x̂_0 = (x_t − √(1 − ᾱ_t) ε̂) / √ᾱ_t."""
    alpha_bar = at(schedule.alpha_bar, t, xt)
    return (xt - (1 - alpha_bar).sqrt() * noise) / alpha_bar.sqrt()


def posterior_mean(schedule: Schedule, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
    """μ̃_t(x_t, x_0), the mean of q(x_{t−1} | x_t, x_0)."""
    return at(schedule.posterior_x0, t, xt) * x0 + at(schedule.posterior_xt, t, xt) * xt


def at(table: Tensor, t: Tensor, like: Tensor) -> Tensor:
    """``table[t − 1]`` per example, shaped to broadcast over ``like`` [N, ...], in its type."""
    values = table.to(device=like.device, dtype=like.dtype)[t - 1]
    return values.view(-1, *([1] * (like.dim() - 1)))


def gaussian_kl(mean1: Tensor, var1: Tensor, mean2: Tensor, var2: Tensor) -> Tensor:
    """KL(N(μ₁, σ₁²) ‖ N(μ₂, σ₂²)) in nats, elementwise."""
    return 0.5 * (var2.log() - var1.log() + (var1 + (mean1 - mean2).square()) / var2 - 1)
