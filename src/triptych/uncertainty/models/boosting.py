"""Gradient boosting (Friedman 2001, 2002): small trees, each fitted to what the others left."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from pydantic import Field
from sklearn.ensemble import GradientBoostingClassifier
from torch import Tensor

from triptych.files import Array
from triptych.model import Batch
from triptych.params import ModelParams
from triptych.uncertainty.base import Method
from triptych.uncertainty.trees import Trees


class BoostingParams(ModelParams):
    """Rounds, step size and trees."""

    rounds: int = Field(60, ge=1, le=10_000, description="Rounds; one tree per class in each")
    shrinkage: float = Field(0.1, gt=0, le=1, description="Share of every tree that is added")
    depth: int = Field(3, ge=1, le=20, description="Depth of a tree")
    subsample: float = Field(0.5, gt=0, le=1, description="Share of the examples a tree is shown")
    features: float = Field(0.15, gt=0, le=1, description="Share of the features tried at a split")


class Entry(Method):
    r"""One additive model per class, grown by gradient steps in function space.

    .. math:: z_k(x) = \nu \sum_r f_{rk}(x), \qquad p(y|x) = \mathrm{softmax}\, z(x)

    The trees of a round are fitted to the gradient of the cross-entropy. Boosting builds one
    predictor out of many: there are no members to disagree.
    """

    Params = BoostingParams
    family = "boosting"

    def __init__(self, params: BoostingParams, meta: dict[str, Any]) -> None:
        super().__init__(params, meta)
        self.classes = int(meta["n_classes"])
        self.trees = Trees(1)

    def fit_closed_form(self, train: Batch, rng: torch.Generator) -> bool:
        """Grow the trees with scikit-learn; the generator gives it its seed."""
        model = self.learner(int(torch.randint(2**31 - 1, (1,), generator=rng)))
        model.fit(train["x"].flatten(1).numpy(), train["y"].numpy())
        if len(model.classes_) != self.classes:
            raise ValueError(f"expected {self.classes} classes in the training part, found fewer")
        self.trees.grow(tree.tree_ for tree in model.estimators_.ravel())
        return True

    def learner(self, seed: int) -> GradientBoostingClassifier:
        """What scikit-learn is asked for; it starts from zero, so that trees are all there is."""
        return GradientBoostingClassifier(
            n_estimators=self.params.rounds, learning_rate=self.params.shrinkage,
            max_depth=self.params.depth, subsample=self.params.subsample,
            max_features=self.params.features, init="zero", random_state=seed,
        )  # fmt: skip

    def scores(self, x: Array) -> Array:
        """Logits, float64: [N, features] -> [N, K] ([N, 2] with a first column of 0 if K = 2)."""
        values = self.trees.array("value")[self.trees.leaves(x), 0]
        rounds = values.reshape(self.params.rounds, -1, len(x))
        z = (self.params.shrinkage * rounds).sum(axis=0).T
        return np.asarray(np.hstack([np.zeros_like(z), z]) if z.shape[1] == 1 else z)

    @property
    def evaluations_per_prediction(self) -> int:
        """One pass, through every tree."""
        return 1

    def member_logits(self, x: Tensor, rng: torch.Generator) -> Tensor:
        """Logits [1, N, K]."""
        return torch.from_numpy(self.scores(x.flatten(1).cpu().numpy())).to(x.device)[None]

    def prediction_cost(self, x: Tensor) -> float:
        """Comparisons, in all trees."""
        return len(self.trees.roots) * self.trees.depth()

    def training_cost(self, x: Tensor, steps: Mapping[str, int], n: int) -> float:
        """Examples looked at times features tried, over all splits."""
        return self.trees.visits() * max(1, int(self.params.features * x.numel()))

    def prediction_protocol(self) -> str:
        """Number and depth of the trees."""
        return f"{self.params.rounds} rounds of trees of depth {self.params.depth}"
