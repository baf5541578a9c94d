"""The linear-Gaussian latent-variable model, where everything about the bound is exact.

x = Wz + b + σε with z ~ N(0, I): log p(x), the posterior, the bound for any Gaussian q and its gap
are all in closed form (Tipping & Bishop 1999), in float64.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from triptych.seeding import derive_seed


@dataclass(frozen=True)
class LinearGaussian:
    """Parameters: ``weight`` W [D, K], ``bias`` b [D], ``variance`` σ²."""

    weight: Tensor
    bias: Tensor
    variance: float

    def log_evidence(self, x: Tensor) -> Tensor:
        """Log p(x) [N] of N(b, WWᵀ + σ²I), in nats."""
        dimensions = len(self.bias)
        covariance = self.weight @ self.weight.T + self.variance * torch.eye(dimensions).to(x)
        centred = x - self.bias
        distance = ((centred @ torch.linalg.inv(covariance)) * centred).sum(1)
        constant = dimensions * math.log(2 * math.pi)
        log_p: Tensor = -0.5 * (distance + torch.logdet(covariance) + constant)
        return log_p

    def posterior(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean [N, K] and covariance [K, K] of p(z|x): N(M⁻¹Wᵀ(x − b)/σ², M⁻¹), M = I + WᵀW/σ²."""
        size = self.weight.shape[1]
        precision = torch.eye(size).to(x) + self.weight.T @ self.weight / self.variance
        covariance = torch.linalg.inv(precision)
        return (x - self.bias) @ self.weight @ covariance / self.variance, covariance

    def bound(self, x: Tensor, mean: Tensor, covariance: Tensor) -> Tensor:
        """E_q[log p(x|z)] − KL(q ‖ p(z)) [N] for q = N(``mean`` [N, K], ``covariance`` [K, K])."""
        dimensions, size = self.weight.shape
        residual = x - self.bias - mean @ self.weight.T
        spread = torch.trace(self.weight @ covariance @ self.weight.T)
        expected = -0.5 * (
            dimensions * math.log(2 * math.pi * self.variance)
            + (residual.square().sum(1) + spread) / self.variance
        )
        kl = 0.5 * (
            torch.trace(covariance) + mean.square().sum(1) - size - torch.logdet(covariance)
        )
        bound: Tensor = expected - kl
        return bound

    def divergence_from_posterior(self, x: Tensor, mean: Tensor, covariance: Tensor) -> Tensor:
        """KL(q ‖ p(z|x)) [N], between Gaussians."""
        target, spread = self.posterior(x)
        precision = torch.linalg.inv(spread)
        difference = mean - target
        quadratic = ((difference @ precision) * difference).sum(1)
        kl: Tensor = 0.5 * (
            torch.trace(precision @ covariance)
            + quadratic
            - len(covariance)
            + torch.logdet(spread)
            - torch.logdet(covariance)
        )
        return kl

    def log_weights(self, x: Tensor, mean: Tensor, covariance: Tensor, z: Tensor) -> Tensor:
        """log p(x, z) − log q(z) for draws z [S, N, K]: [S, N]."""
        dimensions = len(self.bias)
        residual = (x - self.bias - z @ self.weight.T).square().sum(-1) / self.variance
        log_likelihood = -0.5 * (residual + dimensions * math.log(2 * math.pi * self.variance))
        difference = z - mean
        distance = ((difference @ torch.linalg.inv(covariance)) * difference).sum(-1)
        # the (2π)^(K/2) of prior and q cancel
        log_ratio: Tensor = 0.5 * (distance + torch.logdet(covariance) - z.square().sum(-1))
        log_weight: Tensor = log_likelihood + log_ratio
        return log_weight


def random_case(case: int, examples: int) -> tuple[LinearGaussian, Tensor, Tensor, Tensor]:
    """A random model (D = 6, K = 3), data from it, and a random full-covariance q."""
    rng = torch.Generator().manual_seed(derive_seed("linear-Gaussian", case))

    def draw(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=rng, dtype=torch.float64)

    model = LinearGaussian(draw(6, 3), draw(6), 0.1 + float(draw(1).square()))
    x = draw(examples, 3) @ model.weight.T + model.bias
    x = x + math.sqrt(model.variance) * draw(examples, 6)
    root = draw(3, 3)
    return model, x, draw(examples, 3), root @ root.T + 0.1 * torch.eye(3, dtype=torch.float64)


def excess_of_bound(models: int, examples: int) -> tuple[float, int]:
    """Largest bound − log p over random models and random q (never positive), and the cases."""
    excess = -math.inf
    for case in range(models):
        model, x, mean, covariance = random_case(case, examples)
        difference = model.bound(x, mean, covariance) - model.log_evidence(x)
        at_posterior = model.bound(x, *model.posterior(x)) - model.log_evidence(x)
        excess = max(excess, float(difference.max()), float(at_posterior.abs().max()))
    return excess, 2 * models * examples


def gap_against_kl(models: int, examples: int) -> tuple[float, int]:
    """Largest |log p − bound − KL(q ‖ posterior)| over random models and q, and the cases."""
    worst = 0.0
    for case in range(models):
        model, x, mean, covariance = random_case(case, examples)
        gap = model.log_evidence(x) - model.bound(x, mean, covariance)
        kl = model.divergence_from_posterior(x, mean, covariance)
        worst = max(worst, float((gap - kl).abs().max()))
    return worst, models * examples
