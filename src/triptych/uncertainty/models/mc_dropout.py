"""Monte Carlo dropout (Gal & Ghahramani 2016): the dropout of the training kept at prediction."""

import torch
from pydantic import Field
from torch import Tensor

from triptych.model import Trainable
from triptych.params import at_evaluation
from triptych.uncertainty.base import Method, MethodParams
from triptych.uncertainty.dropout import sampling


class DropoutParams(MethodParams):
    """Dropout and how often it is drawn."""

    dropout: float = Field(
        0.1, ge=0, lt=1, description="Share of inputs dropped before each dense layer"
    )
    samples: int = at_evaluation(10, ge=1, le=1000, description="Passes per prediction")


class Entry(Method):
    r"""The mean prediction over dropout masks r_s.

    .. math:: p(y|x) = \tfrac1S \sum_s \mathrm{softmax}\, f(x; W, r_s)

    Masks are drawn independently for every image and every pass.
    """

    Params = DropoutParams
    family = "MC dropout"

    def __init__(self, params: DropoutParams, meta: dict[str, object]) -> None:
        super().__init__(params, meta)
        self.member = self.network(params.dropout)

    def trainables(self) -> dict[str, Trainable]:
        """The network."""
        return {"model": self.member}

    @property
    def evaluations_per_prediction(self) -> int:
        """One per mask, though the layers below the first dropout are computed once for all."""
        return int(self.params.samples)

    def member_logits(self, x: Tensor, rng: torch.Generator) -> Tensor:
        """Logits [S, N, K], one slice per pass.

        Every pass starts from the same features: dropout begins behind the convolutions, so
        computing them again would give the same numbers.
        """
        self.member.trunk.eval()
        features = self.member.trunk(x)
        with sampling(self.member.head, rng):
            passes = [self.member.head(features) for _ in range(self.params.samples)]
        return torch.stack(passes)

    def prediction_protocol(self) -> str:
        """Passes and dropout rate."""
        return (
            f"{self.params.samples} dropout passes (rate {self.params.dropout:g}), probabilities "
            "averaged"
        )
