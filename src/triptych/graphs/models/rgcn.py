"""The relational graph convolutional network of Schlichtkrull et al. (2018)."""

from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from triptych.data.parts import Part
from triptych.graphs.layer import Graph, GraphLayer
from triptych.graphs.nodes import NodeClassifier
from triptych.graphs.operators import relational
from triptych.model import Batch, Meta


class Entry(NodeClassifier):
    """H' = σ(H W0 + Σ_r D_r⁻¹ A_r H W_r), r the kinds of edges.

    Kinds are the data set's where it has them (``edge_label``); otherwise an edge is told apart by
    whether it comes from a node of higher, equal or lower degree.
    """

    family = "relational"

    def __init__(self, params: Any, meta: Meta) -> None:
        super().__init__(params, meta)
        self._labelled: tuple[Tensor, Tensor] | None = None

    def operator(self) -> type[GraphLayer]:
        """A weight for each kind of edge."""
        return relational.Layer

    def stack(self, inputs: int, outputs: int) -> nn.ModuleList:
        """Every layer knows the same kinds."""
        self.kinds = int(self.meta.get("n_edge_kinds", len(relational.BY_DEGREE)))
        sizes = pairwise([inputs, *[self.params.hidden] * (self.params.depth - 1), outputs])
        return nn.ModuleList(relational.Layer(*pair, self.kinds) for pair in sizes)

    @classmethod
    def tensors(cls, train: Part, validation: Part) -> tuple[Batch, Batch]:
        """As for every node classifier, and ``edge_label`` int64 [E] where edges have kinds."""
        batches = super().tensors(train, validation)
        if "edge_label" not in train.arrays:
            return batches
        kinds = {"edge_label": torch.from_numpy(train.arrays["edge_label"])}
        return dict(batches[0]) | kinds, dict(batches[1]) | kinds

    def output(self, batch: Batch, rng: torch.Generator | None = None) -> Tensor:
        """The logits, edges taken with their kinds."""
        if "edge_label" in batch:
            self._labelled = batch["edge_index"], batch["edge_label"]
        return super().output(batch, rng)

    def matrices(self, edge_index: Tensor, nodes: int, dtype: torch.dtype) -> Graph:
        """One averaging matrix for each kind."""
        if self._labelled is None or self._labelled[0] is not edge_index:
            return super().matrices(edge_index, nodes, dtype)
        edges, kinds = (each.cpu().numpy() for each in self._labelled)
        return relational.prepare_kinds(edges, kinds, self.kinds, nodes, dtype)
