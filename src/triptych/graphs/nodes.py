"""Node classification: a network of graph operators, trained on a few labelled nodes."""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from triptych.errors import UserError
from triptych.files import Array
from triptych.graphs.base import Measured, Number, Parts
from triptych.graphs.network import SPARSE_BELOW, GraphNetwork, NetworkParams
from triptych.metrics.classification import accuracy, negative_log_likelihood
from triptych.metrics.probabilities import log_softmax
from triptych.model import Batch, Meta

__all__ = ["SPARSE_BELOW", "NodeClassifier", "NodeParams", "scores"]

NodeParams = NetworkParams


class NodeClassifier(GraphNetwork):
    """Softmax cross-entropy on the labelled nodes."""

    task = "node classification"

    def __init__(self, params: Any, meta: Meta) -> None:
        if not meta["n_classes"]:
            raise UserError(
                f"{meta.get('dataset', 'data set')}: expected classes to tell apart, found "
                f"task {meta.get('task')!r}; use a data set with classes"
            )
        super().__init__(params, meta)

    def width(self, meta: Meta) -> int:
        """A logit for each class."""
        return int(meta["n_classes"])

    def loss(self, batch: Batch, rng: torch.Generator) -> Tensor:
        """Mean cross-entropy of the labelled nodes of ``batch``, with dropout."""
        return functional.cross_entropy(self.output(batch, rng)[batch["index"]], batch["y"])

    def validation_loss(self, batch: Batch, rng: torch.Generator) -> Tensor:
        """The same without dropout."""
        return functional.cross_entropy(self.output(batch)[batch["index"]], batch["y"])

    @torch.no_grad()
    def measure(self, parts: Parts, stream: tuple[object, ...]) -> Measured:
        """Accuracy and negative log-likelihood of validation and test nodes; their logits."""
        batch, _ = self.tensors(parts["train"], parts["validation"])
        logits = self.output(batch)
        protocol = self.protocol(parts["train"].meta)
        n_train = len(batch["y"])
        numbers = [Number("train", "n_train", n_train, "examples", n_train, protocol)]
        arrays = {}
        for split in ("validation", "test"):
            held = parts[split].arrays
            chosen = logits[torch.from_numpy(held["index"])].numpy()
            numbers += scores(chosen, held["y"], split, protocol)
            arrays[f"{split}_logits"] = chosen
            arrays[f"{split}_labels"] = held["y"]  # calibration is read off both, in panel three
        return Measured(numbers, arrays)

    def protocol(self, meta: Meta) -> str:
        """What an accuracy of this model means nothing without."""
        varies = "initialisation and dropout"
        if not meta["standard_split"]:
            varies = f"split, {varies}"
        return "; ".join([*self.setting(meta), f"a seed draws {varies}", self.recipe()])

    def setting(self, meta: Meta) -> list[str]:
        """What is seen of the graph and of the labels."""
        return [
            "transductive (all features and edges are seen, labels of the training part only)",
            f"split: {meta['split_rule']}",
            *map(str, meta["notes"]),
        ]


def scores(
    logits: Array, labels: Array, split: str, protocol: str, suffix: str = ""
) -> list[Number]:
    """Accuracy and negative log-likelihood of labelled nodes.

    Args:
        logits: [n, classes].
        labels: [n].
        split: Of the records.
        protocol: Of the records.
        suffix: Behind the names of the measures: "/depth=4".
    """
    log_p, n = log_softmax(logits), len(labels)
    hit = float(accuracy(log_p, labels))
    nll = float(negative_log_likelihood(log_p, labels))
    return [
        Number(split, f"accuracy{suffix}", hit, "fraction", n, protocol),
        Number(split, f"nll{suffix}", nll, "nats", n, protocol),
    ]
