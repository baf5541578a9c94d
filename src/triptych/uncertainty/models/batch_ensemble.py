"""BatchEnsemble (Wen, Tran & Ba 2020): members that share their weights up to rank-one factors."""

from typing import Any

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from triptych.model import Batch, Trainable
from triptych.uncertainty.base import Method, MethodParams
from triptych.uncertainty.networks import Network
from triptych.uncertainty.rank_one import Members, dealt


class BatchEnsembleParams(MethodParams):
    """How many members, and how far apart they start."""

    members: int = Field(4, ge=1, le=100, description="Members that share the weights")
    spread: float = Field(
        0.5, ge=0, le=10, description="Standard deviation around 1 of the factors at the start"
    )


class SharedNetwork(Trainable):
    """The panel's network, every layer with rank-one factors per member."""

    def __init__(self, network: Network, members: int, spread: float) -> None:
        super().__init__()
        self.members = members
        self.body = Members(nn.Sequential(*network.trunk, *network.head), members, spread)

    def forward(self, x: Tensor, member: Tensor | None = None) -> Tensor:
        """Logits [N, K] of inputs [N, ...], each under the weights of its member; of the first."""
        who = torch.zeros(len(x), dtype=torch.int64, device=x.device) if member is None else member
        logits: Tensor = self.body(x, who)
        return logits

    def loss(self, batch: Batch, rng: torch.Generator) -> Tensor:
        """Mean cross-entropy in nats; the batch is divided among the members."""
        x = batch["x"]
        logits = self(x, dealt(len(x), self.members, x.device))
        return functional.cross_entropy(logits, batch["y"])


class Entry(Method):
    r"""Networks with weights :math:`W \circ (r_m s_m^T)`, one W for all.

    .. math:: p(y|x) = \tfrac1M \sum_m \mathrm{softmax}\, f(x; W \circ r_m s_m^T)

    A training step costs what it costs the single network: each member sees its share of the batch.
    A prediction passes through the network once per member; what is saved is memory.
    """

    Params = BatchEnsembleParams
    family = "BatchEnsemble"

    def __init__(self, params: BatchEnsembleParams, meta: dict[str, Any]) -> None:
        super().__init__(params, meta)
        self.member = SharedNetwork(self.network(), params.members, params.spread)

    def trainables(self) -> dict[str, Trainable]:
        """All members at once."""
        return {"model": self.member}

    @property
    def evaluations_per_prediction(self) -> int:
        """One per member."""
        return int(self.params.members)

    def member_logits(self, x: Tensor, rng: torch.Generator) -> Tensor:
        """Logits [M, N, K]."""
        members = range(self.params.members)
        return torch.stack([self.member.body.explicit(x, member) for member in members])

    def prediction_protocol(self) -> str:
        """Number of members."""
        return f"{self.params.members} members that share their weights, probabilities averaged"
