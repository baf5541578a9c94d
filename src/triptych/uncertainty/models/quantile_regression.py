"""Quantile regression (Koenker & Bassett 1978) by one network with ordered outputs."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from triptych.files import Array
from triptych.model import Trainable
from triptych.uncertainty.base import HeldOut
from triptych.uncertainty.regression import (
    QuantileNetwork,
    RegressionParams,
    Regressor,
    outputs_of,
)
from triptych.uncertainty.regression_levels import LEVELS


class Entry(Regressor):
    """Nine quantiles, fitted by the pinball loss: intervals without a law of the noise."""

    Params = RegressionParams
    family = "quantile regression"

    def __init__(self, params: RegressionParams, meta: dict[str, Any]) -> None:
        super().__init__(params, meta)
        self.member = QuantileNetwork(self.columns, params.hidden)

    def trainables(self) -> dict[str, Trainable]:
        """The network."""
        return {"model": self.member}

    @property
    def evaluations_per_prediction(self) -> int:
        """One."""
        return 1

    def member_logits(self, x: Tensor, rng: torch.Generator) -> Tensor:
        """Quantiles [1, N, Q]."""
        return outputs_of(self.member, x)[None]

    def prediction_protocol(self) -> str:
        """The levels."""
        return f"{len(LEVELS)} quantiles of one network"

    @classmethod
    def combine(cls, params: Any, members: Array, held_out: HeldOut) -> Array:
        """The quantiles of the one network, float64 [N, Q]."""
        return np.asarray(members[0], dtype=np.float64)
