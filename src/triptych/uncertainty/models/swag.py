"""SWAG (Maddox, Garipov, Izmailov, Vetrov & Wilson 2019): a Gaussian around averaged weights."""

from collections.abc import Sequence
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
from triptych.uncertainty.cost import multiply_adds
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
        self._kept = draws.Kept[list[dict[str, Tensor]]]()

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
        return self._under(self._drawn(), x)

    def prediction_cost(self, x: Tensor) -> float:
        """Multiply-adds, without drawing the networks: that is done once for all inputs."""
        drawn = self._drawn()
        return float(multiply_adds(lambda: self._under(drawn, x)))

    def _drawn(self) -> list[dict[str, Tensor]]:
        """Weights of every network, by name."""
        run, own = self.run, draws.generator(self.meta, "swag")

        def draw() -> list[dict[str, Tensor]]:
            return [self._named(run.draw(own)) for _ in range(self.params.samples)]

        return self._kept((run.count, run.mean, run.square, run.deviations), draw)

    def _named(self, weights: Tensor) -> dict[str, Tensor]:
        names, shapes = zip(
            *((n, p.shape) for n, p in self.run.network.named_parameters()), strict=True
        )
        pieces = torch.split(weights, [shape.numel() for shape in shapes])
        return {n: v.view(s) for n, v, s in zip(names, pieces, shapes, strict=True)}

    def _under(self, drawn: Sequence[dict[str, Tensor]], x: Tensor) -> Tensor:
        """Logits [S, N, K] of networks with the given weights."""
        return torch.stack([functional_call(self.run.network, weights, (x,)) for weights in drawn])

    def prediction_protocol(self) -> str:
        """Number of networks drawn, of weights collected, and the rank."""
        return (
            f"{self.params.samples} networks drawn around the mean of {int(self.run.count)} "
            f"weights, rank {self.params.rank}, probabilities averaged"
        )
