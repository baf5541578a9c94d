"""Simplified graph convolution, a logistic regression on smoothed features: Wu et al. (2019)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from triptych.graphs.base import Measured, Number, Parts
from triptych.graphs.layer import GraphLayer
from triptych.graphs.nodes import NodeClassifier
from triptych.graphs.normalise import Scaling, scale
from triptych.graphs.operators import sgc
from triptych.graphs.smoothing import smoothed_rows
from triptych.metrics.classification import accuracy
from triptych.model import Batch, Meta, Trainable
from triptych.params import Distinct, NotNegative, TrainingParams


class SGCParams(TrainingParams):
    """The authors' recipe; they too choose the weight decay on the validation part."""

    steps: int = Field(100, ge=1, description="Full-batch updates, for each weight decay")
    learning_rate: float = Field(0.2, gt=0, le=1, description="Adam's step size")
    hops: int = Field(2, ge=1, le=64, description="Steps of averaging, K")
    weight_decays: Distinct[NotNegative] = Field(
        [1e-5, 3e-5, 1e-4, 3e-4],
        min_length=1,
        description="L2 penalties; the one of the highest validation accuracy counts",
    )
    scaling: Scaling = Field(
        "none",
        description="Features: none, rows (each node's sum to 1) or columns (mean 0, variance 1)",
    )


class Smoothed:
    """Smoothed rows of the labelled nodes, computed once and shared by all weight decays."""

    def __init__(self, hops: int, scaling: Scaling) -> None:
        self.hops, self.scaling = hops, scaling
        self._held: list[tuple[Tensor, Tensor]] = []

    def __call__(self, batch: Batch) -> Tensor:
        """Rows ``index`` of Âᴷ X: [n, F]; the last two batches are remembered."""
        for index, rows in self._held:
            if index is batch["index"]:
                return rows
        x = scale(batch["x"], self.scaling)
        (matrix,) = sgc.Layer.prepare(batch["edge_index"].cpu(), len(x), x.dtype)
        rows = smoothed_rows(matrix, x, self.hops, batch["index"])
        self._held = [*self._held[-1:], (batch["index"], rows)]
        return rows


class Regression(Trainable):
    """Softmax regression under one weight decay."""

    def __init__(self, inputs: int, outputs: int, decay: float, smoothed: Smoothed) -> None:
        super().__init__()
        self.layer = sgc.Layer(inputs, outputs, smoothed.hops)
        self.bias = nn.Parameter(torch.empty(outputs))
        self.decay, self.smoothed = decay, smoothed
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """All weights 0, where a convex problem may start.

        Words of no labelled neighbourhood then keep the weight 0. From any other start the penalty
        would be their whole gradient, and Adam, which divides by its size, would send them back and
        forth by full steps.
        """
        for parameter in self.parameters():
            nn.init.zeros_(parameter)

    def parameter_groups(self) -> dict[str, list[dict[str, Any]]]:
        """Matrix and bias, under this weight decay."""
        return {"model": [{"params": list(self.parameters()), "weight_decay": self.decay}]}

    def loss(self, batch: Batch, rng: torch.Generator) -> Tensor:
        """Mean cross-entropy of the labelled nodes."""
        logits = self.smoothed(batch) @ self.layer.weight + self.bias
        return functional.cross_entropy(logits, batch["y"])


class Entry(NodeClassifier):
    """softmax(Âᴷ X W + b): convex, and trained from zero, so that no seed moves it."""

    Params = SGCParams
    family = "convolutional"

    def __init__(self, params: Any, meta: Meta) -> None:
        super().__init__(params, meta)
        self.chosen = 0

    def operator(self) -> type[GraphLayer]:
        """K steps of averaging, then one matrix."""
        return sgc.Layer

    def stack(self, inputs: int, outputs: int) -> nn.ModuleList:
        """A regression for each weight decay: alternatives, not layers of one network."""
        p = self.params
        smoothed = Smoothed(p.hops, p.scaling)
        return nn.ModuleList(
            Regression(inputs, outputs, decay, smoothed) for decay in p.weight_decays
        )

    def trainables(self) -> dict[str, Trainable]:
        """By weight decay."""
        return {f"weight_decay={each.decay:g}": each for each in self._regressions()}

    def reset_parameters(self, rng: torch.Generator | None = None) -> None:
        """Back to the start; nothing is drawn."""
        for each in self._regressions():
            each.reset_parameters()

    def respond(self, x: Tensor, edge_index: Tensor) -> Tensor:
        """Smoothed features and logits side by side: [N, F + classes].

        Before training all logits are 0; what a graph does to an output shows in the features.
        """
        features = scale(x, self.params.scaling)
        (matrix,) = sgc.Layer.prepare(edge_index, len(x), x.dtype)
        for _ in range(self.params.hops):
            features = matrix @ features
        return torch.cat([features, self.compute(x, edge_index)], dim=1)

    def compute(self, x: Tensor, edge_index: Tensor, rng: torch.Generator | None = None) -> Tensor:
        """Of all nodes, by the chosen regression: [N, classes]."""
        chosen = self._regressions()[self.chosen]
        features = scale(x, self.params.scaling)
        graph = chosen.layer.prepare(edge_index, len(x), x.dtype)
        logits: Tensor = chosen.layer(features, graph) + chosen.bias
        return logits

    @torch.no_grad()
    def measure(self, parts: Parts, stream: tuple[object, ...]) -> Measured:
        """As every node classifier, after the weight decay is chosen on the validation part."""
        train, held = parts["train"].arrays, parts["validation"].arrays
        x, edges = torch.from_numpy(train["x"]), torch.from_numpy(train["edge_index"])
        right = []
        for number in range(len(self.layers)):
            self.chosen = number
            logits = self.compute(x, edges)[torch.from_numpy(held["index"])]
            right.append(float(accuracy(logits.numpy(), held["y"])))
        self.chosen = right.index(max(right))
        measured = super().measure(parts, stream)
        decay = self.params.weight_decays[self.chosen]
        chosen = Number(
            "validation", "chosen_weight_decay", decay, "1", len(held["y"]),
            self.protocol(parts["train"].meta),
        )  # fmt: skip
        return replace(measured, numbers=[*measured.numbers, chosen])

    def protocol(self, meta: Mapping[str, Any]) -> str:
        """What an accuracy of this model means nothing without."""
        tried = ", ".join(f"{decay:g}" for decay in self.params.weight_decays)
        return f"{super().protocol(meta)}; weight decay of the highest validation accuracy: {tried}"

    def _regressions(self) -> list[Regression]:
        return [cast("Regression", each) for each in self.layers]
