"""Bagging (Breiman 1996): networks trained on resamples of the training images."""

from typing import Any

import torch
from pydantic import Field
from torch import Tensor, nn

from triptych.files import Array
from triptych.metrics.aggregation import AGGREGATIONS, Aggregation
from triptych.model import Batch, Trainable
from triptych.params import at_evaluation
from triptych.seeding import derive_seed
from triptych.uncertainty.base import HeldOut, Method, MethodParams


class BaggingParams(MethodParams):
    """How many networks, and how they are combined."""

    members: int = Field(5, ge=1, le=100, description="Networks, each on a resample of its own")
    aggregation: Aggregation = at_evaluation(
        "arithmetic", description="How the networks' probabilities become one prediction"
    )


class Entry(Method):
    r"""The mean of networks, each trained on N draws with replacement from the N training images.

    .. math:: p(y|x) = \tfrac1M \sum_m \mathrm{softmax}\, f(x; W_m),
              \quad W_m \text{ fitted to } \{(x_i, y_i)\}_{i \in B_m}

    About 1/e of the images are missing from each resample. Initialisation and batches differ too,
    so that what a deep ensemble lacks against bagging is the resampling alone.
    """

    Params = BaggingParams
    family = "bagging"

    def __init__(self, params: BaggingParams, meta: dict[str, Any]) -> None:
        super().__init__(params, meta)
        self.members = nn.ModuleList(self.network() for _ in range(params.members))

    def trainables(self) -> dict[str, Trainable]:
        """The networks."""
        return {
            f"member_{index}": member
            for index, member in enumerate(self.members)
            if isinstance(member, Trainable)
        }

    def data_for(self, name: str, train: Batch) -> Batch:
        """The resample of one network."""
        rows = resample(len(train["y"]), self.meta["dataset"], self.meta["seed"], name)
        return {key: tensor[rows] for key, tensor in train.items()}

    @property
    def evaluations_per_prediction(self) -> int:
        """One per network."""
        return len(self.members)

    def member_logits(self, x: Tensor, rng: torch.Generator) -> Tensor:
        """Logits [M, N, K]."""
        return torch.stack([member(x) for member in self.members])

    def prediction_protocol(self) -> str:
        """Number of networks and how they are combined."""
        return (
            f"{len(self.members)} networks on bootstrap resamples, {self.params.aggregation} "
            "aggregation"
        )

    @classmethod
    def combine(cls, params: Any, members: Array, held_out: HeldOut) -> Array:
        """The named aggregation, float64 [N, K]."""
        return AGGREGATIONS[params.aggregation](members)


def resample(n: int, *name: object) -> Tensor:
    """N draws from 0 … N − 1 with replacement, fixed by a name: (data set, seed, network)."""
    rng = torch.Generator().manual_seed(derive_seed("bagging", *name))
    return torch.randint(n, (n,), generator=rng)
