"""A network of graph operators on one graph, whatever its outputs mean."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from triptych.data.parts import Part
from triptych.graphs.base import GraphModel
from triptych.graphs.dropout import InputDropout, dropout
from triptych.graphs.layer import Graph, GraphLayer
from triptych.graphs.normalise import Scaling, scale
from triptych.graphs.sparse import Features, Sparse
from triptych.model import Batch, Meta
from triptych.params import ModelParams, TrainingParams

SPARSE_BELOW = 0.15  # share of non-zero features; at PubMed's 0.10 sparse is three times as fast


class RecipeParams(TrainingParams):
    """The recipe of Kipf and Welling (2017), but for the ending.

    Theirs stops when the validation loss exceeds its mean over ten steps and keeps the last
    weights; here the weights of the lowest validation loss are kept, and patience is longer.
    """

    steps: int = Field(200, ge=1, description="Full-batch updates, at most")
    learning_rate: float = Field(0.01, gt=0, le=1, description="Adam's step size")
    weight_decay: float = Field(5e-4, ge=0, description="L2 penalty inside Adam, first layer only")
    validate_every: int = Field(5, ge=1, description="Updates between validation losses")
    keep: Literal["last", "best"] = Field(
        "best",
        description="Weights to keep: the last step's or those of the lowest validation loss",
    )
    patience: int | None = Field(
        10, ge=1, description="Stop after so many validations without a lower loss"
    )
    hidden: int = Field(16, ge=1, le=4096, description="Width of the hidden layers")
    dropout: float = Field(
        0.5, ge=0, lt=1, description="Dropout before every layer, input included"
    )
    scaling: Scaling = Field(
        "none",
        description="Features: none, rows (each node's sum to 1) or columns (mean 0, variance 1)",
    )


class NetworkParams(RecipeParams):
    """One network."""

    depth: int = Field(2, ge=1, le=64, description="Layers")


@dataclass(frozen=True)
class _Prepared:
    """What is computed once per graph."""

    x: Tensor
    edge_index: Tensor
    features: InputDropout
    graph: Graph


class GraphNetwork(GraphModel):
    """Layers of one operator with ReLU and dropout between them.

    Subclasses say which operator (``operator``), how many numbers a node gets (``width``) and what
    is learnt from them (``loss``).
    """

    Params: ClassVar[type[ModelParams]] = NetworkParams
    full_batch = True

    def __init__(self, params: Any, meta: Meta) -> None:
        super().__init__(params, meta)
        self.layers = self.stack(int(meta["n_features"]), self.width(meta))
        self._prepared: list[_Prepared] = []

    def operator(self) -> type[GraphLayer]:
        """The operator of every layer."""
        raise NotImplementedError(f"{type(self).__name__} does not name its operator")

    def width(self, meta: Meta) -> int:
        """Numbers that the last layer gives every node."""
        raise NotImplementedError(f"{type(self).__name__} does not say how wide its output is")

    def stack(self, inputs: int, outputs: int) -> nn.ModuleList:
        """The layers, from ``inputs`` features to ``outputs`` numbers a node."""
        hidden = [self.params.hidden] * (self.params.depth - 1)
        layer = self.operator()
        return nn.ModuleList(layer(*pair) for pair in pairwise([inputs, *hidden, outputs]))

    @classmethod
    def tensors(cls, train: Part, validation: Part) -> tuple[Batch, Batch]:
        """Both hold the whole graph ``x``, ``edge_index`` and their own ``index`` and ``y``."""
        graph = {name: torch.from_numpy(train.arrays[name]) for name in ("x", "edge_index")}
        return tuple(  # type: ignore[return-value]
            graph | {name: torch.from_numpy(part.arrays[name]) for name in ("index", "y")}
            for part in (train, validation)
        )

    def reset_parameters(self, rng: torch.Generator | None = None) -> None:
        """Draw every weight anew."""
        for layer in self.layers:
            assert isinstance(layer, GraphLayer)
            layer.reset_parameters(rng)

    def parameter_groups(self) -> dict[str, list[dict[str, Any]]]:
        """The L2 penalty acts on the first layer only (Kipf and Welling 2017, reference code)."""
        first, *rest = ({"params": list(layer.parameters())} for layer in self.layers)
        return {"model": [first, *(group | {"weight_decay": 0.0} for group in rest)]}

    def compute(self, x: Tensor, edge_index: Tensor, rng: torch.Generator | None = None) -> Tensor:
        """The output of the last layer for all nodes.

        Args:
            x: [N, F].
            edge_index: int64 [2, E].
            rng: Source of dropout; None for none.

        Returns:
            [N, width].
        """
        prepared = self.prepared(x, edge_index)
        first, *rest = self.layers
        h: Tensor = first(prepared.features(rng), prepared.graph)
        for layer in rest:
            h = layer(dropout(h.relu(), self.params.dropout, rng), prepared.graph)
        return h

    def output(self, batch: Batch, rng: torch.Generator | None = None) -> Tensor:
        """The same for what a step sees; a model that reads more than x and edges says how."""
        return self.compute(batch["x"], batch["edge_index"], rng)

    def respond(self, x: Tensor, edge_index: Tensor) -> Tensor:
        """The output without dropout: [N, width]."""
        return self.compute(x, edge_index)

    def matrices(self, edge_index: Tensor, nodes: int, dtype: torch.dtype) -> Graph:
        """What the layers multiply by, for one graph."""
        return self.operator().prepare(edge_index, nodes, dtype)

    def recipe(self) -> str:
        """When training stops and which weights it keeps, for protocols."""
        p = self.params
        stop = f"at most {p.steps} full-batch steps"
        if p.patience is not None:
            stop += f", fewer after {p.patience * p.validate_every} without a lower validation loss"
        kept = "lowest validation loss" if p.keep == "best" else "last step"
        return f"{stop}; weights of the {kept}"

    def prepared(self, x: Tensor, edge_index: Tensor) -> _Prepared:
        """Scaled features and the operator's matrices; the last two graphs seen are remembered."""
        for prepared in self._prepared:
            if prepared.x is x and prepared.edge_index is edge_index:
                return prepared
        features: Features = scale(x, self.params.scaling)
        if isinstance(features, Tensor) and _share_of_nonzeros(features) < SPARSE_BELOW:
            features = Sparse.from_dense(features)
        graph = self.matrices(edge_index, len(x), x.dtype)
        made = _Prepared(
            x,
            edge_index,
            InputDropout(features, self.params.dropout),
            tuple(matrix.to(x.device) for matrix in graph),
        )
        self._prepared = [*self._prepared[-1:], made]
        return made


def _share_of_nonzeros(x: Tensor) -> float:
    return float(x.count_nonzero()) / max(x.numel(), 1)
