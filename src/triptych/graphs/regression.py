"""Node regression: a real number for every node, learnt by least squares."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from triptych.data.parts import Part
from triptych.errors import UserError
from triptych.files import Array
from triptych.graphs.base import Measured, Number, Parts
from triptych.graphs.network import GraphNetwork
from triptych.model import Batch, Meta


class NodeRegressor(GraphNetwork):
    """Squared error on the labelled nodes, the target standardised by them alone.

    The network predicts (y − m) / s with the mean m and the deviation s of the *training* targets:
    those of all nodes would tell about the test.
    """

    task = "node regression"

    def width(self, meta: Meta) -> int:
        """One number."""
        return 1

    @classmethod
    def tensors(cls, train: Part, validation: Part) -> tuple[Batch, Batch]:
        """As every network on one graph, with float targets, standardised."""
        if train.meta["task"] != "regression":
            raise UserError(
                f"{train.meta.get('dataset', 'data set')}: expected real targets, found task "
                f"{train.meta['task']!r}; use a data set with task regression"
            )
        centre, spread = standard(train.arrays["y"])
        batches = super().tensors(train, validation)
        return tuple(  # type: ignore[return-value]
            dict(batch) | {"y": ((batch["y"].double() - centre) / spread).float()}
            for batch in batches
        )

    def loss(self, batch: Batch, rng: torch.Generator) -> Tensor:
        """Mean squared error of the labelled nodes of ``batch``, with dropout."""
        return functional.mse_loss(self.output(batch, rng)[batch["index"], 0], batch["y"])

    def validation_loss(self, batch: Batch, rng: torch.Generator) -> Tensor:
        """The same without dropout."""
        return functional.mse_loss(self.output(batch)[batch["index"], 0], batch["y"])

    @torch.no_grad()
    def measure(self, parts: Parts, stream: tuple[object, ...]) -> Measured:
        """Squared error in units of the target, that of the training mean, and their ratio."""
        batch, _ = self.tensors(parts["train"], parts["validation"])
        centre, spread = standard(parts["train"].arrays["y"])
        predicted = centre + spread * self.output(batch)[:, 0].double().numpy()
        protocol, n_train = self.protocol(parts["train"].meta), len(batch["y"])
        numbers = [Number("train", "n_train", n_train, "examples", n_train, protocol)]
        arrays: dict[str, Array] = {}
        for split in ("validation", "test"):
            held = parts[split].arrays
            numbers += _errors(predicted[held["index"]], held["y"], centre, split, protocol)
            arrays[f"{split}_predictions"] = predicted[held["index"]]
            arrays[f"{split}_targets"] = held["y"]
        return Measured(numbers, arrays)

    def protocol(self, meta: Mapping[str, Any]) -> str:
        """What an error of this model means nothing without."""
        return "; ".join(
            [
                "transductive (all features and edges are seen, targets of the training part only, "
                "which also give mean and scale)",
                f"split: {meta['split_rule']}",
                *map(str, meta["notes"]),
                "a seed draws split, initialisation and dropout",
                self.recipe(),
            ]
        )


def standard(y: Array) -> tuple[float, float]:
    """Mean and standard deviation (n in the denominator; 1 where all are equal)."""
    spread = float(np.std(y))
    return float(np.mean(y)), spread if spread > 0 else 1.0


def _errors(
    predicted: Array, target: Array, centre: float, split: str, protocol: str
) -> list[Number]:
    n = len(target)
    error = float(np.mean((predicted - target) ** 2))
    constant = float(np.mean((centre - target) ** 2))
    return [
        Number(split, "mse", error, "target²", n, protocol),
        Number(split, "mse/training_mean", constant, "target²", n, "the mean of the training part"),
        Number(
            split, "explained", 1 - error / constant, "fraction", n,
            f"1 − squared error / that of the training mean; {protocol}",
        ),
    ]  # fmt: skip
