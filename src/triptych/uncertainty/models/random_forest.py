"""Random forest (Breiman 2001): trees on bootstrap samples, a few features tried at every split."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from pydantic import Field, model_validator
from sklearn.ensemble import RandomForestClassifier
from torch import Tensor

from triptych.files import Array
from triptych.model import Batch
from triptych.params import ModelParams, at_evaluation
from triptych.uncertainty.base import Method
from triptych.uncertainty.trees import Trees


class ForestParams(ModelParams):
    """How many trees, how large, and how their leaves are smoothed."""

    trees: int = Field(100, ge=1, le=10_000, description="Trees grown and averaged")
    leaf: int = Field(1, ge=1, description="Fewest training examples in a leaf")
    members: int = Field(
        10, ge=1, le=100, description="Groups of equally many trees whose predictions are cached"
    )
    smoothing: float = at_evaluation(
        0.1, gt=0, le=100, description="Examples, spread evenly over the classes, added to a leaf"
    )

    @model_validator(mode="after")
    def _groups(self) -> "ForestParams":
        if self.trees % self.members:
            raise ValueError(f"expected trees to be a multiple of members ({self.members})")
        return self


class Entry(Method):
    r"""The mean over trees of the class frequencies in the leaf that an example reaches.

    .. math:: p_k(x) = \tfrac1T \sum_t \frac{n_{tk} + m/K}{n_t + m}

    n_tk are the training examples of class k in the leaf. Grown out, a tree's leaves hold one class
    and say 0 to all others; with m > 0 (the m-estimate, Cestnik 1990) no probability is 0 and the
    likelihood is finite. The trees are cached in groups of equal size, whose arithmetic mean is
    that of all trees. The larger the groups, the less they disagree.
    """

    Params = ForestParams
    family = "random forest"

    def __init__(self, params: ForestParams, meta: dict[str, Any]) -> None:
        super().__init__(params, meta)
        self.classes = int(meta["n_classes"])
        self.trees = Trees(self.classes)

    def fit_closed_form(self, train: Batch, rng: torch.Generator) -> bool:
        """Grow the trees with scikit-learn; the generator gives it its seed."""
        seed = int(torch.randint(2**31 - 1, (1,), generator=rng))
        forest = RandomForestClassifier(
            self.params.trees, min_samples_leaf=self.params.leaf, random_state=seed, n_jobs=1
        )
        x, y = train["x"].flatten(1).numpy(), train["y"].numpy()
        forest.fit(x, y)
        if len(forest.classes_) != self.classes:
            raise ValueError(f"expected {self.classes} classes in the training part, found fewer")
        self.trees.grow(tree.tree_ for tree in forest.estimators_)
        return True

    def tree_probabilities(self, x: Array, smoothing: float) -> Array:
        """Smoothed class frequencies of the leaf in every tree: [N, features] -> [T, N, K]."""
        p, n = self.trees.array("value"), self.trees.array("weight")[:, None]
        smoothed = (n * p + smoothing / self.classes) / (n + smoothing)
        return np.asarray(smoothed.take(self.trees.leaves(x), axis=0))

    @property
    def evaluations_per_prediction(self) -> int:
        """One pass, through every tree."""
        return 1

    def member_logits(self, x: Tensor, rng: torch.Generator) -> Tensor:
        """Log-probabilities of the groups of trees, [members, N, K]."""
        p = self.tree_probabilities(x.flatten(1).cpu().numpy(), self.params.smoothing)
        groups = p.reshape(self.params.members, -1, *p.shape[1:]).mean(axis=1)
        return torch.from_numpy(np.log(groups)).to(x.device)

    def prediction_cost(self, x: Tensor) -> float:
        """Comparisons, in all trees."""
        return len(self.trees.roots) * self.trees.depth()

    def training_cost(self, x: Tensor, steps: Mapping[str, int], n: int) -> float:
        """Examples looked at times features tried, over all splits."""
        return self.trees.visits() * max(1, int(x.numel() ** 0.5))

    def prediction_protocol(self) -> str:
        """Size and smoothing; and what a member is, on whose size disagreement depends."""
        size = self.params.trees // self.params.members
        return (
            f"{self.params.trees} trees, leaves smoothed by {self.params.smoothing:g} examples, "
            f"probabilities averaged; {self.params.members} members, each the mean of a group of "
            f"{size} trees"
        )
