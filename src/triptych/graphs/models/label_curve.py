"""One network for each number of known labels, on the same split."""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, cast

import torch
from pydantic import Field
from torch import Tensor, nn

from triptych.data.parts import Part
from triptych.errors import UserError
from triptych.graphs.base import GraphModel, Measured, Number, Parts
from triptych.graphs.choice import CHOICES, MEANING, Choice
from triptych.graphs.label_curve import known_labels
from triptych.graphs.layer import GraphLayer
from triptych.graphs.network import NetworkParams
from triptych.graphs.nodes import NodeClassifier, scores
from triptych.model import Batch, Meta, Trainable
from triptych.params import Distinct


class CurveParams(NetworkParams):
    """The same recipe at every share."""

    shares: Distinct[Annotated[float, Field(gt=0, le=1)]] = Field(
        [0.006, 0.03, 0.1, 0.6],
        min_length=1,
        description="Labelled nodes of all nodes; at most the training part's share",
    )
    aggregator: Choice = Field("symmetric", description=MEANING)


class Partly(NodeClassifier):
    """A network that is told some of the training labels and as many validation labels."""

    Params = CurveParams
    family = "convolutional"

    def __init__(self, params: Any, meta: Meta, share: float) -> None:
        super().__init__(params, meta)
        self.share, self.nodes = share, int(meta["n"])
        self.labels = max(1, round(share * self.nodes))
        self.dataset = meta.get("dataset", "data set")

    def operator(self) -> type[GraphLayer]:
        """The aggregator of ``params.yaml``."""
        return CHOICES[self.params.aggregator]

    def loss(self, batch: Batch, rng: torch.Generator) -> Tensor:
        """Of the known labels."""
        return super().loss(self.known(batch), rng)

    def validation_loss(self, batch: Batch, rng: torch.Generator) -> Tensor:
        """Of as many validation labels, if there are: ten to train on go with ten to stop on."""
        return super().validation_loss(_labelled(batch, self.labels), rng)

    def known(self, batch: Batch) -> Batch:
        """The training batch with its share of the labels.

        Raises:
            UserError: The training part has fewer.
        """
        most = len(batch["y"])
        if self.labels > most:
            raise UserError(
                f"{self.dataset}: expected shares of up to {_down(most / self.nodes)} (the "
                f"training part has {most} of {self.nodes} nodes), found {self.share:g}; lower it "
                "in `shares`"
            )
        return _labelled(batch, self.labels)


class Entry(GraphModel):
    """Test accuracy against the share of labelled nodes; all other labels stay unknown."""

    Params = CurveParams
    family = "convolutional"
    task = "node classification"
    full_batch = True

    def __init__(self, params: Any, meta: Meta) -> None:
        super().__init__(params, meta)
        self.networks = nn.ModuleList(Partly(params, meta, share) for share in params.shares)

    @classmethod
    def tensors(cls, train: Part, validation: Part) -> tuple[Batch, Batch]:
        """As for every node classifier."""
        return NodeClassifier.tensors(train, validation)

    def trainables(self) -> dict[str, Trainable]:
        """By share."""
        return dict(self._networks())

    def reset_parameters(self, rng: torch.Generator | None = None) -> None:
        """Draw every weight anew."""
        for network in self._networks().values():
            network.reset_parameters(rng)

    def respond(self, x: Tensor, edge_index: Tensor) -> Tensor:
        """The logits of every share side by side: [N, shares classes]."""
        return torch.cat([n.respond(x, edge_index) for n in self._networks().values()], dim=1)

    @torch.no_grad()
    def measure(self, parts: Parts, stream: tuple[object, ...]) -> Measured:
        """Scores for every share; the plain ones are those of the largest."""
        batch, _ = self.tensors(parts["train"], parts["validation"])
        protocol = self.protocol(parts["train"].meta)
        held = parts["test"].arrays
        numbers = []
        networks = self._networks()
        for name, network in networks.items():
            logits = network.output(batch).numpy()[held["index"]]
            n = len(network.known(batch)["y"])
            numbers += scores(logits, held["y"], "test", protocol, f"/{name}")
            numbers.append(Number("train", f"labels/{name}", n, "examples", n, protocol))
        largest = list(networks)[self.params.shares.index(max(self.params.shares))]
        plain = [
            replace(number, metric=number.metric.partition("/")[0])
            for number in numbers
            if number.metric in (f"accuracy/{largest}", f"nll/{largest}")
        ]
        n_train = len(batch["y"])
        numbers.append(Number("train", "n_train", n_train, "examples", n_train, protocol))
        return Measured([*numbers, *plain])

    def protocol(self, meta: Mapping[str, Any]) -> str:
        """What an accuracy by share means nothing without."""
        network = next(iter(self._networks().values()))
        return (
            f"{network.protocol(meta)}; of the training part only the given share of all nodes is "
            "labelled (nested, stratified), and as many validation nodes (all, where there are "
            "fewer) decide when to stop"
        )

    def _networks(self) -> dict[str, Partly]:
        return {
            f"share={share:g}": cast("Partly", network)
            for share, network in zip(self.params.shares, self.networks, strict=True)
        }


def _labelled(batch: Batch, total: int) -> Batch:
    """A batch with so many of its labels."""
    chosen = known_labels(batch["y"], total)
    return dict(batch) | {name: batch[name][chosen] for name in ("index", "y")}


def _down(share: float) -> float:
    """Three digits of a share, rounded down: what is named is allowed."""
    return math.floor(share * 1000) / 1000
