"""Mixture of Gaussians with diagonal covariances, fitted by EM (Dempster, Laird & Rubin 1977)."""

import itertools
import warnings

import numpy as np
import torch
from pydantic import Field
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture
from torch import Tensor

from triptych.files import Array
from triptych.generative.base import Likelihood
from triptych.generative.closed_form import SELECTION, ClosedForm
from triptych.generative.observation import discretised_gaussian_log_prob, quantise
from triptych.model import Batch, Meta
from triptych.params import Count, ModelParams, Positive
from triptych.training import predict_in_batches


class GaussianMixtureParams(ModelParams):
    """Parameters of the Gaussian mixture."""

    components: list[Count] = Field(
        [20, 40, 80],
        min_length=1,
        description="Numbers of components; the best on validation images is kept",
    )
    floors: list[Positive] = Field(
        [0.03, 0.1, 0.2],
        min_length=1,
        description="Standard deviations, pixels in [−1, 1], whose squares are added to every "
        "variance; the best on validation images is kept",
    )
    iterations: int = Field(100, ge=1, description="EM steps at most")


class Entry(ClosedForm):
    """p(x) = Σ_k π_k Π_i P(x_i; μ_ki, σ_ki) with discretised Gaussians P.

    EM sees the pixels as real numbers; the likelihood is that of the integers. Because covariances
    are diagonal, each component is a product of the observation model that all families share, so
    that the likelihood of the mixture is exact (and sums to 1 over all images). Full covariances
    would leave a bound by dequantisation only; probabilistic PCA stands for those.
    """

    Params = GaussianMixtureParams
    family = "Gaussian mixture"
    evaluations_per_sample = 1

    log_weights: Tensor
    means: Tensor
    log_scales: Tensor

    def __init__(self, params: GaussianMixtureParams, meta: Meta) -> None:
        super().__init__(params, meta)
        self.register_buffer("log_weights", torch.zeros(1))
        self.register_buffer("means", torch.zeros(1, self.dimensions))
        self.register_buffer("log_scales", torch.zeros(1, self.dimensions))

    def fit_closed_form(self, train: Batch, rng: torch.Generator) -> bool:
        """EM for every setting; keep that under which validation images are likeliest."""
        flat = self.normalised(train["x"]).flatten(1).numpy().astype(np.float64)
        held_out = train["validation"][:SELECTION]
        seed = int(torch.randint(2**31 - 1, (1,), generator=rng))
        best = -np.inf
        for size, floor in itertools.product(self.params.components, self.params.floors):
            if size > len(flat):
                continue
            state = self._expectation_maximisation(flat, size, floor, seed)
            likelihood = float(mixture_log_likelihood(held_out, *state, self.levels).mean())
            if likelihood > best:
                best = likelihood
                self.log_weights, self.means, self.log_scales = state
        return True

    def _expectation_maximisation(
        self, flat: Array, size: int, floor: float, seed: int
    ) -> tuple[Tensor, Tensor, Tensor]:
        mixture = GaussianMixture(
            size, covariance_type="diag", reg_covar=floor**2, max_iter=self.params.iterations,
            random_state=seed,
        )  # fmt: skip
        with warnings.catch_warnings():  # validation judges the outcome, converged or not
            warnings.simplefilter("ignore", ConvergenceWarning)
            mixture.fit(flat)
        found = (
            np.log(mixture.weights_),
            mixture.means_,
            0.5 * np.log(mixture.covariances_),
        )
        weights, means, scales = (torch.from_numpy(array).float() for array in found)
        return weights, means, scales

    @torch.no_grad()
    def log_likelihood(self, x: Tensor, rng: torch.Generator) -> Likelihood:
        """Exact."""
        nats = mixture_log_likelihood(x, self.log_weights, self.means, self.log_scales, self.levels)
        protocol = f"mixture of {len(self.means)} products of discretised Gaussians"
        return Likelihood(nats, "exact", protocol)

    @torch.no_grad()
    def sample(self, n: int, rng: torch.Generator) -> Tensor:
        """A component, then its pixels, rounded to levels: exactly the discretised mixture."""
        chosen = torch.multinomial(self.log_weights.exp(), n, replacement=True, generator=rng)
        mean, scale = self.means[chosen], self.log_scales[chosen].exp()
        noise = torch.randn(mean.shape, generator=rng, device=mean.device, dtype=mean.dtype)
        return quantise(mean + scale * noise, self.levels).view(n, *self.shape)

    def sampling_protocol(self) -> str:
        """What the samples are."""
        return "draws of the mixture, noise included"


def mixture_log_likelihood(
    x: Tensor, log_weights: Tensor, means: Tensor, log_scales: Tensor, levels: int
) -> Tensor:
    """Log Σ_k π_k Π_i P(x_i; μ_ki, σ_ki) [N], float64.

    Args:
        x: Levels [N, C, H, W].
        log_weights: log π [K].
        means: μ [K, D] in [−1, 1] units.
        log_scales: log σ [K, D].
        levels: L.
    """
    flat, parts = x.flatten(1), []
    for rows in predict_in_batches(len(flat), max(1, 500_000 // means.numel())):
        terms = discretised_gaussian_log_prob(flat[rows, None], means, log_scales, levels)
        joint = terms.double().sum(2) + log_weights.double()
        parts.append(torch.logsumexp(joint, 1))
    return torch.cat(parts)
