"""Variational autoencoder (Kingma & Welling 2014; Rezende, Mohamed & Wierstra 2014)."""

import math
from collections.abc import Sequence
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from triptych.errors import UserError
from triptych.generative.base import GenerativeModel
from triptych.generative.latent import divergence_from_prior, reparameterise
from triptych.generative.networks.mlp import mlp
from triptych.generative.observation import discretised_gaussian_log_prob, quantise
from triptych.model import Batch, Meta
from triptych.params import Count, TrainingParams

# Latent samples decoded at once. On the CPU small enough for its caches: 8×8 images took 2.7 times
# longer at 200 000; on a GPU large enough to fill it.
CHUNK = {"cpu": 5_000, "cuda": 200_000}


class VAEParams(TrainingParams):
    """Parameters of the VAE."""

    latent: int = Field(16, ge=1, description="Dimensions of z")
    hidden: list[Count] = Field(
        [256, 128], description="Widths of the encoder; the decoder mirrors them"
    )
    beta: float = Field(
        1.0, ge=0, description="Weight of KL(q‖p) in the training loss; 1 is the bound"
    )
    decoder: Literal["gaussian", "bernoulli"] = Field(
        "gaussian",
        description="p(x|z): discretised Gaussian of learnt shared variance, or, for data of two "
        "levels only, Bernoulli",
    )


