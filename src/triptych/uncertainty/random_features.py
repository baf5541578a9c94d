"""A Gaussian process as the last layer, by random Fourier features (Rahimi & Recht 2007)."""

import math

import torch
from torch import Tensor, nn


class RandomFeatures(nn.Module):
    r"""Features whose inner products approach the Gaussian kernel.

    .. math:: \Phi(h) = \sqrt{2/M}\, \cos(W h + b), \quad W_{ij} \sim N(0, 1/\ell^2), \;
              b_i \sim U(0, 2\pi), \qquad
              E[\Phi(h)^T \Phi(h')] = \exp(-\|h - h'\|^2 / 2\ell^2)

    With a factor 2/√M in place of √(2/M) the kernel would be twice too large.
    """

    weight: Tensor
    phase: Tensor

    def __init__(self, inputs: int, features: int, lengthscale: float) -> None:
        """Draw the features, from torch's global stream; they are not trained.

        Args:
            inputs: Dimension of h.
            features: M.
            lengthscale: ℓ.
        """
        super().__init__()
        self.register_buffer("weight", torch.randn(features, inputs) / lengthscale)
        self.register_buffer("phase", torch.rand(features) * 2 * math.pi)

    def forward(self, h: Tensor) -> Tensor:
        """Φ [N, M] of h [N, inputs]."""
        scale = math.sqrt(2 / len(self.phase))
        return scale * torch.cos(nn.functional.linear(h, self.weight, self.phase))


class GaussianProcess(nn.Module):
    r"""Logits Φ(h)ᵀβ_k with a posterior over β that all classes share.

    .. math:: \beta_k \sim N(\hat\beta_k, \Lambda^{-1}), \quad
              \Lambda = r I + \textstyle\sum_n w_n \Phi(h_n) \Phi(h_n)^T

    The prior has precision r. Laplace's approximation weighs an image by the curvature of its
    likelihood, w_n = p_k(1 − p_k), which vanishes where the network is sure; with w_n = 1, the
    curvature of a Gaussian likelihood, the variance measures nothing but the distance from the
    training images. Λ is computed in one pass over them after training, so that no batch is
    forgotten and none counts twice.
    """

    precision: Tensor
    root: Tensor

    def __init__(
        self, inputs: int, classes: int, features: int, lengthscale: float, ridge: float
    ) -> None:
        super().__init__()
        self.ridge = ridge
        self.features = RandomFeatures(inputs, features, lengthscale)
        self.beta = nn.Linear(features, classes, bias=False)
        self.register_buffer("precision", ridge * torch.eye(features, dtype=torch.float64))
        self.register_buffer("root", torch.eye(features, dtype=torch.float64) / math.sqrt(ridge))

    def forward(self, h: Tensor) -> Tensor:
        """Mean logits [N, K]."""
        logits: Tensor = self.beta(self.features(h))
        return logits

    def condition(self, h: Tensor, weights: Tensor | None = None) -> None:
        """Compute the posterior's precision.

        Args:
            h: [N, inputs] of all training images.
            weights: w [N]; 1 by default.
        """
        phi = self.features(h).double()
        weighted = phi if weights is None else phi * weights.double()[:, None]
        prior = self.ridge * torch.eye(phi.shape[1], dtype=torch.float64, device=phi.device)
        self.precision.copy_(prior + phi.T @ weighted)
        self.root.copy_(inverse_root(self.precision))

    def variance(self, h: Tensor) -> Tensor:
        """Variance of every class's logit, Φᵀ Λ⁻¹ Φ, float64 [N]; at most |Φ|²/r."""
        phi: Tensor = self.features(h)
        return ((phi.double() @ self.root) ** 2).sum(dim=1)

    def draw(self, samples: int, rng: torch.Generator) -> Tensor:
        """Draws from the posterior, as distances β − β̂ from its mean: [S, M, K]."""
        size, classes = len(self.root), self.beta.out_features
        noise = torch.randn(samples, size, classes, generator=rng).to(self.root)
        return (self.root @ noise).to(self.beta.weight.dtype)

    def under(self, drawn: Tensor, h: Tensor) -> Tensor:
        """Logits [S, N, K] under draws [S, M, K], each one function for all rows of h."""
        phi: Tensor = self.features(h)
        logits: Tensor = self.beta(phi) + phi @ drawn
        return logits


def inverse_root(precision: Tensor) -> Tensor:
    """A matrix R with R Rᵀ = Λ⁻¹, for a positive definite Λ."""
    lower = torch.linalg.cholesky(precision)
    identity = torch.eye(len(precision), dtype=precision.dtype, device=precision.device)
    inverse: Tensor = torch.linalg.solve_triangular(lower, identity, upper=False)
    return inverse.T


def mean_field(logits: Tensor, variance: Tensor, factor: float = math.pi / 8) -> Tensor:
    r"""Logits whose softmax approximates the mean softmax of Gaussian logits.

    .. math:: z_k / \sqrt{1 + \lambda \sigma^2}

    (MacKay 1992; Lu, Ie & Sha 2020). The predicted class does not change.

    Args:
        logits: Means [N, K].
        variance: σ² [N].
        factor: λ; π/8 matches the logistic function to the normal distribution's, 0 leaves the
            logits alone.
    """
    return logits / torch.sqrt(1 + factor * variance)[:, None].to(logits.dtype)
