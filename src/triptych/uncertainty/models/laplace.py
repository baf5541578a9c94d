"""Laplace's approximation on the last layer (MacKay 1992; Kristiadi, Hein & Hennig 2020)."""

from typing import Any, Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn

from triptych.metrics.pooling import arithmetic
from triptych.model import Batch, Trainable
from triptych.params import at_evaluation
from triptych.uncertainty import draws
from triptych.uncertainty import laplace as posterior
from triptych.uncertainty.base import Method, MethodParams, in_passes
from triptych.uncertainty.cost import multiply_adds

PRECISIONS = np.geomspace(1e-2, 1e5, 36)  # of the prior, tried on the validation part
DRAWS = 20  # last layers drawn for each


class LaplaceParams(MethodParams):
    """The prior, the number of draws, and whose network it is."""

    prior_precision: float | None = Field(
        None, gt=0, description="Precision of the Gaussian prior; none: chosen by `prior`"
    )
    prior: Literal["validation", "evidence"] = Field(
        "validation",
        description="What chooses the prior's precision: the NLL of the validation part, or the "
        "evidence of the training part",
    )
    samples: int = at_evaluation(10, ge=1, le=1000, description="Last layers drawn per prediction")
    twin: str | None = Field(
        "single",
        description="Entry whose initialisation and batches it takes: with its training parameters "
        "too the posterior is put around that very network; none: its own",
    )


class Entry(Method):
    r"""A network trained as ever, with a Gaussian around its last layer afterwards.

    .. math:: \theta_s \sim N\big(\hat\theta, (H + \tau I)^{-1}\big), \quad
              H = \sum_n \big(\mathrm{diag}(p_n) - p_n p_n^T\big) \otimes \phi_n \phi_n^T

    H is the full curvature of the training loss in the last weights, φ their inputs. τ is chosen on
    the validation part: the evidence presumes that the weights are the posterior's mode, and a
    network trained without a penalty stands where the likelihood alone has led it. Draws cost one
    last layer each.
    """

    Params = LaplaceParams
    family = "Laplace"

    root: Tensor
    precision: Tensor

    def __init__(self, params: LaplaceParams, meta: dict[str, Any]) -> None:
        super().__init__(params, meta)
        self.member = self.network()
        size = sum(p.numel() for p in self._last().parameters())
        self.register_buffer("root", torch.zeros(size, size, dtype=torch.float64))
        self.register_buffer("precision", torch.zeros((), dtype=torch.float64))

    def trainables(self) -> dict[str, Trainable]:
        """The network."""
        return {"model": self.member}

    def complete(self, train: Batch, validation: Batch) -> None:
        """Curvature and posterior from the training images; the prior's precision."""
        self.member.eval()
        phi = in_passes(self._features, train["x"])
        mode = self._mode()
        found = posterior.spectrum(posterior.curvature(phi, phi @ mode.T))
        tau = self.params.prior_precision or self._chosen(found, validation)
        self.precision.fill_(tau)
        self.root.copy_(posterior.posterior_root(found, tau))

    def _chosen(self, found: posterior.Spectrum, validation: Batch) -> float:
        if self.params.prior == "evidence":
            return posterior.best_precision(found.values, self._mode().flatten())
        phi = in_passes(self._features, validation["x"])
        labels = validation["y"].cpu().numpy()
        scores = []
        for tau in PRECISIONS:
            root = posterior.posterior_root(found, float(tau))
            log_p = arithmetic(_under(self._drawn(root, DRAWS), phi).cpu().numpy())
            scores.append(-float(log_p[np.arange(len(labels)), labels].mean()))
        return float(PRECISIONS[int(np.argmin(scores))])

    @property
    def evaluations_per_prediction(self) -> int:
        """One: draws are of the last layer alone."""
        return 1

    def member_logits(self, x: Tensor, rng: torch.Generator) -> Tensor:
        """Logits [S, N, K]; a member is one last layer for all images."""
        return _under(self._drawn(self.root, self.params.samples), self._features(x))

    def prediction_cost(self, x: Tensor) -> float:
        """Multiply-adds, without drawing the last layers: that is done once for all inputs."""
        drawn = self._drawn(self.root, self.params.samples)
        return float(multiply_adds(lambda: _under(drawn, self._features(x))))

    def prediction_protocol(self) -> str:
        """Draws and prior."""
        return (
            f"{self.params.samples} draws of the last layer, prior precision "
            f"{float(self.precision):.3g}{self._end()}, probabilities averaged"
        )

    def _end(self) -> str:
        """Whether the search for the precision ended at an end of its grid: no optimum, then."""
        if self.params.prior_precision or self.params.prior != "validation":
            return ""
        ends = {float(PRECISIONS[0]): "lowest", float(PRECISIONS[-1]): "highest"}
        end = ends.get(float(self.precision), "")
        return f" (the {end} tried)" if end else ""

    def _drawn(self, root: Tensor, samples: int) -> Tensor:
        """Last layers [S, K, D + 1] with covariance R Rᵀ around the trained one."""
        mode, own = self._mode(), draws.generator(self.meta, "laplace")
        noise = torch.randn(samples, len(root), generator=own).to(root)
        drawn = mode.flatten() + (noise @ root.T).to(mode.dtype)
        return drawn.view(samples, *mode.shape)

    def _last(self) -> nn.Linear:
        last = self.member.head[-1]
        assert isinstance(last, nn.Linear)
        return last

    def _mode(self) -> Tensor:
        """Weights and biases of the last layer, [K, D + 1]."""
        last = self._last()
        return torch.cat([last.weight, last.bias[:, None]], dim=1).detach()

    def _features(self, x: Tensor) -> Tensor:
        """Inputs of the last layer and a column of ones, [N, D + 1]."""
        h = self.member.head[:-1](self.member.trunk(x))
        return torch.cat([h, torch.ones_like(h[:, :1])], dim=1)


def _under(layers: Tensor, phi: Tensor) -> Tensor:
    """Logits [S, N, K] of features [N, D + 1] under last layers [S, K, D + 1]."""
    return torch.stack([phi @ theta.T for theta in layers])
