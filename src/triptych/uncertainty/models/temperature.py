"""Temperature scaling (Guo, Pleiss, Sun & Weinberger 2017): one number, fitted on held-out data."""

from typing import Any

import torch
from pydantic import Field
from torch import Tensor

from triptych.files import Array
from triptych.metrics.pooling import arithmetic
from triptych.metrics.probabilities import log_softmax
from triptych.metrics.temperature import Temperature, fit_temperature
from triptych.model import Trainable
from triptych.uncertainty.base import HeldOut, Method, MethodParams


class TemperatureParams(MethodParams):
    """How many networks, and whose."""

    members: int = Field(1, ge=1, le=100, description="Networks that are pooled, then scaled")
    twin: str | None = Field(
        "single",
        description="Entry whose initialisation and batches it takes: with its training parameters "
        "too it is that very network, and training costs what that one costs; none: its own",
    )


class Entry(Method):
    r"""Pooled log-probabilities, divided by one temperature.

    .. math:: p(y|x) = \mathrm{softmax}\big(\log \bar p(\cdot|x) / T\big),
              \quad T = \arg\min \mathrm{NLL}_{validation}

    T is fitted once, on the clean validation part, and serves every shifted set as it is; a
    validation part without a mistake does not determine it, and T stays 1. With several networks it
    follows the pooling: scaling each and then averaging leaves the mean underconfident (Rahaman &
    Thiery 2021). The predicted classes do not change.
    """

    Params = TemperatureParams
    family = "temperature scaling"

    def __init__(self, params: TemperatureParams, meta: dict[str, Any]) -> None:
        super().__init__(params, meta)
        self.members = torch.nn.ModuleList(self.network() for _ in range(params.members))

    def trainables(self) -> dict[str, Trainable]:
        """The networks, under the names of the single network or the ensemble."""
        found = [member for member in self.members if isinstance(member, Trainable)]
        if len(found) == 1:
            return {"model": found[0]}
        return {f"member_{index}": member for index, member in enumerate(found)}

    @property
    def evaluations_per_prediction(self) -> int:
        """One per network."""
        return len(self.members)

    def member_logits(self, x: Tensor, rng: torch.Generator) -> Tensor:
        """Logits [M, N, K], not scaled."""
        return torch.stack([member(x) for member in self.members])

    def prediction_protocol(self) -> str:
        """What is scaled, and where it was fitted."""
        return (
            f"{len(self.members)} network(s), pooled, then one temperature of the validation part"
        )

    @classmethod
    def combine(cls, params: Any, members: Array, held_out: HeldOut) -> Array:
        """Log-probabilities at the temperature of the validation part, float64 [N, K]."""
        return log_softmax(arithmetic(members) / _fitted(held_out).value)

    @classmethod
    def fitted_protocol(cls, params: Any, held_out: HeldOut) -> str:
        """Whether the temperature is an optimum."""
        return _fitted(held_out).note


def _fitted(held_out: HeldOut) -> Temperature:
    return fit_temperature(arithmetic(held_out.logits), held_out.labels)
