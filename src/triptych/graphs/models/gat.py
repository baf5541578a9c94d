"""The graph attention network of Veličković et al. (2018)."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any, Literal, cast

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from triptych.files import Array
from triptych.graphs.attention import Structure, ends
from triptych.graphs.base import Measured, Number, Parts
from triptych.graphs.dropout import dropout
from triptych.graphs.layer import GraphLayer
from triptych.graphs.network import NetworkParams
from triptych.graphs.nodes import NodeClassifier, scores
from triptych.graphs.operators import gat
from triptych.metrics.attention import relative_entropy
from triptych.model import Batch
from triptych.seeding import derive_seed


class GATParams(NetworkParams):
    """Heads, and dropout of the weights they give."""

    learning_rate: float = Field(0.005, gt=0, le=1, description="Adam's step size")
    weight_decay: float = Field(5e-4, ge=0, description="L2 penalty inside Adam, all weights")
    hidden: int = Field(8, ge=1, le=4096, description="Units of each head in the hidden layers")
    heads: int = Field(8, ge=1, le=64, description="Heads of the hidden layers, side by side")
    output_heads: int = Field(1, ge=1, le=64, description="Heads of the last layer, averaged")
    dropout: float = Field(
        0.6, ge=0, lt=1, description="Dropout before every layer, input included"
    )
    attention_dropout: float = Field(
        0.6, ge=0, lt=1, description="Dropout of the attention weights, after the softmax"
    )
    message_dropout: float = Field(
        0.0, ge=0, lt=1, description="Dropout of what is summed over neighbours (0.6 in the "
        "authors' code)"
    )  # fmt: skip
    stop_on: Literal["loss", "accuracy"] = Field(
        "loss", description="What is lowest (loss) or highest (accuracy, then lowest loss) on the "
        "validation part where training ends; the authors stop on accuracy on CiteSeer"
    )  # fmt: skip


class Entry(NodeClassifier):
    """H' = ELU(α H W), α the softmax of learnt scores over each node's neighbours."""

    Params = GATParams
    family = "attentional"

    def operator(self) -> type[GraphLayer]:
        """Attention over the neighbours."""
        return gat.Layer

    def stack(self, inputs: int, outputs: int) -> nn.ModuleList:
        """Heads side by side in the hidden layers, averaged in the last."""
        p = self.params
        rates = p.attention_dropout, p.message_dropout
        widths = [inputs, *[p.heads * p.hidden] * (p.depth - 1)]
        hidden = [
            gat.Layer(before, p.hidden, p.heads, False, *rates) for before, _ in pairwise(widths)
        ]
        return nn.ModuleList(
            [*hidden, gat.Layer(widths[-1], outputs, p.output_heads, True, *rates)]
        )

    def parameter_groups(self) -> dict[str, list[dict[str, Any]]]:
        """The L2 penalty acts on all weights; the authors' code names biases as exceptions."""
        biases = [layer.bias for layer in self.layers if isinstance(layer, gat.Layer)]
        held = {id(bias) for bias in biases}
        weights = [each for each in self.parameters() if id(each) not in held]
        return {"model": [{"params": weights}, {"params": biases, "weight_decay": 0.0}]}

    def validation_loss(self, batch: Batch, rng: torch.Generator) -> Tensor:
        """Cross-entropy, or the error rate with ties decided by the cross-entropy."""
        loss = super().validation_loss(batch, rng)
        if self.params.stop_on == "loss":
            return loss
        wrong = self.output(batch)[batch["index"]].argmax(1) != batch["y"]
        n = len(batch["y"])
        return wrong.float().mean() + loss / (1 + loss) / (2 * n)  # less than half a node's share

    def recipe(self) -> str:
        """When training stops and which weights it keeps."""
        if self.params.stop_on == "loss":
            return super().recipe()
        better = "a higher validation accuracy (ties: a lower loss)"
        return (
            super().recipe()
            .replace("a lower validation loss", better)
            .replace("lowest validation loss", "highest validation accuracy (ties: lowest loss)")
        )  # fmt: skip

    def compute(
        self,
        x: Tensor,
        edge_index: Tensor,
        rng: torch.Generator | None = None,
        uniform: bool = False,
    ) -> Tensor:
        """The logits of all nodes; ``uniform`` puts equal weights in the place of α."""
        prepared = self.prepared(x, edge_index)
        first, *rest = self.layers
        h: Tensor = first(prepared.features(rng), prepared.graph, rng, uniform)
        for layer in rest:
            dropped = dropout(functional.elu(h), self.params.dropout, rng)
            h = layer(dropped, prepared.graph, rng, uniform)
        return h

    def attention(self, x: Tensor, edge_index: Tensor) -> Iterator[Tensor]:
        """α of every layer without dropout: [E + N, heads], by target, then source."""
        prepared = self.prepared(x, edge_index)
        h: Any = prepared.features(None)
        for layer in self.layers:
            assert isinstance(layer, gat.Layer)
            yield layer.attention(h, prepared.graph)
            h = functional.elu(layer(h, prepared.graph))

    @torch.no_grad()
    def measure(self, parts: Parts, stream: tuple[object, ...]) -> Measured:
        """As every node classifier; how even attention is, and what is lost with even weights."""
        measured = super().measure(parts, stream)
        batch, _ = self.tensors(parts["train"], parts["validation"])
        protocol = self.protocol(parts["train"].meta)
        even = self.compute(batch["x"], batch["edge_index"], uniform=True).numpy()
        held = parts["test"].arrays
        lost = scores(
            even[held["index"]], held["y"], "test",
            f"{protocol}; at the test every neighbour has the same weight", "/uniform_attention",
        )  # fmt: skip
        entropies = self._entropies(batch)
        fresh = type(self)(self.params, self.meta)
        fresh.reset_parameters(torch.Generator().manual_seed(derive_seed(*stream, "untrained")))
        numbers = [*measured.numbers, lost[0]]
        for prefix, found in (("", entropies), ("untrained_", fresh._entropies(batch))):
            for layer, heads in enumerate(found, start=1):
                numbers.append(
                    Number(
                        "all", f"{prefix}attention_entropy/layer={layer}", float(heads.mean()),
                        "fraction", heads.shape[0], _ENTROPY,
                    )
                )  # fmt: skip
        arrays = {f"attention_entropy/layer={n}": h for n, h in enumerate(entropies, start=1)}
        return replace(measured, numbers=numbers, arrays=measured.arrays | arrays)

    def _entropies(self, batch: Batch) -> list[Array]:
        """For every layer, of every node with neighbours and every head: [nodes, heads]."""
        x, edges = batch["x"], batch["edge_index"]
        graph = cast("Structure", self.prepared(x, edges).graph)
        target = ends(graph)[1].numpy()
        found = [
            relative_entropy(a.double().numpy(), target, len(x)) for a in self.attention(x, edges)
        ]
        return [np.asarray(each, dtype=np.float32) for each in found]


_ENTROPY = (
    "entropy of the attention weights of a node over the logarithm of their number (1: all alike, "
    "0: one neighbour takes all); mean over heads and over nodes with neighbours"
)
