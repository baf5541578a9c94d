"""One network, fitted by gradient steps: one prediction per image, no model uncertainty."""

import torch
from torch import Tensor

from triptych.model import Trainable
from triptych.uncertainty.base import Method, MethodParams


class Entry(Method):
    """The baseline of the panel: softmax of one network's logits."""

    Params = MethodParams
    family = "single network"

    def __init__(self, params: MethodParams, meta: dict[str, object]) -> None:
        super().__init__(params, meta)
        self.member = self.network()

    def trainables(self) -> dict[str, Trainable]:
        """The network."""
        return {"model": self.member}

    @property
    def evaluations_per_prediction(self) -> int:
        """One."""
        return 1

    def member_logits(self, x: Tensor, rng: torch.Generator) -> Tensor:
        """Logits [1, N, K]."""
        logits: Tensor = self.member(x)
        return logits[None]