class Entry(GenerativeModel):
    """p(z) = N(0, I); p(x|z) a discretised Gaussian of learnt, shared variance; q(z|x) diagonal.

    log p(x) ≥ E_q[log p(x|z)] − KL(q(z|x) ‖ p(z)). Data of two levels may have a Bernoulli p(x|z).

    Raises:
        UserError: A Bernoulli decoder was asked for on data of more than two levels.
    """

    Params = VAEParams
    family = "VAE"
    evaluations_per_sample = 1

    def __init__(self, params: VAEParams, meta: Meta) -> None:
        super().__init__(params, meta)
        self.latent = params.latent
        self.code_sizes: Sequence[int] = [params.latent]
        self.encoder = mlp([self.dimensions, *params.hidden, 2 * params.latent])
        self.decoder = mlp([params.latent, *reversed(params.hidden), self.dimensions])
        if params.decoder == "gaussian":
            self.log_scale = nn.Parameter(torch.tensor(math.log(0.5)))  # σ in [−1, 1] units
        elif self.levels != 2:
            # Its cross-entropy on grey values is no codelength: it can fall below any real one.
            raise UserError(
                f"decoder: bernoulli: expected data of 2 levels, found {self.levels}; take "
                "decoder: gaussian, or a binarised data set"
            )

    @property
    def deviation(self) -> float | None:
        """The learnt σ of p(x|z) in [−1, 1] units; a Bernoulli decoder has none."""
        return None if self.params.decoder == "bernoulli" else float(self.log_scale.detach().exp())

    @property
    def optimises_bound(self) -> bool:
        """Whether q was trained on the bound (β = 1), so that its gaps mean something."""
        return bool(self.params.beta == 1.0)

    def posterior(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log standard deviation of q(z|x), each [N, latent]."""
        mean, log_deviation = self.encoder(self.normalised(x).flatten(1)).chunk(2, dim=1)
        # Bounded away from a point mass and from overflow; both ends lie far from what is learnt.
        return mean, log_deviation.clamp(-10.0, 5.0)

    def encode(self, x: Tensor, size: int) -> Tensor:
        """Posterior means [N, latent]."""
        return self.posterior(x)[0]

    def decode(self, z: Tensor) -> Tensor:
        """Mean images, [N, C, H, W] in [−1, 1].

        The end bins of the observation model reach to ±∞, so that its mean may lie far outside for
        a pixel that is surely blank; as an image it is the end level.
        """
        if self.params.decoder == "bernoulli":
            return 2.0 * self.location(z).sigmoid() - 1.0
        return self.location(z).clamp(-1.0, 1.0)

    def location(self, z: Tensor) -> Tensor:
        """μ (Bernoulli: the logit) of p(x|z), [N, C, H, W]."""
        flat: Tensor = self.decoder(z)
        return flat.view(-1, *self.shape)

    def log_observation(self, x: Tensor, z: Tensor, deviation: float | None = None) -> Tensor:
        """Log p(x|z) in nats [N]; ``deviation`` replaces the learnt σ (Gaussian decoder only)."""
        location = self.location(z)
        if self.params.decoder == "bernoulli":
            logits = torch.where(x > 0, location, -location)
            return nn.functional.logsigmoid(logits).flatten(1).sum(1)
        log_scale = self.log_scale if deviation is None else torch.tensor(math.log(deviation))
        terms = discretised_gaussian_log_prob(x, location, log_scale, self.levels)
        return terms.flatten(1).sum(1)

    def loss(self, batch: Batch, rng: torch.Generator) -> Tensor:
        """Negative bound in nats per dimension, KL weighted by β."""
        mean, log_deviation = self.posterior(batch["x"])
        z = reparameterise(mean, log_deviation.exp(), _noise(mean.shape, rng, mean))
        kl = divergence_from_prior(mean, log_deviation)
        bound = self.log_observation(batch["x"], z) - self.params.beta * kl
        loss: Tensor = -bound.mean() / self.dimensions
        return loss

    def log_weights(
        self, x: Tensor, samples: int, rng: torch.Generator, deviation: float | None = None
    ) -> Tensor:
        """Log p(x, z) − log q(z|x) for ``samples`` draws of z from q: [samples, N].

        ``deviation`` replaces the learnt σ of p(x|z).
        """
        mean, log_deviation = self.posterior(x)
        noise = _noise((samples, *mean.shape), rng, mean)
        z = reparameterise(mean, log_deviation.exp(), noise)
        rows = z.flatten(0, 1)
        repeated = x.repeat(samples, 1, 1, 1)
        log_observation = self.log_observation(repeated, rows, deviation).view(samples, len(x))
        # The normalisers of prior and posterior cancel but for log σ.
        log_ratio = 0.5 * (noise.square() - z.square()) + log_deviation
        return log_observation + log_ratio.sum(-1)

    @torch.no_grad()
    def importance_weighted_bounds(
        self,
        x: Tensor,
        samples: Sequence[int],
        rng: torch.Generator,
        deviation: float | None = None,
    ) -> Tensor:
        """L_K = E[log (1/K) Σ_k w_k] (Burda, Grosse & Salakhutdinov 2016), [len(samples), N].

        All draws serve every K: below the largest, the average runs over disjoint groups of K.
        ``deviation`` replaces the learnt σ of p(x|z).
        """
        most = max(samples)
        bounds = torch.empty(len(samples), len(x), dtype=torch.float64, device=x.device)
        step = max(1, CHUNK.get(x.device.type, CHUNK["cpu"]) // most)
        for start in range(0, len(x), step):
            weights = self.log_weights(x[start : start + step], most, rng, deviation).double()
            for row, k in enumerate(samples):
                groups = weights[: most // k * k].view(-1, k, weights.shape[1])
                values = torch.logsumexp(groups, dim=1) - math.log(k)
                bounds[row, start : start + step] = values.mean(0)
        return bounds

    def likelihood_protocol(self) -> str:
        """What the bounds are of."""
        if self.params.decoder == "bernoulli":
            return "Bernoulli"
        return "discretised Gaussian with learnt shared variance"

    @torch.no_grad()
    def sample(self, n: int, rng: torch.Generator) -> Tensor:
        """Decoder means of z ~ N(0, I), rounded to levels."""
        z = _noise((n, self.latent), rng, next(self.decoder.parameters()))
        return quantise(self.decode(z), self.levels)

    def sampling_protocol(self) -> str:
        """What the samples are."""
        return "decoder means of prior draws (no observation noise added)"


def _noise(shape: Sequence[int], rng: torch.Generator, like: Tensor) -> Tensor:
    return torch.randn(*shape, generator=rng, device=like.device, dtype=like.dtype)
