"""Logistic regression: the linear classifier of largest penalised likelihood, found exactly."""

from typing import Any

import numpy as np
import torch
from pydantic import Field
from scipy import optimize, special
from torch import Tensor, nn

from triptych.files import Array
from triptych.model import Batch
from triptych.params import ModelParams
from triptych.uncertainty.base import Method
from triptych.uncertainty.tables import Standardise


class LogisticParams(ModelParams):
    """The penalty."""

    penalty: float = Field(
        1.0, gt=0, description="λ of the penalty λ/2 ‖W‖² beside the summed cross-entropy"
    )


class Entry(Method):
    r"""Softmax of linear scores of the standardised inputs.

    .. math:: \min_{W, b} \ \sum_i -\log \mathrm{softmax}(W x_i + b)_{y_i} + \tfracλ2 \|W\|^2

    The problem is strictly convex in W, and W is unique: no seed moves it but through the split.
    """

    Params = LogisticParams
    family = "logistic regression"

    def __init__(self, params: LogisticParams, meta: dict[str, Any]) -> None:
        super().__init__(params, meta)
        table = meta["kind"] == "table"
        columns = len(meta["features"]) if table else int(np.prod(meta["shape"]))
        self.scale = Standardise(columns)
        self.linear = nn.Linear(columns, int(meta["n_classes"]))

    def fit_closed_form(self, train: Batch, rng: torch.Generator) -> bool:
        """Newton-like steps to the optimum (L-BFGS), in double precision."""
        x = train["x"].flatten(1)
        self.scale.fit(x)
        scaled = self.scale(x.to(self.scale.mean.device)).cpu().double().numpy()
        weight, bias = optimum(
            scaled, train["y"].numpy(), self.linear.out_features, self.params.penalty
        )
        with torch.no_grad():
            self.linear.weight.copy_(torch.from_numpy(weight))
            self.linear.bias.copy_(torch.from_numpy(bias))
        return True

    @property
    def evaluations_per_prediction(self) -> int:
        """One."""
        return 1

    def member_logits(self, x: Tensor, rng: torch.Generator) -> Tensor:
        """Logits [1, N, K]."""
        logits: Tensor = self.linear(self.scale(x.flatten(1)))
        return logits[None]

    def prediction_protocol(self) -> str:
        """What is fitted."""
        return f"linear in the standardised inputs, penalty {self.params.penalty:g}"


def optimum(x: Array, y: Array, classes: int, penalty: float) -> tuple[Array, Array]:
    """Weights [K, F] and biases [K] of the least penalised cross-entropy; biases sum to 0.

    Args:
        x: [N, F], float64.
        y: int64 [N].
        classes: K.
        penalty: λ.
    """
    truth = np.eye(classes)[y]
    inputs = np.hstack([x, np.ones((len(x), 1))])
    shape = (inputs.shape[1], classes)

    def objective(flat: Array) -> tuple[float, Array]:
        theta = flat.reshape(shape)
        log_p = special.log_softmax(inputs @ theta, axis=1)
        gradient = inputs.T @ (np.exp(log_p) - truth)
        gradient[:-1] += penalty * theta[:-1]
        value = -(truth * log_p).sum() + penalty / 2 * (theta[:-1] ** 2).sum()
        return float(value), gradient.ravel()

    found = optimize.minimize(
        objective, np.zeros(shape[0] * shape[1]), jac=True, method="L-BFGS-B",
        options={"maxiter": 1000, "gtol": 1e-6, "ftol": 1e-14},
    )  # fmt: skip
    theta = found.x.reshape(shape)
    theta = theta - theta.mean(axis=1, keepdims=True)  # softmax does not see the mean; W's is 0
    return np.ascontiguousarray(theta[:-1].T), theta[-1]
