"""Seconds of a training step against the number of edges."""

import statistics
import time
from typing import Literal

import torch
from torch import Tensor

from triptych.data.parts import Part
from triptych.files import Array
from triptych.graphs.base import GraphModel, Measured, Number, Parts
from triptych.graphs.layer import GraphLayer
from triptych.graphs.lift import lifted
from triptych.graphs.operators import mean, symmetric
from triptych.model import Batch
from triptych.params import Count, Distinct, ModelParams, at_evaluation
from triptych.seeding import derive_seed, numpy_generator

REACH = {"near": 64, "far": None}  # copies among which neighbours lie: in a core's cache, anywhere
AGGREGATORS: dict[str, type[GraphLayer]] = {"mean": mean.Layer, "symmetric": symmetric.Layer}


class ScalingParams(ModelParams):
    """Nothing is kept of the training, so everything here is read by the evaluation."""

    edges: Distinct[Count] = at_evaluation(
        [100_000, 200_000, 500_000, 1_000_000],
        min_length=2,
        description="Directed edges of the graphs, about; 10 000 000 need 2 GB. Of a step on "
        "10 000 more than half is what any step costs, whatever its edges",
    )
    aggregator: Literal["mean", "symmetric"] = at_evaluation(
        "symmetric", description="Operator of both layers"
    )
    width: int = at_evaluation(16, ge=1, le=4096, description="Features, and width of both layers")
    repeats: int = at_evaluation(5, ge=1, le=1000, description="Timed steps; their median counts")


class Entry(GraphModel):
    """Forward and backward pass of two layers on random lifts of the data set's graph.

    A lift has the degrees of the graph and any size, so that the number of edges changes and
    nothing else does. Neighbours are near in memory or far: the operations are the same, but a far
    neighbour costs the more, the less of the graph fits into the processor's caches.
    """

    Params = ScalingParams
    family = "convolutional"
    task = "speed"
    full_batch = True

    @classmethod
    def tensors(cls, train: Part, validation: Part) -> tuple[Batch, Batch]:
        """Nothing is learnt from data."""
        return {}, {}

    def fit_closed_form(self, train: Batch, rng: torch.Generator) -> bool:
        """There is nothing to keep."""
        return True

    def respond(self, x: Tensor, edge_index: Tensor) -> Tensor:
        """The output of the two layers that are timed: [N, width]."""
        layer = AGGREGATORS[self.params.aggregator]
        graph = layer.prepare(edge_index, len(x), x.dtype)
        first, second = self._layers(x.shape[1])
        output: Tensor = second(first(x, graph).relu(), graph)
        return output

    def measure(self, parts: Parts, stream: tuple[object, ...]) -> Measured:
        """Seconds of a step and of preparing the matrices, for every size."""
        arrays, protocol = parts["train"].arrays, self.protocol()
        numbers = [Number("train", "n_train", 0, "examples", 0, protocol)]
        nodes, base = len(arrays["x"]), arrays["edge_index"]
        for where, reach in REACH.items():
            for wanted in self.params.edges:
                copies = max(1, round(wanted / base.shape[1]))
                rng = numpy_generator(*stream, "lift", where, copies)
                edges = lifted(base, nodes, copies, rng, reach)
                times = self.time(edges, nodes * copies, derive_seed(*stream, "features"))
                for metric, value in zip(("prepare_seconds", "step_seconds"), times, strict=True):
                    name = f"{metric}/{where},edges={edges.shape[1]}"
                    numbers.append(Number("all", name, value, "s", 1, protocol, "estimate"))
        return Measured(numbers)

    def time(self, edges: Array, nodes: int, seed: int) -> tuple[float, float]:
        """CPU seconds of preparing the matrices, and of a step (the median).

        Args:
            edges: int64 [2, E].
            nodes: N.
            seed: Names the features.
        """
        p = self.params
        rng = torch.Generator().manual_seed(seed)
        x = torch.randn(nodes, p.width, generator=rng)
        started = time.process_time()
        graph = AGGREGATORS[p.aggregator].prepare(torch.from_numpy(edges), nodes)
        prepared = time.process_time() - started
        first, second = self._layers(p.width)
        seconds = []
        for _ in range(1 + p.repeats):  # the first one also takes memory from the system
            started = time.process_time()
            loss = second(first(x, graph).relu(), graph).square().mean()
            loss.backward()
            seconds.append(time.process_time() - started)
        return prepared, statistics.median(seconds[1:])

    def protocol(self) -> str:
        """What a time means nothing without."""
        p = self.params
        return (
            "CPU seconds of this process, one thread; random lifts of the data set's graph (its "
            f"degrees, any size), neighbours near each other in memory (among {REACH['near']} "
            f"copies) or far; forward and backward pass of two layers ({p.aggregator}), "
            f"{p.width} wide, over all nodes; median of {p.repeats} steps after one, in "
            "memory that the process keeps; preparing sorts the edges and is done once per graph"
        )

    def _layers(self, inputs: int) -> tuple[GraphLayer, GraphLayer]:
        layer, width = AGGREGATORS[self.params.aggregator], self.params.width
        layers = layer(inputs, width), layer(width, width)
        rng = torch.Generator().manual_seed(0)
        for each in layers:
            each.reset_parameters(rng)
        return layers
