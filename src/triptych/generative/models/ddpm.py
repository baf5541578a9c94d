"""Denoising diffusion probabilistic model (Ho, Jain & Abbeel 2020), ε-prediction."""

from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from triptych.generative.base import GenerativeModel
from triptych.generative.diffusion import (
    at,
    diffuse,
    gaussian_kl,
    linear_schedule,
    posterior_mean,
    predict_x0,
)
from triptych.generative.networks.mlp import ResidualMLP
from triptych.generative.networks.unet import UNet
from triptych.generative.observation import discretised_gaussian_log_prob, quantise
from triptych.model import Batch, Meta
from triptych.params import TrainingParams, at_evaluation


class DDPMParams(TrainingParams):
    """Parameters of DDPM."""

    diffusion_steps: int = Field(1000, ge=2, description="T, steps of the process")
    network: Literal["mlp", "unet"] = Field(
        "unet", description="mlp serves 8×8 images on a CPU; unet everything larger"
    )
    width: int = Field(
        64, ge=8, description="Units per layer (mlp) or channels at full size (unet)"
    )
    blocks: int = Field(4, ge=1, description="Residual blocks (mlp)")
    multipliers: list[int] = Field([1, 2, 2], description="Channels per resolution, × width (unet)")
    attention: bool = Field(True, description="Self-attention at the lowest resolution (unet)")
    dropout: float = Field(0.0, ge=0, lt=1, description="In the residual blocks (unet)")
    variance: Literal["beta", "posterior"] = at_evaluation(
        "posterior",
        description="σ_t² of the reverse process: β_t, or β̃_t with σ_1² = β_1; bound and samples",
    )
    clip: bool = at_evaluation(
        True, description="Clip x̂_0 to [−1, 1] in every reverse step, in bound and samples alike"
    )


class Entry(GenerativeModel):
    """ε_θ trained on L_simple = E‖ε − ε_θ(x_t, t)‖²; bound L_T + Σ L_{t−1} + L_0."""

    Params = DDPMParams
    family = "diffusion"

    def __init__(self, params: DDPMParams, meta: Meta) -> None:
        super().__init__(params, meta)
        self.schedule = linear_schedule(params.diffusion_steps)
        self.network: nn.Module = (
            ResidualMLP(self.shape, params.width, params.blocks)
            if params.network == "mlp"
            else UNet(
                self.shape, params.width, params.multipliers, params.dropout, params.attention
            )
        )

    @property
    def evaluations_per_sample(self) -> int:
        """One network evaluation per step."""
        return self.schedule.steps

    def predict_noise(self, xt: Tensor, t: Tensor) -> Tensor:
        """ε_θ(x_t, t) in float32, whatever the network computes in; times scaled to 0 … 1000."""
        time = t.to(torch.float32) * (1000.0 / self.schedule.steps)
        out: Tensor = self.network(xt, time)
        return out.float() if xt.dtype == torch.float32 else out

    def loss(self, batch: Batch, rng: torch.Generator) -> Tensor:
        """L_simple: the mean squared error of the noise, t uniform on 1 … T."""
        x0 = self.normalised(batch["x"])
        t = torch.randint(1, self.schedule.steps + 1, (len(x0),), generator=rng, device=x0.device)
        noise = torch.randn(x0.shape, generator=rng, device=x0.device, dtype=x0.dtype)
        xt = diffuse(self.schedule, x0, t, noise)
        return (self.predict_noise(xt, t) - noise).square().mean()

    def reverse_mean(self, xt: Tensor, t: Tensor) -> Tensor:
        """μ_θ(x_t, t) = μ̃_t(x_t, x̂_0)."""
        x0 = predict_x0(self.schedule, xt, t, self.predict_noise(xt, t))
        if self.params.clip:
            x0 = x0.clamp(-1.0, 1.0)
        return posterior_mean(self.schedule, x0, xt, t)

    @torch.no_grad()
    def bound_terms(self, x: Tensor, rng: torch.Generator) -> dict[str, Tensor]:
        """L_T, ΣL_{t−1} (t = 2 … T) and L_0 in nats per example, one noise draw per (image, t).

        The terms add up to an unbiased estimate of an upper bound on −log p(x_0).
        """
        x0 = self.normalised(x)
        n = len(x0)
        variance = self.schedule.reverse_variance(self.params.variance)
        ones = torch.ones_like(x0)
        last = torch.full((n,), self.schedule.steps, device=x0.device)
        alpha_bar = at(self.schedule.alpha_bar, last, x0)
        prior = gaussian_kl(
            alpha_bar.sqrt() * x0, (1 - alpha_bar) * ones, torch.zeros_like(x0), ones
        )
        kl = torch.zeros(n, dtype=torch.float64, device=x0.device)
        decoder = torch.zeros(n, dtype=torch.float64, device=x0.device)
        for step in range(self.schedule.steps, 0, -1):
            t = torch.full((n,), step, device=x0.device)
            noise = torch.randn(x0.shape, generator=rng, device=x0.device, dtype=x0.dtype)
            xt = diffuse(self.schedule, x0, t, noise)
            mean = self.reverse_mean(xt, t)
            if step == 1:
                log_scale = 0.5 * at(variance, t, x0).log()
                log_p = discretised_gaussian_log_prob(x, mean, log_scale, self.levels)
                decoder = -log_p.flatten(1).sum(1).double()
            else:
                kl += gaussian_kl(
                    posterior_mean(self.schedule, x0, xt, t),
                    at(self.schedule.posterior_variance, t, x0),
                    mean,
                    at(variance, t, x0),
                ).flatten(1).sum(1).double()  # fmt: skip
        return {"L_T": prior.flatten(1).sum(1).double(), "sum_L_t": kl, "L_0": decoder}

    @torch.no_grad()
    def sample(self, n: int, rng: torch.Generator) -> Tensor:
        """Ancestral sampling from x_T ~ N(0, I); no noise at the last step."""
        device = next(self.parameters()).device
        x = torch.randn(n, *self.shape, generator=rng, device=device)
        deviation = self.schedule.reverse_variance(self.params.variance).sqrt().float().to(device)
        for step in range(self.schedule.steps, 0, -1):
            t = torch.full((n,), step, device=device)
            x = self.reverse_mean(x, t)
            if step > 1:
                noise = torch.randn(x.shape, generator=rng, device=device)
                x = x + deviation[step - 1] * noise
        return quantise(x, self.levels)

    def sampling_protocol(self) -> str:
        """What the samples are."""
        return f"ancestral, {self.likelihood_protocol()}"

    def likelihood_protocol(self) -> str:
        """The choices that bound and samples share."""
        sigma = "β_t" if self.params.variance == "beta" else "β̃_t, σ₁²=β₁"
        clip = "x̂₀ clipped" if self.params.clip else "x̂₀ not clipped"
        return f"T={self.schedule.steps}, σ_t²={sigma}, {clip}"
