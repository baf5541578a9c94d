"""A network trained on how many annotators chose each class (Peterson et al. 2019)."""

from typing import Any, ClassVar

import torch
from pydantic import Field
from torch import Tensor

from triptych.data.annotators import votes
from triptych.data.parts import Part
from triptych.model import Batch, Trainable
from triptych.uncertainty.base import Method, MethodParams, inputs_and_labels


class SoftLabelParams(MethodParams):
    """Whose initialisation and batches it takes."""

    twin: str | None = Field(
        "single",
        description="Entry whose initialisation and batches it takes: with its training parameters "
        "too, the labels are all that differs; none: its own",
    )


class Entry(Method):
    r"""The single network, with the annotators' shares in the place of one label.

    .. math:: L = -\sum_k \frac{v_k}{\sum_j v_j} \log p(k|x)

    It is measured against the annotators, not against the data set's label.
    """

    Params = SoftLabelParams
    family = "single network, soft labels"
    data_kinds: ClassVar[tuple[str, ...]] = ("images",)
    task = "human labels"
    sets = ("annotators",)

    def __init__(self, params: SoftLabelParams, meta: dict[str, Any]) -> None:
        super().__init__(params, meta)
        self.member = self.network()

    @classmethod
    def tensors(cls, train: Part, validation: Part) -> tuple[Batch, Batch]:
        """Images ``x`` [N, C, H, W] and shares of votes ``y`` float32 [N, K] of both parts."""
        return images_and_shares(train), images_and_shares(validation)

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

    def prediction_protocol(self) -> str:
        """What it was trained on."""
        return "one network, trained on the shares of annotators' votes"


def images_and_shares(part: Part) -> dict[str, Tensor]:
    """The tensors of one part, votes in the place of labels."""
    counts = torch.from_numpy(votes(part)).float()
    return inputs_and_labels(part) | {"y": counts / counts.sum(dim=1, keepdim=True)}
