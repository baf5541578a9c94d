"""Mean-variance network (Nix & Weigend 1994), alone or several (Lakshminarayanan et al. 2017)."""

from typing import Any

import torch
from pydantic import Field
from torch import Tensor, nn

from triptych.model import Trainable
from triptych.uncertainty.regression import (
    GaussianNetwork,
    GaussianRegressor,
    RegressionParams,
    outputs_of,
)


class MeanVarianceParams(RegressionParams):
    """How many networks."""

    members: int = Field(1, ge=1, le=100, description="Networks trained and mixed")


class Entry(GaussianRegressor):
    """Networks that differ in their initialisation and in the order of their batches."""

    Params = MeanVarianceParams
    family = "mean-variance network"

    def __init__(self, params: MeanVarianceParams, meta: dict[str, Any]) -> None:
        super().__init__(params, meta)
        self.members = nn.ModuleList(
            GaussianNetwork(self.columns, params.hidden) for _ in range(params.members)
        )

    def trainables(self) -> dict[str, Trainable]:
        """The networks; each is fitted alone, with a stream of random numbers of its own."""
        return {
            f"member_{index}": member
            for index, member in enumerate(self.members)
            if isinstance(member, Trainable)
        }

    @property
    def evaluations_per_prediction(self) -> int:
        """One per network."""
        return len(self.members)

    def member_logits(self, x: Tensor, rng: torch.Generator) -> Tensor:
        """Mean and variance of every network, [M, N, 2]."""
        return torch.stack([outputs_of(member, x) for member in self.members])

    def prediction_protocol(self) -> str:
        """Number of networks."""
        count = len(self.members)
        return "one network" if count == 1 else f"{count} networks, moments of their mixture"
