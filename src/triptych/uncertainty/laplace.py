"""Gaussian posteriors of a last layer: Laplace's approximation and its evidence."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

STEPS = 200  # of the fixed-point iteration for the prior precision; it stops earlier


@dataclass(frozen=True)
class Spectrum:
    """A symmetric matrix as H = V diag(λ) Vᵀ, λ >= 0."""

    values: Tensor
    vectors: Tensor


def curvature(features: Tensor, logits: Tensor) -> Tensor:
    r"""Second derivative of the summed cross-entropy in the last layer's weights.

    .. math:: H = \sum_n \big(\mathrm{diag}(p_n) - p_n p_n^T\big) \otimes \phi_n \phi_n^T

    Logits are linear in these weights, so that the Gauss–Newton matrix is the Hessian itself.

    Args:
        features: φ [N, D], a column of ones included where the layer has a bias.
        logits: [N, K].

    Returns:
        float64 [K D, K D], weights ordered class by class.
    """
    phi, p = features.double(), torch.softmax(logits.double(), dim=1)
    size, classes = phi.shape[1], p.shape[1]
    blocks = torch.zeros(classes, size, classes, size, dtype=torch.float64, device=phi.device)
    for k in range(classes):
        for j in range(k + 1):
            weight = p[:, k] * (float(k == j) - p[:, j])
            block = phi.T @ (phi * weight[:, None])
            blocks[k, :, j], blocks[j, :, k] = block, block
    return blocks.reshape(classes * size, classes * size)


def spectrum(matrix: Tensor) -> Spectrum:
    """Eigenvalues and vectors; what rounding made negative is 0."""
    values, vectors = torch.linalg.eigh(matrix)
    return Spectrum(values.clamp_min(0), vectors)


def log_evidence(values: Tensor, weights: Tensor, precision: float, log_likelihood: float) -> float:
    r"""Laplace's approximation of the log marginal likelihood (MacKay 1992), in nats.

    .. math:: \log p(D|\tau) \approx \log p(D|\theta) - \tfrac\tau2 |\theta|^2
              - \tfrac12 \sum_i \log \frac{\lambda_i + \tau}{\tau}

    Args:
        values: λ, eigenvalues of the curvature.
        weights: θ at the mode.
        precision: τ of the prior N(0, I/τ).
        log_likelihood: At the mode, summed over examples.
    """
    volume = float(torch.log1p(values / precision).sum()) / 2
    return log_likelihood - precision / 2 * float((weights.double() ** 2).sum()) - volume


def best_precision(values: Tensor, weights: Tensor) -> float:
    r"""The prior precision of largest evidence for given weights.

    The fixed point of

    .. math:: \tau = \gamma / |\theta|^2, \quad \gamma = \sum_i \frac{\lambda_i}{\lambda_i + \tau}

    at which the evidence's derivative in τ vanishes (MacKay 1992); γ counts the directions that the
    data determine. The map falls in τ, so that iterating the geometric mean with the last τ
    converges.
    """
    norm = float((weights.detach().double() ** 2).sum())
    tau = len(weights) / norm
    for _ in range(STEPS):
        gamma = float((values.detach() / (values.detach() + tau)).sum())
        new = math.sqrt(tau * gamma / norm)
        if abs(new - tau) <= 1e-12 * tau:
            break
        tau = new
    return tau


def posterior_root(found: Spectrum, precision: float) -> Tensor:
    """A matrix R with R Rᵀ = (H + τ I)⁻¹."""
    return found.vectors / torch.sqrt(found.values + precision)
