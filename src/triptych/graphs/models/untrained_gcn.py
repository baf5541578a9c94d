"""A graph network that is never trained: how much of an embedding the graph alone makes."""

from itertools import pairwise
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from triptych.data.parts import Part
from triptych.files import Array
from triptych.graphs.base import GraphModel, Measured, Number, Parts, labels
from triptych.graphs.layer import GraphLayer
from triptych.graphs.operators import identity, mean, symmetric
from triptych.graphs.shuffle import shuffled
from triptych.metrics.graph_stats import leave_one_out_discriminant
from triptych.model import Batch
from triptych.params import Count, Distinct, ModelParams, at_evaluation
from triptych.seeding import derive_seed

AGGREGATORS: dict[str, type[GraphLayer]] = {"mean": mean.Layer, "symmetric": symmetric.Layer}


class UntrainedParams(ModelParams):
    """Nothing is trained, so everything here is read by the evaluation."""

    aggregator: Literal["mean", "symmetric"] = at_evaluation(
        "symmetric", description="Operator of every layer"
    )
    depth: int = at_evaluation(3, ge=1, le=64, description="Layers")
    hidden: int = at_evaluation(4, ge=1, le=4096, description="Width of the hidden layers")
    dimensions: int = at_evaluation(2, ge=1, le=64, description="Width of the embedding")
    draws: int = at_evaluation(20, ge=2, le=10_000, description="Weight draws per seed")
    swaps_per_edge: int = at_evaluation(
        10, ge=1, le=1000, description="Edge swaps, per edge, of the shuffled control graph"
    )
    picture_depths: Distinct[Count] = at_evaluation(
        [1, 2, 3, 4, 8, 16], description="Depths at which the first draw is kept for a picture"
    )


class Entry(GraphModel):
    """H' = tanh(Â H W) with Glorot weights straight from the generator and X = I.

    After Kipf and Welling (2017), appendix A. One lucky draw would prove nothing: the separation of
    the classes is averaged over many draws, and measured just so on graphs with the same degrees
    but shuffled edges, and without a graph.
    """

    Params = UntrainedParams
    family = "untrained"
    task = "node embedding"
    full_batch = True

    @classmethod
    def tensors(cls, train: Part, validation: Part) -> tuple[Batch, Batch]:
        """Nothing is learnt from data."""
        return {}, {}

    def fit_closed_form(self, train: Batch, rng: torch.Generator) -> bool:
        """Untrained is the finished state."""
        return True

    def embed(
        self, x: Tensor, edge_index: Tensor, seed: int, *, depth: int, layer: type[GraphLayer]
    ) -> Tensor:
        """The embedding under one draw of weights.

        Args:
            x: [N, F].
            edge_index: int64 [2, E].
            seed: Names the draw; the same seed gives the same weights on any graph.
            depth: Layers.
            layer: Operator.

        Returns:
            [N, dimensions].
        """
        rng = torch.Generator().manual_seed(seed)
        sizes = [x.shape[1], *[self.params.hidden] * (depth - 1), self.params.dimensions]
        graph = layer.prepare(edge_index, len(x), x.dtype)
        h = x
        for inputs, outputs in pairwise(sizes):
            operator = layer(inputs, outputs).to(x.dtype)
            operator.reset_parameters(rng)
            h = operator(h, graph).tanh()
        return h.detach()

    def respond(self, x: Tensor, edge_index: Tensor) -> Tensor:
        """The embedding of one fixed draw: [N, dimensions]."""
        layer = AGGREGATORS[self.params.aggregator]
        return self.embed(x, edge_index, 0, depth=self.params.depth, layer=layer)

    def measure(self, parts: Parts, stream: tuple[object, ...]) -> Measured:
        """Separation of the classes on the graph, on shuffled graphs and without one."""
        known, protocol = labels(parts), self.protocol()
        edges = torch.from_numpy(parts["train"].arrays["edge_index"])
        numbers = [Number("train", "n_train", 0, "examples", 0, protocol)]
        for name, drawn in self._draw(edges, len(known), stream).items():
            right = leave_one_out_discriminant(drawn, known).mean(axis=1)
            for metric, value in (
                ("separation", right.mean()),
                ("separation_sd", right.std(ddof=1)),
            ):
                numbers.append(
                    Number(
                        "all", metric + name, float(value), "fraction", right.size * len(known),
                        protocol, "estimate",
                    )
                )  # fmt: skip
        arrays = {"labels": known, "edge_index": edges.numpy()}
        return Measured(numbers, arrays | self._pictures(edges, len(known), stream))

    def _draw(self, edges: Tensor, nodes: int, stream: tuple[object, ...]) -> dict[str, Array]:
        """Suffix of the metric -> embeddings [draws, N, dimensions]."""
        p, layer = self.params, AGGREGATORS[self.params.aggregator]
        x = torch.eye(nodes, dtype=torch.float64)
        drawn: dict[str, list[Array]] = {"": [], "/shuffled": [], "/no_graph": []}
        for draw in range(p.draws):
            # The same weights on all three, so that their differences are due to the graph.
            seed = derive_seed(*stream, "weights", draw, p.depth)
            control = shuffled(
                edges, nodes, p.swaps_per_edge, derive_seed(*stream, "shuffle", draw)
            )
            for name, graph, operator in (
                ("", edges, layer),
                ("/shuffled", control, layer),
                ("/no_graph", edges, identity.Layer),
            ):
                h = self.embed(x, graph, seed, depth=p.depth, layer=operator)
                drawn[name].append(h.numpy())
        return {name: np.stack(each) for name, each in drawn.items()}

    def _pictures(self, edges: Tensor, nodes: int, stream: tuple[object, ...]) -> dict[str, Array]:
        """The first draw's embedding at every depth that is asked for, not a chosen one."""
        x = torch.eye(nodes, dtype=torch.float64)
        layer = AGGREGATORS[self.params.aggregator]
        return {
            f"embedding/depth={depth}": self.embed(
                x, edges, derive_seed(*stream, "weights", 0, depth), depth=depth, layer=layer
            ).numpy()
            for depth in sorted({*self.params.picture_depths, self.params.depth})
        }

    def protocol(self) -> str:
        """What a separation means nothing without."""
        p = self.params
        return (
            "no training; labels of all nodes are used to measure separation only: leave-one-out "
            f"accuracy of a linear discriminant (equal priors) on the {p.dimensions}-dimensional "
            f"embedding of {p.depth} tanh layers ({p.aggregator}, hidden {p.hidden}, X = I, Glorot "
            f"weights), mean over {p.draws} weight draws per seed (sd: over these draws, ddof 1); "
            f"a seed draws weights and shuffled graphs ({p.swaps_per_edge} double edge swaps an "
            "edge, a new graph for each draw); the same weights on all graphs"
        )
