"""Classification of graphs by networks that look at the kinds of edges, molecules above all."""

from typing import Any

import torch
from torch import Tensor

from triptych.graphs import screening
from triptych.graphs.base import Measured, Parts
from triptych.graphs.bonds import Bonds
from triptych.graphs.graph_classification import GraphClassifier
from triptych.graphs.layer import GraphLayer
from triptych.model import Batch, Meta


class BondClassifier(GraphClassifier):
    """As its base, on batches of bonds. Subclasses define ``build`` and ``states``."""

    def __init__(self, params: Any, meta: Meta) -> None:
        self.edge_kinds = int(meta.get("n_edge_kinds") or 1)
        super().__init__(params, meta)

    def operator(self) -> type[GraphLayer]:
        """None: the layers see edges, not matrices."""
        raise NotImplementedError(f"{type(self).__name__} has no operator of matrices")

    def blocks(self, data: Batch) -> Bonds:
        """The graphs of a part with their edges."""
        return Bonds.of(data)

    def respond(self, x: Tensor, edge_index: Tensor, edge_label: Tensor | None = None) -> Tensor:
        """The logits of one graph, without dropout.

        Args:
            x: [N, F].
            edge_index: int64 [2, E], each edge in both directions.
            edge_label: int64 [E]; all edges are of kind 0 if not given.

        Returns:
            [classes].
        """
        owner = torch.zeros(len(x), dtype=torch.int64)
        one = {"x": x, "edge_index": edge_index, "graph": owner, "y": torch.zeros(1)}
        labelled = {} if edge_label is None else {"edge_label": edge_label}
        return self.logits(self.blocks(one | labelled))[0]

    def measure(self, parts: Parts, stream: tuple[object, ...]) -> Measured:
        """As its base; sets of two classes are ranked as well."""
        return screening.with_ranking(super().measure(parts, stream), parts)
