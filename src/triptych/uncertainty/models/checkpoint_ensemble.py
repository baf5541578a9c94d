"""Checkpoint ensemble (Chen, Lundberg & Lee 2017): networks along one run of training."""

from typing import Any

import torch
from pydantic import Field
from torch import Tensor

from triptych.model import Trainable
from triptych.uncertainty.base import Method, MethodParams
from triptych.uncertainty.trajectory import Snapshots


class CheckpointParams(MethodParams):
    """How many networks are kept, and from when on."""

    members: int = Field(5, ge=1, le=100, description="Networks kept of the run, the last included")
    start: float = Field(
        0.5, ge=0, lt=1, description="Share of the run after which networks are kept"
    )


class Entry(Method):
    r"""The mean prediction of a network at several moments of its training.

    .. math:: p(y|x) = \tfrac1M \sum_m \mathrm{softmax}\, f(x; W^{(t_m)})

    The moments are spread evenly over the last part of one run, which costs what training the
    single network costs. All members descend into one valley of the loss (Fort, Hu &
    Lakshminarayanan 2019): what a deep ensemble has more of is not their number.
    """

    Params = CheckpointParams
    family = "checkpoint ensemble"

    def __init__(self, params: CheckpointParams, meta: dict[str, Any]) -> None:
        super().__init__(params, meta)
        network, moments = self.network(), kept_after(params.steps, params.start, params.members)
        self.run = Snapshots(network, [self.network() for _ in moments[:-1]], moments[:-1])

    def trainables(self) -> dict[str, Trainable]:
        """The network with its copies."""
        return {"model": self.run}

    @property
    def evaluations_per_prediction(self) -> int:
        """One per network kept."""
        return len(self.run.networks())

    def member_logits(self, x: Tensor, rng: torch.Generator) -> Tensor:
        """Logits [M, N, K], in the order of training."""
        return torch.stack([network(x) for network in self.run.networks()])

    def prediction_protocol(self) -> str:
        """Number of networks."""
        return f"{len(self.run.networks())} networks of one run, probabilities averaged"


def kept_after(steps: int, start: float, members: int) -> list[int]:
    """Numbers of updates after which a network is kept; the last one is the whole run.

    Example:
        >>> kept_after(400, 0.5, 4)
        [250, 300, 350, 400]
    """
    share = (1 - start) / members
    return [round(steps * (start + share * (index + 1))) for index in range(members)]
