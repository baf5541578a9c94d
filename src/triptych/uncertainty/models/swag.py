"""SWAG (Maddox, Garipov, Izmailov, Vetrov & Wilson 2019): a Gaussian around averaged weights."""

from typing import Any

import torch
from pydantic import Field
from torch import Tensor
from torch.func import functional_call
from torch.nn.utils import parameters_to_vector

from triptych.model import Batch, Trainable
from triptych.params import at_evaluation
from triptych.uncertainty import draws
from triptych.uncertainty.base import Method, MethodParams
from triptych.uncertainty.trajectory import Moments


class SwagParams(MethodParams):
    """When weights are collected, and how many networks are drawn."""

    start: float = Field(
        0.75, ge=0, lt=1, description="Share of the run after which weights are collected"
    )
    every: int = Field(5, ge=1, description="Updates between two collections")
    rank: int = Field(10, ge=1, le=100, description="Deviations from the mean that are kept")
    samples: int = at_evaluation(10, ge=1, le=1000, description="Networks drawn per prediction")


class Entry(Method):
    r"""The mean prediction of networks drawn from a Gaussian fitted to the run's weights.

    .. math:: p(y|x) = \tfrac1S \sum_s \mathrm{softmax}\, f(x; \theta_s), \quad
              \theta_s \sim N\big(\bar\theta,
              \tfrac12(\Sigma_{diag} + \tfrac{1}{K - 1} \hat D \hat D^T)\big)

    The step size stays constant while weights are collected. The optimiser is the panel's, not the
    paper's SGD, so that the method alone differs. A member is one network for all images.
    """

    Params = SwagParams
    family = "SWAG"

    def __init__(self, params: SwagParams, meta: dict[str, Any]) -> None:
        super().__init__(params, meta)
        start = round(params.steps * params.start)
        self.run = Moments(self.network(), start, params.every, params.rank)

    def trainables(self) -> dict[str, Trainable]:
        """The network with its moments."""
        return {"model": self.run}

    def complete(self, train: Batch, validation: Batch) -> None:
        """Take in the weights at the end, too."""
        self.run.take(parameters_to_vector(self.run.network.parameters()))

    @property
    def evaluations_per_prediction(self) -> int:
        """One per network drawn."""
        return int(self.params.samples)

    def member_logits(self, x: Tensor, rng: torch.Generator) -> Tensor:
        """Logits [S, N, K]."""
        own = draws.generator(self.meta, "swag")
        drawn = [self.run.draw(own) for _ in range(self.params.samples)]
        return torch.stack([self._logits(weights, x) for weights in drawn])

    def _logits(self, weights: Tensor, x: Tensor) -> Tensor:
        names, shapes = zip(
            *((n, p.shape) for n, p in self.run.network.named_parameters()), strict=True
        )
        pieces = torch.split(weights, [shape.numel() for shape in shapes])
        state = {n: v.view(s) for n, v, s in zip(names, pieces, shapes, strict=True)}
        logits: Tensor = functional_call(self.run.network, state, (x,))
        return logits

    def prediction_protocol(self) -> str:
        """Number of networks drawn, of weights collected, and the rank."""
        return (
            f"{self.params.samples} networks drawn around the mean of {int(self.run.count)} "
            f"weights, rank {self.params.rank}, probabilities averaged"
        )
