"""Methods for a real target: rows of a table in, the law of the target out.

What a method caches is a mean and a variance per member, [M, N, 2], or the quantiles at ``LEVELS``
of one network, [1, N, Q]; both in the units of the target. The measures tell them apart by the last
axis.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from triptych.errors import UserError
from triptych.files import Array
from triptych.metrics.regression import mixture_moments
from triptych.model import Batch, Trainable
from triptych.params import ModelParams, TrainingParams
from triptych.uncertainty.base import HeldOut, Method
from triptych.uncertainty.regression_levels import LEVELS
from triptych.uncertainty.tables import Standardise, TableNetwork, standardise

LEAST_VARIANCE = 1e-4  # of the standardised target: keeps the likelihood bounded


class RegressionParams(TrainingParams):
    """The network that all methods share and how it is trained.

    The defaults are those of the lowest NLL on the validation parts of both data sets; the weights
    of the lowest validation loss are kept, because a mean and a variance overfit within a few
    hundred steps.
    """

    steps: int = Field(300, ge=1, description="Optimiser updates, of each network, at most")
    batch_size: int = Field(64, ge=1, description="Rows per update")
    learning_rate: float = Field(3e-3, gt=0, le=1, description="Adam's step size")
    validate_every: int = Field(20, ge=1, description="Updates between validation losses")
    keep: Literal["last", "best"] = Field(
        "best",
        description="Weights to keep: the last step's or those of the lowest validation loss",
    )
    hidden: int = Field(64, ge=1, le=4096, description="Units of both hidden layers")


class RegressionNetwork(Trainable):
    """The network of the tables with other outputs; it sees and fits a standardised target."""

    def __init__(self, columns: int, outputs: int, hidden: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.body = TableNetwork(columns, outputs, hidden, dropout)
        self.target = Standardise(1)

    def forward(self, x: Tensor) -> Tensor:
        """Raw outputs [N, outputs] of rows [N, F]."""
        outputs: Tensor = self.body(x)
        return outputs

    def in_units(self, outputs: Tensor) -> Tensor:
        """Raw outputs as numbers in the units of the target, [N, outputs]."""
        raise NotImplementedError(f"{type(self).__name__} does not say what its outputs are")

    def standardised(self, y: Tensor) -> Tensor:
        """Targets [N] in units of their deviation over the training part."""
        return (y - self.target.mean) / self.target.scale


class GaussianNetwork(RegressionNetwork):
    r"""A mean and a variance for every row (Nix & Weigend 1994).

    .. math:: L = \tfrac12 \log σ^2(x) + \frac{(y - μ(x))^2}{2σ^2(x)}

    The variance is softplus of the second output, plus a floor.
    """

    def __init__(self, columns: int, hidden: int, dropout: float = 0.0) -> None:
        super().__init__(columns, 2, hidden, dropout)

    def moments(self, outputs: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and variance of the standardised target, each [N], of outputs [N, 2]."""
        return outputs[:, 0], functional.softplus(outputs[:, 1]) + LEAST_VARIANCE

    def in_units(self, outputs: Tensor) -> Tensor:
        """Mean and variance in the units of the target, [N, 2]."""
        mean, variance = self.moments(outputs)
        scale = self.target.scale
        return torch.stack([mean * scale + self.target.mean, variance * scale**2], dim=1)

    def loss(self, batch: Batch, rng: torch.Generator) -> Tensor:
        """Mean negative log-density of the standardised target, without its constant."""
        mean, variance = self.moments(self(batch["x"]))
        gap = self.standardised(batch["y"]) - mean
        return 0.5 * (variance.log() + gap**2 / variance).mean()


class QuantileNetwork(RegressionNetwork):
    r"""Quantiles that cannot cross: the lowest, and non-negative steps upwards.

    .. math:: q_1 = f_1(x), \qquad q_{k+1} = q_k + \mathrm{softplus} f_{k+1}(x)
    """

    def __init__(self, columns: int, hidden: int) -> None:
        super().__init__(columns, len(LEVELS), hidden)
        self.register_buffer("levels", torch.tensor(LEVELS), persistent=False)

    def quantiles(self, outputs: Tensor) -> Tensor:
        """Ascending quantiles of the standardised target: [N, Q] -> [N, Q]."""
        steps = torch.cat([outputs[:, :1], functional.softplus(outputs[:, 1:])], dim=1)
        return steps.cumsum(dim=1)

    def in_units(self, outputs: Tensor) -> Tensor:
        """Quantiles in the units of the target, [N, Q]."""
        return self.quantiles(outputs) * self.target.scale + self.target.mean

    def loss(self, batch: Batch, rng: torch.Generator) -> Tensor:
        """Mean pinball loss over rows and levels (Koenker & Bassett 1978)."""
        levels: Tensor = self.get_buffer("levels")
        gap = self.standardised(batch["y"])[:, None] - self.quantiles(self(batch["x"]))
        return torch.maximum(levels * gap, (levels - 1) * gap).mean()


class Regressor(Method):
    """Base of the methods for a real target."""

    Params: ClassVar[type[ModelParams]] = RegressionParams
    data_kinds: ClassVar[tuple[str, ...]] = ("table",)

    def __init__(self, params: Any, meta: Mapping[str, Any]) -> None:
        super().__init__(params, meta)
        if meta["task"] != "regression":
            raise UserError(
                f"{meta.get('dataset', 'data set')}: expected a real target, found task "
                f"{meta['task']!r}; use a regression data set"
            )
        self.columns = len(meta["features"])

    def fit_closed_form(self, train: Batch, rng: torch.Generator) -> bool:
        """Fit the scaling of features and target; the weights are left to the training loop."""
        for module in self.modules():
            if isinstance(module, RegressionNetwork):
                module.target.fit(train["y"][:, None])
                standardise([*module.body.trunk], train)
        return False


class GaussianRegressor(Regressor):
    r"""Members that predict a mean and a variance, combined by the moments of their mixture.

    .. math:: p(y|x) \approx N\big(\bar μ,\ \tfrac1M \sum_m σ_m^2 + \mathrm{Var}_m\, μ_m\big)
    """

    @classmethod
    def combine(cls, params: Any, members: Array, held_out: HeldOut) -> Array:
        """Mean and variance of the mixture: [M, N, 2] -> float64 [N, 2]."""
        mean, variance = mixture_moments(members[..., 0], members[..., 1])
        return np.stack([mean, variance], axis=-1)


def outputs_of(network: nn.Module, x: Tensor) -> Tensor:
    """What a regression network caches for rows [N, F]: [N, 2] or [N, Q]."""
    assert isinstance(network, RegressionNetwork)
    return network.in_units(network(x))
