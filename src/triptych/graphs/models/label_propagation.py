"""Label propagation: the graph without features and without training."""

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from triptych.data.parts import Part
from triptych.files import Array
from triptych.graphs.base import GraphModel, Measured, Number, Parts
from triptych.graphs.operators import separate
from triptych.metrics.classification import accuracy
from triptych.model import Batch, Meta
from triptych.params import Fraction, ModelParams, at_evaluation


class PropagationParams(ModelParams):
    """Nothing is trained, so everything here is read by the evaluation."""

    alphas: list[Fraction] = at_evaluation(
        [0.5, 0.8, 0.9, 0.99],
        min_length=1,
        description="Shares that come from the neighbours; the one of the highest validation "
        "accuracy counts",
    )
    iterations: int = at_evaluation(50, ge=1, le=10_000, description="Steps of the recursion")


class Entry(GraphModel):
    r"""Local and global consistency: Zhou, Bousquet, Lal, Weston and Schölkopf, "Learning with
    Local and Global Consistency" (NeurIPS 2003).

    .. math:: F \leftarrow \alpha S F + (1 - \alpha) Y, \qquad S = D^{-1/2} A D^{-1/2},

    from the one-hot labels Y of the training nodes, towards
    :math:`(1 - \alpha) (I - \alpha S)^{-1} Y`. The baseline that uses the edges alone, as the
    multi-layer perceptron uses the features alone.
    """  # noqa: D205

    Params = PropagationParams
    family = "label propagation"
    task = "node classification"
    full_batch = True

    def __init__(self, params: Any, meta: Meta) -> None:
        super().__init__(params, meta)
        self.classes = int(meta["n_classes"])

    @classmethod
    def tensors(cls, train: Part, validation: Part) -> tuple[Batch, Batch]:
        """Labels are spread at the evaluation; nothing is learnt."""
        return {}, {}

    def fit_closed_form(self, train: Batch, rng: torch.Generator) -> bool:
        """There is nothing to fit."""
        return True

    def propagate(self, start: Tensor, edge_index: Tensor, alpha: float) -> Tensor:
        """F after ``iterations`` steps: [N, C].

        Args:
            start: Y [N, C].
            edge_index: int64 [2, E].
            alpha: Share that comes from the neighbours, below 1.
        """
        (matrix,) = separate.Layer.prepare(edge_index, len(start), start.dtype)
        spread = start
        for _ in range(self.params.iterations):
            spread = alpha * (matrix @ spread) + (1 - alpha) * start
        return spread

    def respond(self, x: Tensor, edge_index: Tensor) -> Tensor:
        """The features spread as labels are: [N, F]."""
        return self.propagate(x, edge_index, self.params.alphas[0])

    @torch.no_grad()
    def measure(self, parts: Parts, stream: tuple[object, ...]) -> Measured:
        """Accuracy of validation and test nodes, α chosen on the validation labels."""
        spread = self._chosen(parts)
        protocol = self.protocol(parts["train"].meta)
        n_train = len(parts["train"].arrays["y"])
        numbers = [Number("train", "n_train", n_train, "examples", n_train, protocol)]
        for split in ("validation", "test"):
            held = parts[split].arrays
            hit = float(accuracy(spread[held["index"]], held["y"]))
            numbers.append(Number(split, "accuracy", hit, "fraction", len(held["y"]), protocol))
        return Measured(numbers)

    def _chosen(self, parts: Parts) -> Array:
        train, held = parts["train"].arrays, parts["validation"].arrays
        start = torch.zeros(len(train["x"]), self.classes, dtype=torch.float64)
        known = functional.one_hot(torch.from_numpy(train["y"]), self.classes)
        start[torch.from_numpy(train["index"])] = known.to(start.dtype)
        edges = torch.from_numpy(train["edge_index"])
        spread = [self.propagate(start, edges, alpha).numpy() for alpha in self.params.alphas]
        right = [float(accuracy(each[held["index"]], held["y"])) for each in spread]
        return np.asarray(spread[int(np.argmax(right))])

    def protocol(self, meta: Meta) -> str:
        """What an accuracy of this baseline means nothing without."""
        p = self.params
        return "; ".join(
            [
                "transductive: edges and the labels of the training part only, no features",
                f"split: {meta['split_rule']}",
                *map(str, meta["notes"]),
                f"{p.iterations} steps; α of the highest validation accuracy among {p.alphas}",
                "nothing is random" if meta["standard_split"] else "a seed draws the split",
            ]
        )
