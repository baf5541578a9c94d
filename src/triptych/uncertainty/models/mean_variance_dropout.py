"""Monte Carlo dropout (Gal & Ghahramani 2016) of a mean-variance network (Kendall & Gal 2017)."""

from typing import Any

import torch
from pydantic import Field
from torch import Tensor

from triptych.model import Trainable
from triptych.params import at_evaluation
from triptych.uncertainty.dropout import sampling
from triptych.uncertainty.regression import GaussianNetwork, GaussianRegressor, RegressionParams


class DropoutParams(RegressionParams):
    """Dropout and how often it is drawn."""

    dropout: float = Field(
        0.05, ge=0, lt=1, description="Share of inputs dropped before each layer of the head"
    )
    samples: int = at_evaluation(20, ge=1, le=1000, description="Passes per prediction")


class Entry(GaussianRegressor):
    """The mixture over dropout masks: the variance of the means is the model's uncertainty."""

    Params = DropoutParams
    family = "MC dropout"

    def __init__(self, params: DropoutParams, meta: dict[str, Any]) -> None:
        super().__init__(params, meta)
        self.member = GaussianNetwork(self.columns, params.hidden, params.dropout)

    def trainables(self) -> dict[str, Trainable]:
        """The network."""
        return {"model": self.member}

    @property
    def evaluations_per_prediction(self) -> int:
        """One per mask, though the layer below the first dropout is computed once for all."""
        return int(self.params.samples)

    def member_logits(self, x: Tensor, rng: torch.Generator) -> Tensor:
        """Mean and variance of every pass, [S, N, 2]."""
        body = self.member.body
        body.trunk.eval()
        features = body.trunk(x)
        with sampling(body.head, rng):
            passes = [self.member.in_units(body.head(features)) for _ in range(self.params.samples)]
        return torch.stack(passes)

    def prediction_protocol(self) -> str:
        """Passes and dropout rate."""
        return (
            f"{self.params.samples} dropout passes (rate {self.params.dropout:g}), moments of the "
            "mixture"
        )
