"""Graph classification: operators on the nodes, a readout over them, one class a graph.

The base of every classifier of whole graphs: pixel graphs, TU sets, and whatever else is stored as
kind ``graphs``. A subclass names the operator (any :class:`~triptych.graphs.layer.GraphLayer` whose
prepared matrices are [nodes, nodes]); batching, readout, training and measuring are here.
"""

from itertools import pairwise
from typing import Any, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from triptych.data.parts import Part
from triptych.errors import UserError
from triptych.files import Array
from triptych.graphs.base import GraphModel, Measured, Parts
from triptych.graphs.blocks import Blocks, Readout, one_graph
from triptych.graphs.class_numbers import class_numbers
from triptych.graphs.dropout import dropout
from triptych.graphs.layer import GraphLayer
from triptych.model import Batch, Meta
from triptych.params import TrainingParams

CHUNK = 512  # graphs measured at a time: bounds memory, changes no number


class GraphClassifierParams(TrainingParams):
    """Settings of every classifier of whole graphs."""

    batch_size: int = Field(64, ge=1, description="Graphs per update, drawn anew for each")
    learning_rate: float = Field(0.01, gt=0, le=1, description="Adam's step size")
    validate_every: int = Field(20, ge=1, description="Updates between validation losses")
    keep: Literal["last", "best"] = Field(
        "best",
        description="Weights to keep: the last step's or those of the lowest validation loss",
    )
    hidden: int = Field(32, ge=1, le=4096, description="Width of the layers")
    depth: int = Field(2, ge=1, le=64, description="Layers of the operator")
    readout: Readout = Field("sum", description="Over the nodes of a graph: sum or mean")
    head: Literal["nodes", "layers"] = Field(
        "nodes",
        description="nodes: softmax of the readout of z_n = W h_n + b, last layer (deck B); layers:"
        " a linear map of the readout of every layer, input included, added up (Xu et al. 2019)",
    )
    batch_norm: bool = Field(False, description="Batch normalisation after every layer")
    dropout: float = Field(0.0, ge=0, lt=1, description="Dropout before every layer but the first")


