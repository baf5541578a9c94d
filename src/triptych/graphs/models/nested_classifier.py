"""Classifiers of whole graphs with their settings chosen on the validation part, seed by seed."""

from itertools import product
from typing import Annotated, Any, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from triptych.data.parts import Part
from triptych.graphs import aggregators
from triptych.graphs.base import GraphModel, Measured, Number, Parts
from triptych.graphs.blocks import Blocks, Readout
from triptych.graphs.class_numbers import class_numbers
from triptych.graphs.dropout import dropout
from triptych.graphs.graph_classification import GraphClassifier, GraphClassifierParams
from triptych.graphs.layer import GraphLayer
from triptych.graphs.operators import identity, sage, symmetric
from triptych.model import Batch, Meta, Trainable
from triptych.params import Count

OPERATORS: dict[str, type[GraphLayer]] = {
    "sum": aggregators.Sum,
    "symmetric": symmetric.Layer,
    "sage": sage.Layer,
    "none": identity.Layer,  # for its prepared graph alone: nothing
}


class NestedParams(GraphClassifierParams):
    """``hidden``, ``readout`` and ``dropout`` are not read: the lists below take their place."""

    aggregator: Literal["sum", "symmetric", "sage", "none"] = Field(
        "sum",
        description="sum: GIN-0; symmetric: GCN; sage: GraphSAGE, mean; none: no edge is seen, a "
        "perceptron reads the node features summed (or averaged) over the graph",
    )
    widths: list[Count] = Field([32, 64], min_length=1, description="Widths to choose among")
    readouts: list[Readout] = Field(
        ["sum"], min_length=1, description="Readouts to choose among: sum, mean"
    )
    dropouts: list[Annotated[float, Field(ge=0, lt=1)]] = Field(
        [0.0, 0.5], min_length=1, description="Dropouts to choose among"
    )


class Candidate(GraphClassifier):
    """One network of the selection.

    Its readouts are batch-normalised before the linear maps that classify: sums over graphs of 4
    and of 600 nodes come to one scale.
    """

    Params = NestedParams
    family = "graph classifier"

    def __init__(self, params: Any, meta: Meta) -> None:
        super().__init__(params, meta)
        widths = [head.in_features for head in self.heads if isinstance(head, nn.Linear)]
        self.scales = nn.ModuleList(nn.BatchNorm1d(width) for width in widths)

    def operator(self) -> type[GraphLayer]:
        """The aggregator of ``params.yaml``."""
        return OPERATORS[self.params.aggregator]

    def logits(self, blocks: Blocks, rng: torch.Generator | None = None) -> Tensor:
        """[graphs, classes]."""
        states, readout = self.states(blocks, rng), blocks.readout(self.params.readout)
        used = states[-len(self.heads) :]
        return torch.stack(
            [
                head(self.drop(scale(readout @ state), rng))
                for head, scale, state in zip(self.heads, self.scales, used, strict=True)
            ]
        ).sum(dim=0)

    def drop(self, h: Tensor, rng: torch.Generator | None) -> Tensor:
        """Dropout of dense features."""
        held = dropout(h, self.params.dropout, rng)
        assert isinstance(held, Tensor)
        return held


class Composition(Candidate):
    """The structure-free baseline of Errica, Podda, Bacciu and Micheli (ICLR 2020).

    A perceptron with one hidden layer on what the graph is made of: the node features summed or
    averaged over it.
    """

    def build(self, features: int) -> list[int]:
        """Scale and hidden layer; ``depth`` and ``head`` are not read."""
        self.counts = nn.BatchNorm1d(features)
        self.hidden = nn.Linear(features, self.params.hidden)
        return [self.params.hidden]

    def logits(self, blocks: Blocks, rng: torch.Generator | None = None) -> Tensor:
        """[graphs, classes]."""
        counts = self.counts(blocks.readout(self.params.readout) @ blocks.x)
        out: Tensor = self.heads[0](self.drop(self.hidden(counts).relu(), rng))
        return out


class Entry(GraphModel):
    """The network with the lowest validation loss of all widths, readouts and dropouts.

    With cross-validation folds this is nested selection: the validation fold chooses the settings
    and the step, and the test fold is looked at once, by the network that was chosen.
    """

    Params = NestedParams
    family = "graph classifier"
    task = GraphClassifier.task
    symmetry: ClassVar[Literal["equivariant", "invariant"]] = "invariant"
    data_kinds: ClassVar[tuple[str, ...]] = ("graphs", "molecules")
    full_batch = True

    def __init__(self, params: Any, meta: Meta) -> None:
        super().__init__(params, meta)
        settings = [
            params.model_copy(update={"hidden": width, "readout": readout, "dropout": rate})
            for width, readout, rate in product(params.widths, params.readouts, params.dropouts)
        ]
        kind = Composition if params.aggregator == "none" else Candidate
        self.candidates = nn.ModuleList(kind(each, meta) for each in settings)

    @classmethod
    def tensors(cls, train: Part, validation: Part) -> tuple[Batch, Batch]:
        """As every classifier of whole graphs."""
        return GraphClassifier.tensors(train, validation)

    def trainables(self) -> dict[str, Trainable]:
        """The candidates by number."""
        return {f"candidate{k}": each for k, each in enumerate(self._networks())}

    def respond(self, x: Tensor, edge_index: Tensor) -> Tensor:
        """The logits of one graph by the first candidate: [classes]."""
        return self._networks()[0].respond(x, edge_index)

    @torch.no_grad()
    def choose(self, validation: Part) -> tuple[Candidate, float]:
        """The candidate of the lowest loss on the validation part, and that loss.

        It is handed nothing else, so that nothing else can choose.
        """
        held, _ = GraphClassifier.tensors(validation, validation)
        losses = [float(each.validation_loss(held, torch.Generator())) for each in self._networks()]
        best = min(range(len(losses)), key=losses.__getitem__)
        return self._networks()[best], losses[best]

    @torch.no_grad()
    def measure(self, parts: Parts, stream: tuple[object, ...]) -> Measured:
        """Accuracy and negative log-likelihood of the chosen candidate, and which it was."""
        chosen, _ = self.choose(parts["validation"])
        protocol = self.protocol(chosen, parts["train"].meta)
        measured = class_numbers(chosen.predict, parts, protocol)
        n, p = len(parts["validation"].arrays["y"]), chosen.params
        picked = [
            Number("validation", "chosen_width", float(p.hidden), "1", n, protocol),
            Number("validation", "chosen_sum", float(p.readout == "sum"), "1", n, protocol),
            Number("validation", "chosen_dropout", float(p.dropout), "1", n, protocol),
        ]
        return Measured([*measured.numbers, *picked], measured.arrays)

    def protocol(self, chosen: Candidate, meta: Meta) -> str:
        """What an accuracy of this model means nothing without."""
        p = self.params
        return (
            f"{chosen.protocol(meta)}; width of {p.widths}, readout of {p.readouts} and dropout of "
            f"{p.dropouts} with the lowest validation loss, chosen for each seed"
        )

    def _networks(self) -> list[Candidate]:
        return [each for each in self.candidates if isinstance(each, Candidate)]
