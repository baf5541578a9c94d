"""Stacking (Wolpert 1992): learners of different kinds, weighted by what held-out images say."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from triptych.files import Array
from triptych.metrics.probabilities import log_softmax
from triptych.metrics.stacking import mixture, mixture_weights
from triptych.model import Batch, Trainable
from triptych.uncertainty.base import HeldOut, Method, MethodParams
from triptych.uncertainty.models.boosting import BoostingParams
from triptych.uncertainty.models.boosting import Entry as Boosting
from triptych.uncertainty.models.logistic_regression import Entry as Logistic
from triptych.uncertainty.models.logistic_regression import LogisticParams
from triptych.uncertainty.models.random_forest import Entry as Forest
from triptych.uncertainty.models.random_forest import ForestParams
from triptych.uncertainty.tables import standardise

LEARNERS = ("network", "logistic regression", "random forest", "boosting")


class StackingParams(MethodParams):
    """The learners that are not the panel's network."""

    trees: int = Field(100, ge=1, le=10_000, description="Trees of the random forest")
    smoothing: float = Field(
        0.1, gt=0, le=100, description="Examples, spread over the classes, added to a forest's leaf"
    )
    rounds: int = Field(60, ge=1, le=10_000, description="Rounds of boosting")


class Entry(Method):
    r"""A mixture of a network, logistic regression, a random forest and boosting.

    .. math:: p(y|x) = \sum_m w_m p_m(y|x), \quad w = \arg\max \sum_{validation} \log p(y|x)

    The learners see the training part; the weights, which sum to 1, are those of largest likelihood
    on the validation part, which none of them has seen (Smyth & Wolpert 1999).
    """

    Params = StackingParams
    family = "stacking"
    exchangeable = False

    def __init__(self, params: StackingParams, meta: dict[str, Any]) -> None:
        super().__init__(params, meta)
        self.member = self.network()
        self.logistic = Logistic(LogisticParams(), meta)
        forest = ForestParams(trees=params.trees, members=1, smoothing=params.smoothing)
        self.forest = Forest(forest, meta)
        self.boosting = Boosting(BoostingParams(rounds=params.rounds), meta)

    def trainables(self) -> dict[str, Trainable]:
        """The one that is fitted by gradient steps."""
        return {"network": self.member}

    def fit_closed_form(self, train: Batch, rng: torch.Generator) -> bool:
        """Fit all but the network, which is left to the training loop."""
        for learner in (self.logistic, self.forest, self.boosting):
            learner.fit_closed_form(train, rng)
        standardise(list(self.member.modules()), train)
        return False

    @property
    def evaluations_per_prediction(self) -> int:
        """One per learner."""
        return len(LEARNERS)

    def member_logits(self, x: Tensor, rng: torch.Generator) -> Tensor:
        """Logits [4, N, K], in the order of ``LEARNERS``."""
        others = (self.logistic, self.forest, self.boosting)
        logits = [learner.member_logits(x, rng)[0].float() for learner in others]
        return torch.stack([self.member(x), *logits])

    def prediction_cost(self, x: Tensor) -> float:
        """Multiply-adds of network and regression, comparisons of the trees."""
        trees = self.forest.prediction_cost(x) + self.boosting.prediction_cost(x)
        return super().prediction_cost(x) + trees

    def training_cost(self, x: Tensor, steps: Mapping[str, int], n: int) -> float | None:
        """As of its learners; that of the regression, a convex problem, is left out."""
        trees = (self.forest.training_cost(x, steps, n), self.boosting.training_cost(x, steps, n))
        return sum(trees) + (super().training_cost(x, steps, n) or 0.0)

    def prediction_protocol(self) -> str:
        """What is mixed."""
        return f"mixture of {', '.join(LEARNERS)}, weights of the validation part"

    @classmethod
    def combine(cls, params: Any, members: Array, held_out: HeldOut) -> Array:
        """The mixture at the weights of the validation part, float64 [N, K]."""
        return mixture(log_softmax(members), _weights(held_out))


_LAST: dict[str, Any] = {}  # the weights of the last validation part: they serve every shifted set


def _weights(held_out: HeldOut) -> Array:
    if _LAST.get("part") is not held_out:
        seen = log_softmax(held_out.logits)[:, np.arange(len(held_out.labels)), held_out.labels]
        _LAST.update(part=held_out, weights=mixture_weights(seen))
    return np.asarray(_LAST["weights"])
