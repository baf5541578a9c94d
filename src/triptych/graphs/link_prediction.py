"""Link prediction: an encoder of graph operators, an inner product that says which pairs are edges.

Labels are not among what training sees: the edges themselves supervise. They are asked for
afterwards only, by a linear probe on the embedding.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, Literal

import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from triptych.data.parts import Part
from triptych.files import Array
from triptych.graphs.base import GraphModel, Measured, Number, Parts, labels
from triptych.graphs.layer import Graph
from triptych.graphs.link_measures import (
    common_neighbours,
    cosines,
    inner_products,
    probe,
    same_class_ranking,
    scores,
)
from triptych.graphs.links import LinkSplit, NegativeSampler, Pairs, split_links
from triptych.graphs.nodes import SPARSE_BELOW
from triptych.graphs.operators import symmetric
from triptych.graphs.sparse import Features, Sparse
from triptych.model import Batch, Meta
from triptych.params import TrainingParams
from triptych.seeding import derive_seed

Ranking = Callable[[Pairs], Array]


class LinkParams(TrainingParams):
    """The recipe of Kipf and Welling (2016)."""

    steps: int = Field(200, ge=1, description="Full-batch updates, at most")
    learning_rate: float = Field(0.01, gt=0, le=1, description="Adam's step size")
    validate_every: int = Field(10, ge=1, description="Updates between validation losses")
    keep: Literal["last", "best"] = Field(
        "last",
        description="Weights to keep: the last step's or those of the lowest validation loss",
    )
    hidden: int = Field(32, ge=1, le=4096, description="Width of the hidden layer")
    code: int = Field(16, ge=1, le=4096, description="Width of the embedding")


class LinkPredictor(GraphModel):
    """P(i ~ j) = σ(z_i · z_j); Z by two layers of the symmetric operator.

    The decoder is symmetric: it cannot say which way an edge points. Subclasses make Z.
    """

    Params = LinkParams
    task = "link prediction"
    full_batch = True

    def __init__(self, params: Any, meta: Meta) -> None:
        super().__init__(params, meta)
        self.first = symmetric.Layer(int(meta["n_features"]), params.hidden)
        self.second = symmetric.Layer(params.hidden, params.code)
        self._graphs: list[tuple[Tensor, Features, Graph]] = []
        self._sampler: tuple[Tensor, NegativeSampler] | None = None

    @classmethod
    def links(cls, train: Part) -> LinkSplit:
        """The one split of a data set and seed, whatever the model."""
        arrays, meta = train.arrays, train.meta
        return split_links(arrays["edge_index"], int(meta["n"]), meta["dataset"], meta["seed"])

    @classmethod
    def tensors(cls, train: Part, validation: Part) -> tuple[Batch, Batch]:
        """Features, the training edges for messages, and pairs.

        Training gets ``positive``, the training edges (i < j); validation ``positive`` and
        ``negative`` of its own. No label, and no pair of the test.
        """
        split = cls.links(train)
        graph = {
            "x": torch.from_numpy(train.arrays["x"]),
            "edge_index": torch.from_numpy(split.edge_index),
        }
        held = {"positive": split.validation, "negative": split.validation_negative}
        return (
            graph | {"positive": torch.from_numpy(split.train)},
            graph | {name: torch.from_numpy(pairs) for name, pairs in held.items()},
        )

    def encode(self, x: Features, graph: Graph) -> Tensor:
        """The embedding without noise: [N, code]."""
        hidden: Tensor = self.first(x, graph).relu()
        out: Tensor = self.second(hidden, graph)
        return out

    def respond(self, x: Tensor, edge_index: Tensor) -> Tensor:
        """The embedding: [N, code]."""
        return self.encode(*self._prepare(x, edge_index))

    def draw(self, x: Features, graph: Graph, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        """The embedding to train on [N, code], and what is added to the loss for it."""
        return self.encode(x, graph), torch.zeros(())

    def loss(self, batch: Batch, rng: torch.Generator) -> Tensor:
        """Mean binary cross-entropy of edges, plus that of as many pairs that are none."""
        z, more = self.draw(*self._prepare(batch["x"], batch["edge_index"]), rng)
        negative = self._negatives(batch["positive"], len(batch["x"])).draw(rng)
        return _cross_entropy(z, batch["positive"], negative) + more

    def validation_loss(self, batch: Batch, rng: torch.Generator) -> Tensor:
        """The same on the validation pairs, without noise."""
        z = self.encode(*self._prepare(batch["x"], batch["edge_index"]))
        return _cross_entropy(z, batch["positive"], batch["negative"])

    @torch.no_grad()
    def measure(self, parts: Parts, stream: tuple[object, ...]) -> Measured:
        """AUC and AP of held-out pairs, with baselines; what the embedding says about classes."""
        train = parts["train"]
        x, split = train.arrays["x"], self.links(train)
        graph = torch.from_numpy(x), torch.from_numpy(split.edge_index)
        embedding = self.respond(*graph).numpy()
        fresh = self._untrained(stream).respond(*graph).numpy()
        rankings: dict[str, Ranking] = {
            "": partial(inner_products, embedding),
            "/untrained": partial(inner_products, fresh),
            "/common_neighbours": partial(common_neighbours, split.edge_index, len(x)),
            "/features": partial(cosines, x),
        }
        protocol = self.protocol(train.meta)
        known, held = split.train.shape[1], split.test.shape[1]
        numbers = [
            Number("train", "n_train", known, "examples", known, protocol),
            Number("test", "n_test", held, "examples", held, protocol),
        ]
        for part in ("validation", "test"):
            joined, apart = getattr(split, part), getattr(split, f"{part}_negative")
            n = joined.shape[1] + apart.shape[1]
            for suffix, ranking in rankings.items():
                auc, ap = scores(ranking(joined), ranking(apart))
                numbers.append(Number(part, f"link_auc{suffix}", auc, "fraction", n, protocol))
                numbers.append(Number(part, f"link_ap{suffix}", ap, "fraction", n, protocol))
        if train.meta["n_classes"]:
            numbers += self._classes(parts, embedding, stream)
        return Measured(numbers, {"embedding": embedding, "labels": labels(parts)})

    def _classes(self, parts: Parts, embedding: Array, stream: tuple[object, ...]) -> list[Number]:
        """A linear probe of the embedding and of the features; ranking of same-class pairs."""
        x, known = parts["train"].arrays["x"], labels(parts)
        tested = len(parts["test"].arrays["y"])
        probed = (
            "logistic regression on the nodes of the training part, its penalty and scaling chosen "
            f"by the validation nodes; split: {parts['train'].meta['split_rule']}; the encoder saw "
            "no label"
        )
        ranked = (
            "probability that a random pair of one class has a larger cosine than a random pair of "
            "two classes; labels serve the measure only"
        )
        numbers = []
        for suffix, points in (("", embedding), ("/features", x)):
            hit = probe(points, parts)
            above, n = same_class_ranking(points, known, derive_seed(*stream, "pairs"))
            numbers += [
                Number("test", f"probe_accuracy{suffix}", hit, "fraction", tested, probed),
                Number("all", f"same_class_auc{suffix}", above, "fraction", n, ranked, "estimate"),
            ]
        return numbers

    def _untrained(self, stream: tuple[object, ...]) -> "LinkPredictor":
        """The same encoder with fresh weights: what the training has to add to."""
        fresh = type(self)(self.params, self.meta)
        rng = torch.Generator().manual_seed(derive_seed(*stream, "untrained"))
        for layer in fresh.modules():
            if isinstance(layer, symmetric.Layer):
                layer.reset_parameters(rng)
        return fresh.eval()

    def protocol(self, meta: Meta) -> str:
        """What a score of this model means nothing without."""
        p = self.params
        return "; ".join(
            [
                "85/5/10 % of the edges train, validate and test (rounded down), drawn anew for "
                "each seed, held out in both directions before any message is passed",
                "as many non-edges as edges (1:1), no edge of any part among them",
                "messages run on training edges only, in the test too",
                *map(str, meta["notes"]),
                f"{p.steps} full-batch steps; weights of the "
                f"{'lowest validation loss' if p.keep == 'best' else 'last step'}",
            ]
        )

    def _prepare(self, x: Tensor, edge_index: Tensor) -> tuple[Features, Graph]:
        """Computed once per graph; the last two are remembered."""
        for edges, features, graph in self._graphs:
            if edges is edge_index:
                return features, graph
        dense = float(x.count_nonzero()) >= SPARSE_BELOW * x.numel()
        features = x if dense else Sparse.from_dense(x)
        graph = tuple(
            each.to(x.device) for each in symmetric.Layer.prepare(edge_index, len(x), x.dtype)
        )
        self._graphs = [*self._graphs[-1:], (edge_index, features, graph)]
        return features, graph

    def _negatives(self, positive: Tensor, nodes: int) -> NegativeSampler:
        if self._sampler is None or self._sampler[0] is not positive:
            self._sampler = positive, NegativeSampler(positive, nodes)
        return self._sampler[1]


def _cross_entropy(z: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
    """Mean −log σ(z_i · z_j) of edges plus mean −log(1 − σ(z_i · z_j)) of non-edges."""
    # The gradient of `index_select` adds row by row; that of `z[...]` sorts the pairs first.
    joined, apart = (
        (z.index_select(0, p[0]) * z.index_select(0, p[1])).sum(dim=1) for p in (positive, negative)
    )
    return functional.softplus(-joined).mean() + functional.softplus(apart).mean()
