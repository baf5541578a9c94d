"""Denoising diffusion probabilistic model (Ho, Jain & Abbeel 2020), ε-prediction."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Literal, get_args

import torch
from pydantic import Field
from torch import Tensor, nn

from triptych.generative import diffusion_sampling
from triptych.generative.base import GenerativeModel
from triptych.generative.diffusion import (
    Tables,
    Variance,
    diffuse,
    linear_schedule,
    posterior_mean,
    predict_x0,
)
from triptych.generative.diffusion_bound import decoder_nats, prior_divergence, step_divergence
from triptych.generative.diffusion_sampling import Plan, State
from triptych.generative.networks.hidden import activations, flat
from triptych.generative.networks.mlp import ResidualMLP
from triptych.generative.networks.unet import UNet
from triptych.generative.observation import quantise
from triptych.generative.progressive import BoundByStep, SamplerName
from triptych.model import Batch, Meta
from triptych.params import Count, TrainingParams, at_evaluation
from triptych.training import predict_in_batches

CHUNK = {"cpu": 256, "cuda": 2000}  # images in one pass: the CPU's caches, the GPU's memory


class DDPMParams(TrainingParams):
    """Parameters of DDPM."""

    objective: Literal["simple", "bound"] = Field(
        "simple",
        description="simple: mean squared error of the noise; bound: the variational bound itself",
    )
    bound_variance: Literal["beta", "posterior"] = Field(
        "posterior",
        description="σ_t² in the weights of the objective bound (σ_1² = β_1); as `variance`",
    )
    diffusion_steps: int = Field(1000, ge=2, description="T, steps of the process")
    network: Literal["mlp", "unet"] = Field(
        "unet", description="mlp serves 8×8 images on a CPU; unet everything larger"
    )
    width: int = Field(
        64, ge=8, description="Units per layer (mlp) or channels at full size (unet)"
    )
    blocks: int = Field(4, ge=1, description="Residual blocks (mlp)")
    multipliers: list[Count] = Field(
        [1, 2, 2], min_length=1, description="Channels per resolution, × width (unet)"
    )
    attention: bool = Field(True, description="Self-attention at the lowest resolution (unet)")
    dropout: float = Field(0.0, ge=0, lt=1, description="In the residual blocks (unet)")
    channels_last: bool = Field(
        False, description="Memory layout of the unet; measure with benchmarks/ddpm_step.py"
    )
    compiled: bool = Field(
        False, description="torch.compile the network; measure with benchmarks/ddpm_step.py"
    )
    variance: Literal["beta", "posterior"] = at_evaluation(
        "posterior", description="σ_t² of the reverse process: β_t or β̃_t; bound and samples"
    )
    first_variance: Literal["beta", "posterior"] = at_evaluation(
        "beta", description="σ_1², the decoder's: β_1, or β̃_2 (β̃_1 = 0 has no density)"
    )
    clip: bool = at_evaluation(
        True, description="Clip x̂_0 to [−1, 1] in every reverse step, in bound and samples alike"
    )
    sampler: Literal["ancestral", "ddim"] = at_evaluation(
        "ancestral", description="How images are drawn"
    )
    sampling_steps: int | None = at_evaluation(
        None, ge=1, description="Evenly spaced steps that the sampler takes; none: all T"
    )
    eta: float = at_evaluation(
        0.0, ge=0, le=1, description="Noise of the ddim sampler: 0 deterministic, 1 ancestral"
    )
    feature_time: float = at_evaluation(
        0.05, gt=0, le=1, description="t / T at which the network's hidden features are read"
    )


class Entry(GenerativeModel):
    """ε_θ trained on L_simple = E‖ε − ε_θ(x_t, t)‖² or on the bound L_T + Σ L_{t−1} + L_0.

    Both objectives draw t uniformly and use the same network, so that only the weights of the terms
    differ.
    """

    Params = DDPMParams
    family = "diffusion"

    def __init__(self, params: DDPMParams, meta: Meta) -> None:
        super().__init__(params, meta)
        self.eta = params.eta
        self.schedule = linear_schedule(params.diffusion_steps)
        self.tables = Tables(
            self.schedule,
            self.schedule.reverse_variance(params.variance, params.first_variance),
            self.schedule.reverse_variance(params.bound_variance),
        )
        self.network: nn.Module = (
            ResidualMLP(self.shape, params.width, params.blocks)
            if params.network == "mlp"
            else UNet(
                self.shape, params.width, params.multipliers, params.dropout, params.attention
            )
        )
        self.layout = torch.contiguous_format
        if params.channels_last and params.network == "unet":
            self.layout = torch.channels_last
            self.network.to(memory_format=self.layout)  # type: ignore[call-overload]
        if params.compiled:
            self.network.compile()

    @property
    def diffusion_steps(self) -> int:
        """T."""
        return self.schedule.steps

    @property
    def evaluations_per_sample(self) -> int:
        """One network evaluation per step."""
        return self.params.sampling_steps or self.diffusion_steps

    @property
    def own_sampler(self) -> tuple[SamplerName, int]:
        """How :meth:`sample` draws: the sampler and its number of steps."""
        return self.params.sampler, self.evaluations_per_sample

    def predict_noise(self, xt: Tensor, t: Tensor) -> Tensor:
        """ε_θ(x_t, t) in float32, whatever the network computes in."""
        out: Tensor = self.network(xt.contiguous(memory_format=self.layout), self._time(t))
        return out.float() if xt.dtype == torch.float32 else out

    def _time(self, t: Tensor) -> Tensor:
        """Times scaled to 0 … 1000, which the network embeds."""
        return t.to(torch.float32) * (1000.0 / self.diffusion_steps)

    def loss(self, batch: Batch, rng: torch.Generator) -> Tensor:
        """The objective, t uniform on 1 … T; one draw of t and of noise per image."""
        x0 = self.normalised(batch["x"])
        t = torch.randint(1, self.diffusion_steps + 1, (len(x0),), generator=rng, device=x0.device)
        noise = _normal(x0.shape, rng, x0)
        xt = diffuse(self.tables, x0, t, noise)
        predicted = self.predict_noise(xt, t)
        error = (predicted - noise).square().flatten(1).mean(1)
        if self.params.objective == "simple":
            return error.mean()
        return self._bound_estimate(batch["x"], xt, t, predicted, error).mean()

    def _bound_estimate(
        self, x: Tensor, xt: Tensor, t: Tensor, predicted: Tensor, error: Tensor
    ) -> Tensor:
        """T · L_{t−1} in nats per dimension [N]: over t its mean is the bound without L_T.

        x̂_0 is not clipped here: a clipped one has no gradient.
        """
        kl = self.tables.weight[t - 1] * error + self.tables.constant[t - 1]
        first = (t == 1).view(-1, *([1] * (xt.dim() - 1)))
        guess = predict_x0(self.tables, xt, t, predicted)
        mean = posterior_mean(self.tables, guess, xt, t)
        # Elsewhere than at t = 1 the decoder sees the data, so that no gradient overflows there.
        mean = torch.where(first, mean, self.normalised(x))
        decoder = decoder_nats(x, mean, self.tables.objective_variance[0], self.levels)
        return self.diffusion_steps * torch.where(t == 1, decoder / self.dimensions, kl)

    def reverse_mean(self, xt: Tensor, t: Tensor) -> Tensor:
        """μ_θ(x_t, t) = μ̃_t(x_t, x̂_0)."""
        return posterior_mean(self.tables, self.estimate_x0(xt, t), xt, t)

    def estimate_x0(self, xt: Tensor, t: Tensor) -> Tensor:
        """x̂_0(x_t, t), clipped where the model says so."""
        x0 = predict_x0(self.tables, xt, t, self.predict_noise(xt, t))
        return x0.clamp(-1.0, 1.0) if self.params.clip else x0

    @torch.no_grad()
    def bound_by_step(self, x: Tensor, rng: torch.Generator) -> BoundByStep:
        """Every term for images ``x``, levels [N, C, H, W]; unbiased, as each t has its draw."""
        parts = [
            self._bound_by_step(x[rows], rng) for rows in predict_in_batches(len(x), self._chunk)
        ]
        return BoundByStep(
            torch.cat([p.prior for p in parts]),
            torch.cat([p.terms for p in parts], 1),
            torch.cat([p.error for p in parts], 1),
            {name: torch.cat([p.first[name] for p in parts]) for name in get_args(Variance)},
        )

    def _bound_by_step(self, x: Tensor, rng: torch.Generator) -> BoundByStep:
        x0 = self.normalised(x)
        shape = (self.diffusion_steps, len(x0))
        terms = torch.empty(shape, dtype=torch.float64, device=x0.device)
        error = torch.empty_like(terms)
        for step in range(self.diffusion_steps, 0, -1):
            t = torch.full((len(x0),), step, device=x0.device)
            xt = diffuse(self.tables, x0, t, _normal(x0.shape, rng, x0))
            guess = self.estimate_x0(xt, t)
            mean = posterior_mean(self.tables, guess, xt, t)
            if step > 1:
                terms[step - 1] = step_divergence(self.tables, x0, xt, mean, t)
            error[step - 1] = (guess - x0).square().flatten(1).mean(1)
        first = {
            name: decoder_nats(x, mean, self._first_variance(name).to(mean), self.levels).double()
            for name in get_args(Variance)
        }
        terms[0] = first[self.params.first_variance]
        return BoundByStep(prior_divergence(self.schedule, x0), terms, error, first)

    def _first_variance(self, choice: Variance) -> Tensor:
        return self.schedule.reverse_variance(self.params.variance, choice)[0]

    def bound_terms(self, x: Tensor, rng: torch.Generator) -> dict[str, Tensor]:
        """L_T, ΣL_{t−1} (t = 2 … T) and L_0 in nats per example [N]."""
        found = self.bound_by_step(x, rng)
        return {"L_T": found.prior, "sum_L_t": found.terms[1:].sum(0), "L_0": found.terms[0]}

    def plan(self, steps: int, sampler: SamplerName) -> Plan:
        """A sampler of this process in so many network evaluations, on the model's device."""
        if sampler == "ddim":
            plan = diffusion_sampling.ddim(self.schedule, steps, self.params.eta)
        else:
            plan = diffusion_sampling.ancestral(
                self.schedule, steps, self.params.variance, self.params.first_variance
            )
        return plan.on(self.tables.beta.device)

    def sample(self, n: int, rng: torch.Generator) -> Tensor:
        """From x_T ~ N(0, I) by the model's own sampler; no noise at the last step."""
        return self.sample_in(self.evaluations_per_sample, self.params.sampler, n, rng)

    @torch.no_grad()
    def sample_in(self, steps: int, sampler: SamplerName, n: int, rng: torch.Generator) -> Tensor:
        """``n`` images in so many network evaluations, uint8 levels."""
        plan, parts = self.plan(steps, sampler), []
        for rows in predict_in_batches(n, self._chunk):
            start = _normal((rows.stop - rows.start, *self.shape), rng, self.tables.beta)
            x = diffusion_sampling.sample(self.predict_noise, start, plan, rng, self.params.clip)
            parts.append(quantise(x, self.levels))
        return torch.cat(parts)

    def progress(self, n: int, rng: torch.Generator) -> Iterator[State]:
        """The states of ancestral sampling over all T steps, ``n`` images side by side."""
        plan = self.plan(self.diffusion_steps, "ancestral")
        start = _normal((n, *self.shape), rng, self.tables.beta)
        return diffusion_sampling.trajectory(self.predict_noise, start, plan, rng, self.params.clip)

    @torch.no_grad()
    def restore(self, x: Tensor, step: int, rng: torch.Generator) -> Tensor:
        """x̂_0(x_t) in [−1, 1] of images ``x`` (levels) that were noised to ``step``."""
        x0 = self.normalised(x)
        t = torch.full((len(x0),), step, device=x0.device)
        xt = diffuse(self.tables, x0, t, _normal(x0.shape, rng, x0))
        return self.estimate_x0(xt, t).clamp(-1.0, 1.0)

    @torch.no_grad()
    def features(self, x: Tensor, rng: torch.Generator) -> Tensor:
        """Activations in the middle of the network for x_t at t = ``feature_time`` · T, [N, F]."""
        step = max(1, round(self.params.feature_time * self.diffusion_steps))
        layer = self.network.middle[-1] if isinstance(self.network, UNet) else self._middle_block()
        found = []
        for rows in predict_in_batches(len(x), self._chunk):
            x0 = self.normalised(x[rows])
            t = torch.full((len(x0),), step, device=x0.device)
            xt = diffuse(self.tables, x0, t, _normal(x0.shape, rng, x0))
            # `forward` itself: a compiled network would not show its inside
            call = partial(self.network.forward, xt, self._time(t))
            found.append(flat(activations(layer, call)))
        return torch.cat(found)

    @property
    def _chunk(self) -> int:
        return CHUNK.get(self.tables.beta.device.type, CHUNK["cpu"])

    def _middle_block(self) -> nn.Module:
        assert isinstance(self.network, ResidualMLP)
        return self.network.blocks[len(self.network.blocks) // 2]

    def sampling_protocol(self) -> str:
        """What the samples are."""
        steps = f"{self.evaluations_per_sample} steps"
        how = f"ddim η={self.params.eta:g}" if self.params.sampler == "ddim" else "ancestral"
        return f"{how}, {steps}, {self.likelihood_protocol()}"

    def likelihood_protocol(self) -> str:
        """The choices that bound and samples share."""
        sigma = "β_t" if self.params.variance == "beta" else "β̃_t"
        first = "β₁" if self.params.first_variance == "beta" else "β̃₂"
        clip = "x̂₀ clipped" if self.params.clip else "x̂₀ not clipped"
        trained = "L_simple" if self.params.objective == "simple" else "the bound"
        return f"T={self.diffusion_steps}, trained on {trained}, σ_t²={sigma}, σ₁²={first}, {clip}"


def _normal(shape: Sequence[int], rng: torch.Generator, like: Tensor) -> Tensor:
    return torch.randn(*shape, generator=rng, device=like.device, dtype=like.dtype)
