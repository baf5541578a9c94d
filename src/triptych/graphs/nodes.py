"""Node classification: a network of graph operators, trained on a few labelled nodes."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from triptych.data.parts import Part
from triptych.errors import UserError
from triptych.graphs.base import GraphModel, Measured, Number, Parts
from triptych.graphs.dropout import InputDropout, dropout
from triptych.graphs.layer import Graph, GraphLayer
from triptych.graphs.normalise import Scaling, scale
from triptych.graphs.sparse import Features, Sparse
from triptych.metrics.classification import accuracy, negative_log_likelihood
from triptych.metrics.probabilities import log_softmax
from triptych.model import Batch, Meta
from triptych.params import TrainingParams

SPARSE_BELOW = 0.1  # share of non-zero features; above it the dense product is faster


class NodeParams(TrainingParams):
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
    depth: int = Field(2, ge=1, le=64, description="Layers")
    dropout: float = Field(
        0.5, ge=0, lt=1, description="Dropout before every layer, input included"
    )
    scaling: Scaling = Field(
        "none",
        description="Features: none, rows (each node's sum to 1) or columns (mean 0, variance 1)",
    )


@dataclass(frozen=True)
class _Prepared:
    """What is computed once per graph."""

    x: Tensor
    edge_index: Tensor
    features: InputDropout
    graph: Graph


class NodeClassifier(GraphModel):
    """Layers of one operator with ReLU between them, softmax cross-entropy on the labelled nodes.

    Subclasses say which operator: ``operator``.
    """

    Params = NodeParams
    task = "node classification"
    full_batch = True

    def __init__(self, params: Any, meta: Meta) -> None:
        super().__init__(params, meta)
        if not meta["n_classes"]:
            raise UserError(
                f"{meta.get('dataset', 'data set')}: expected classes to tell apart, found "
                f"task {meta.get('task')!r}; use a data set with classes"
            )
        layer = self.operator()
        hidden = [params.hidden] * (params.depth - 1)
        sizes = [int(meta["n_features"]), *hidden, int(meta["n_classes"])]
        self.layers = nn.ModuleList(layer(*pair) for pair in pairwise(sizes))
        self._prepared: list[_Prepared] = []

    def operator(self) -> type[GraphLayer]:
        """The operator of every layer."""
        raise NotImplementedError(f"{type(self).__name__} does not name its operator")

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

    def logits(self, x: Tensor, edge_index: Tensor, rng: torch.Generator | None = None) -> Tensor:
        """Unnormalised log-probabilities of all nodes.

        Args:
            x: [N, F].
            edge_index: int64 [2, E].
            rng: Source of dropout; None for none.

        Returns:
            [N, classes].
        """
        prepared = self._prepare(x, edge_index)
        first, *rest = self.layers
        h: Tensor = first(prepared.features(rng), prepared.graph)
        for layer in rest:
            h = layer(dropout(h.relu(), self.params.dropout, rng), prepared.graph)
        return h

    def respond(self, x: Tensor, edge_index: Tensor) -> Tensor:
        """The logits without dropout: [N, classes]."""
        return self.logits(x, edge_index)

    def loss(self, batch: Batch, rng: torch.Generator) -> Tensor:
        """Mean cross-entropy of the labelled nodes of ``batch``, with dropout."""
        logits = self.logits(batch["x"], batch["edge_index"], rng)
        return functional.cross_entropy(logits[batch["index"]], batch["y"])

    def validation_loss(self, batch: Batch, rng: torch.Generator) -> Tensor:
        """The same without dropout."""
        logits = self.logits(batch["x"], batch["edge_index"])
        return functional.cross_entropy(logits[batch["index"]], batch["y"])

    @torch.no_grad()
    def measure(self, parts: Parts, stream: tuple[object, ...]) -> Measured:
        """Accuracy and negative log-likelihood of validation and test nodes; their logits."""
        graph = parts["train"].arrays
        logits = self.logits(torch.from_numpy(graph["x"]), torch.from_numpy(graph["edge_index"]))
        protocol = self.protocol(parts["train"].meta)
        n_train = len(graph["y"])
        numbers = [Number("train", "n_train", n_train, "examples", n_train, protocol)]
        arrays = {}
        for split in ("validation", "test"):
            held = parts[split].arrays
            chosen = logits[torch.from_numpy(held["index"])].numpy()
            log_p, n = log_softmax(chosen), len(held["y"])
            hit = float(accuracy(log_p, held["y"]))
            nll = float(negative_log_likelihood(log_p, held["y"]))
            numbers.append(Number(split, "accuracy", hit, "fraction", n, protocol))
            numbers.append(Number(split, "nll", nll, "nats", n, protocol))
            arrays[f"{split}_logits"] = chosen
        return Measured(numbers, arrays)

    def protocol(self, meta: Meta) -> str:
        """What an accuracy of this model means nothing without."""
        p = self.params
        varies = "initialisation and dropout"
        if not meta["standard_split"]:
            varies = f"split, {varies}"
        stop = f"at most {p.steps} full-batch steps"
        if p.patience is not None:
            stop += f", fewer after {p.patience * p.validate_every} without a lower validation loss"
        kept = "lowest validation loss" if p.keep == "best" else "last step"
        return "; ".join(
            [
                "transductive (all features and edges are seen, labels of the training part only)",
                f"split: {meta['split_rule']}",
                *map(str, meta["notes"]),
                f"a seed draws {varies}",
                f"{stop}; weights of the {kept}",
            ]
        )

    def _prepare(self, x: Tensor, edge_index: Tensor) -> _Prepared:
        """Scaled features and the operator's matrices; the last two graphs seen are remembered."""
        for prepared in self._prepared:
            if prepared.x is x and prepared.edge_index is edge_index:
                return prepared
        features: Features = scale(x, self.params.scaling)
        if isinstance(features, Tensor) and _share_of_nonzeros(features) < SPARSE_BELOW:
            features = Sparse.from_dense(features)
        graph = self.operator().prepare(edge_index, len(x), x.dtype)
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