class GraphClassifier(GraphModel):
    """softmax(Σ_n z_n), or its mean, of node outputs z.

    Subclasses say which operator: ``operator``.
    """

    Params = GraphClassifierParams
    data_kinds: ClassVar[tuple[str, ...]] = ("graphs", "molecules")
    task = "graph classification"
    symmetry: ClassVar[Literal["equivariant", "invariant"]] = "invariant"
    full_batch = True  # a step draws its graphs itself: they do not share a first axis

    def __init__(self, params: Any, meta: Meta) -> None:
        super().__init__(params, meta)
        if not meta["n_classes"]:
            raise UserError(
                f"{meta.get('dataset', 'data set')}: expected classes to tell apart, found "
                f"task {meta.get('task')!r}; use a set of graphs with classes"
            )
        classes = int(meta["n_classes"])
        sizes = self.build(int(meta["n_features"]))
        norms = sizes[1:] if params.batch_norm else []
        self.norms = nn.ModuleList(nn.BatchNorm1d(width) for width in norms)
        read = sizes if params.head == "layers" else sizes[-1:]
        self.heads = nn.ModuleList(nn.Linear(width, classes) for width in read)
        self._seen: list[tuple[Tensor, Blocks]] = []

    def build(self, features: int) -> list[int]:
        """Make the layers; the widths of :meth:`states`, that of the node features first."""
        layer = self.operator()
        sizes = [features, *[self.params.hidden] * self.params.depth]
        self.layers = nn.ModuleList(layer(*pair) for pair in pairwise(sizes))
        return sizes

    def operator(self) -> type[GraphLayer]:
        """The operator of every layer."""
        raise NotImplementedError(f"{type(self).__name__} does not name its operator")

    @classmethod
    def tensors(cls, train: Part, validation: Part) -> tuple[Batch, Batch]:
        """Both hold ``x``, ``edge_index``, ``graph`` and ``y`` of their own graphs."""
        return _tensors(train), _tensors(validation)

    def blocks(self, data: Batch) -> Blocks:
        """The graphs of a part, prepared for the layers."""
        return Blocks.make(data, self.operator())

    def states(self, blocks: Blocks, rng: torch.Generator | None = None) -> list[Tensor]:
        """Node features before the first and after every layer, ReLU included: [nodes, ·] each."""
        found = [blocks.x]
        for place, layer in enumerate(self.layers):
            held = found[-1] if place == 0 else dropout(found[-1], self.params.dropout, rng)
            h: Tensor = layer(held, blocks.graph)
            if self.params.batch_norm:
                h = self.norms[place](h)
            found.append(h.relu())
        return found

    def logits(self, blocks: Blocks, rng: torch.Generator | None = None) -> Tensor:
        """Unnormalised log-probabilities.

        Args:
            blocks: Graphs.
            rng: Source of dropout; None for none.

        Returns:
            [graphs, classes].
        """
        states, readout = self.states(blocks, rng), blocks.readout(self.params.readout)
        if self.params.head == "nodes":
            out: Tensor = readout @ self.heads[0](states[-1])
            return out
        each = [head(readout @ state) for head, state in zip(self.heads, states, strict=True)]
        return torch.stack(each).sum(dim=0)

    def respond(self, x: Tensor, edge_index: Tensor) -> Tensor:
        """The logits of one graph, without dropout: [classes]."""
        return self.logits(one_graph(x, edge_index, self.operator()))[0]

    def loss(self, batch: Batch, rng: torch.Generator) -> Tensor:
        """Mean cross-entropy of ``batch_size`` graphs drawn without replacement."""
        count = len(batch["y"])
        order = torch.randperm(count, generator=rng, device=batch["y"].device)
        chosen = order[: self.params.batch_size]
        logits = self.logits(self._blocks(batch).take(chosen), rng)
        return functional.cross_entropy(logits, batch["y"][chosen])

    def validation_loss(self, batch: Batch, rng: torch.Generator) -> Tensor:
        """Mean cross-entropy of all graphs, without dropout."""
        return functional.cross_entropy(self.logits(self._blocks(batch)), batch["y"])

    @torch.no_grad()
    def predict(self, part: Part) -> Array:
        """Logits of the graphs of a part, without dropout: float32 [graphs, classes]."""
        blocks = self.blocks(_tensors(part))
        return torch.cat([self.logits(chunk) for chunk in blocks.chunks(CHUNK)]).numpy()

    def measure(self, parts: Parts, stream: tuple[object, ...]) -> Measured:
        """Accuracy and negative log-likelihood of validation and test graphs; their logits."""
        return class_numbers(self.predict, parts, self.protocol(parts["train"].meta))

    def protocol(self, meta: Meta) -> str:
        """What an accuracy of this model means nothing without."""
        p = self.params
        kept = "lowest validation loss" if p.keep == "best" else "last step"
        return "; ".join(
            [
                "inductive (test graphs are not seen in training)",
                f"split: {meta['split_rule']}",
                *map(str, meta["notes"]),
                "a seed draws split, initialisation and batches",
                f"at most {p.steps} steps of {p.batch_size} graphs; weights of the {kept}",
            ]
        )

    def _blocks(self, batch: Batch) -> Blocks:
        """Prepared once per set of graphs; the last two are remembered."""
        for x, blocks in self._seen:
            if x is batch["x"]:
                return blocks
        made = self.blocks(batch)
        self._seen = [*self._seen[-1:], (batch["x"], made)]
        return made


def _tensors(part: Part) -> dict[str, Tensor]:
    names = ("edge_index", "edge_label", "graph", "y")
    held = {n: torch.from_numpy(part.arrays[n]) for n in names if n in part.arrays}
    return held | {"x": torch.from_numpy(part.arrays["x"]).float()}  # bytes for molecules
