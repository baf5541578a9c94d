"""Deep ensemble (Lakshminarayanan, Pritzel & Blundell 2017): the same training from other seeds."""

from typing import Any

import torch
from pydantic import Field
from torch import Tensor, nn

from triptych.files import Array
from triptych.metrics.aggregation import AGGREGATIONS, Aggregation
from triptych.model import Trainable
from triptych.params import at_evaluation
from triptych.uncertainty.base import HeldOut, Method, MethodParams


class EnsembleParams(MethodParams):
    """How many networks, and how they are combined."""

    members: int = Field(5, ge=1, le=100, description="Networks trained and averaged")
    aggregation: Aggregation = at_evaluation(
        "arithmetic", description="How the networks' probabilities become one prediction"
    )


class Entry(Method):
    r"""Networks that differ in their initialisation and in the order of their batches.

    .. math:: p(y|x) = \tfrac1M \sum_m \mathrm{softmax}\, f(x; W_m)

    Each is trained on all of the training data (no bagging) exactly as the single network is.
    """

    Params = EnsembleParams
    family = "deep ensemble"

    def __init__(self, params: EnsembleParams, meta: dict[str, object]) -> None:
        super().__init__(params, meta)
        self.members = nn.ModuleList(self.network() for _ in range(params.members))

    def trainables(self) -> dict[str, Trainable]:
        """The networks; each is fitted alone, with a stream of random numbers of its own."""
        return {
            f"member_{index}": member
            for index, member in enumerate(self.members)
            if isinstance(member, Trainable)
        }

    @property
    def evaluations_per_prediction(self) -> int:
        """One per member."""
        return len(self.members)

    def member_logits(self, x: Tensor, rng: torch.Generator) -> Tensor:
        """Logits [M, N, K]."""
        return torch.stack([member(x) for member in self.members])

    def prediction_protocol(self) -> str:
        """Number of members and how they are combined."""
        how = self.params.aggregation
        rule = "probabilities averaged" if how == "arithmetic" else f"{how} aggregation"
        return f"{len(self.members)} networks, {rule}"

    @classmethod
    def combine(cls, params: Any, members: Array, held_out: HeldOut) -> Array:
        """The named aggregation, float64 [N, K]."""
        return AGGREGATIONS[params.aggregation](members)
