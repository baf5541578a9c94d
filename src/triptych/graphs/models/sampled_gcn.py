"""Minibatch training of a graph convolutional network with every sampler, at equal budgets."""

import math
from collections.abc import Iterator
from typing import Annotated, Literal

import torch
from pydantic import AfterValidator, Field
from torch import Tensor, nn

from triptych.data.parts import Part
from triptych.errors import UserError, nearest
from triptych.graphs import batch_cost, samplers
from triptych.graphs.adjacency import Edges
from triptych.graphs.aggregate_error import errors
from triptych.graphs.base import GraphModel, Measured, Number, Parts
from triptych.graphs.noise_share import noise_share
from triptych.graphs.normalise import Scaling
from triptych.graphs.sampled import Graphs, SampledNetwork, Spec
from triptych.graphs.sampling import RowGraph
from triptych.metrics.classification import accuracy
from triptych.metrics.probabilities import log_softmax
from triptych.model import Batch, Meta, Trainable
from triptych.params import TrainingParams, at_evaluation
from triptych.records import Kind
from triptych.seeding import derive_seed

FULL, UNIFORM = "full", "graphsage"


def _known(names: list[str]) -> list[str]:
    for name in names:
        if name not in samplers.names():
            raise ValueError(f"no sampler {name!r}; {nearest(name, samplers.names())}")
    return names


def _shares(values: list[float]) -> list[float]:
    if not all(0 < value <= 1 for value in values):
        raise ValueError("expected shares of the edges above 0 and up to 1")
    return values


def _ascending(values: list[int]) -> list[int]:
    if not values or values[0] < 1 or values != sorted(set(values)):
        raise ValueError("expected ascending positive numbers, at least one")
    return values


Samplers = Annotated[list[str], AfterValidator(_known)]
Shares = Annotated[list[float], AfterValidator(_shares)]
Budgets = Annotated[list[int], AfterValidator(_ascending)]


class SampledParams(TrainingParams):
    """A recipe for all samplers alike."""

    steps: int = Field(100, ge=1, description="Updates of every network")
    batch_size: int = Field(32, ge=1, description="Targets per update")
    learning_rate: float = Field(0.01, gt=0, le=1, description="Adam's step size")
    weight_decay: float = Field(5e-4, ge=0, description="L2 penalty inside Adam, first layer only")
    validate_every: int = Field(10, ge=1, description="Updates between validation losses")
    keep: Literal["last", "best"] = Field(
        "best",
        description="Weights to keep: the last step's or those of the lowest validation loss",
    )
    hidden: int = Field(32, ge=1, le=4096, description="Width of the hidden layers")
    depth: int = Field(2, ge=1, le=8, description="Layers")
    dropout: float = Field(0.5, ge=0, lt=1, description="Dropout before every layer")
    scaling: Scaling = Field(
        "none",
        description="Features: none, rows (each node's sum to 1) or columns (mean 0, variance 1)",
    )
    aggregator: Literal["mean", "symmetric"] = Field(
        "mean", description="Operator: mean of deck A, or the symmetric one of Kipf and Welling"
    )
    samplers: Samplers = Field(
        samplers.names(), description="Files of graphs/samplers: a network is trained with each"
    )
    budgets: Budgets = Field([32, 128, 512], description="Draws per layer: a network for each")
    fanout: int = Field(5, ge=1, description="Draws per target of the networks of `shares`")
    shares: Shares = Field(
        [], description="Shares of the edges to keep: networks on thinner graphs, full and uniform"
    )
    noise: float = Field(0.0, ge=0, le=10, description="Meaningless edges per edge")
    noisy: Samplers = Field([], description="Samplers to train with `noise`, at the middle budget")
    sampler_rate: float = Field(0.01, gt=0, le=1, description="Adam's step size, learnt samplers")
    exploration: float = Field(
        0.2, gt=0, lt=1, description="Uniform share of the draws of AS-GCN and of the bandits"
    )
    bandit_rate: float = Field(0.1, gt=0, description="Step size of the bandits")
    error_budgets: Budgets = at_evaluation(
        [32, 80, 200, 512], description="Draws per layer at which errors of sums are measured"
    )
    error_draws: int = at_evaluation(10, ge=1, description="Batches per error of a sum")
    cost_batches: int = at_evaluation(5, ge=1, description="Batches per cost")


class Entry(GraphModel):
    """One two-layer network per sampler and budget; every one is evaluated with all neighbours."""

    Params = SampledParams
    task = "node classification"
    family = "sampled"
    full_batch = True  # a step draws its own batch, for its sampler needs the graph

    def __init__(self, params: SampledParams, meta: Meta) -> None:
        super().__init__(params, meta)
        if not meta["n_classes"]:
            raise UserError(
                f"{meta.get('dataset', 'data set')}: expected classes to tell apart, found "
                f"task {meta.get('task')!r}; use a data set with classes"
            )
        self.graphs = Graphs(params.aggregator, params.scaling, meta)
        self.networks = nn.ModuleDict(
            {spec.name: SampledNetwork(spec, params, meta, self.graphs) for spec in specs(params)}
        )
        first, *rest = self._networks()
        for network in rest:  # all start alike, so that only their samplers tell them apart
            network.layers.load_state_dict(first.layers.state_dict())

    def _networks(self) -> Iterator[SampledNetwork]:
        for network in self.networks.values():
            assert isinstance(network, SampledNetwork)
            yield network

    @classmethod
    def tensors(cls, train: Part, validation: Part) -> tuple[Batch, Batch]:
        """Both hold the whole graph ``x``, ``edge_index`` and their own ``index`` and ``y``."""
        graph = {name: torch.from_numpy(train.arrays[name]) for name in ("x", "edge_index")}
        return tuple(  # type: ignore[return-value]
            graph | {name: torch.from_numpy(part.arrays[name]) for name in ("index", "y")}
            for part in (train, validation)
        )

    def trainables(self) -> dict[str, Trainable]:
        """The networks, each with its own batches and draws."""
        return {network.spec.name: network for network in self._networks()}

    def respond(self, x: Tensor, edge_index: Tensor) -> Tensor:
        """Logits of the network that was trained without sampling: [N, classes]."""
        network = next(self._networks())
        return network.whole(self.graphs.of(x, edge_index))[-1]

    def measure(self, parts: Parts, stream: tuple[object, ...]) -> Measured:
        """Accuracy, cost per batch and error of sums, of every network.

        ``uniform_error`` is that of GraphSAGE on the same vectors, ``start_error`` that of the
        sampler before it learnt.
        """
        arrays = parts["train"].arrays
        x, edges = torch.from_numpy(arrays["x"]), torch.from_numpy(arrays["edge_index"])
        protocol = self.protocol(parts["train"].meta)
        n_train = len(arrays["y"])
        numbers = [Number("train", "n_train", n_train, "examples", n_train, protocol)]
        for network in self._networks():
            spec = network.spec
            graph = self.graphs.of(x, edges, spec.share, spec.noise)
            numbers += self._accuracies(network, graph, parts, protocol)
            numbers += self._costs(network, graph, parts, stream)
            numbers += self._errors(network, graph, parts, stream)
            if spec.noise:
                numbers += self._noise(network, graph, self.graphs.added(x, edges, spec.noise))
        return Measured(numbers)

    def _accuracies(
        self, network: SampledNetwork, graph: RowGraph, parts: Parts, protocol: str
    ) -> list[Number]:
        logits = network.whole(graph)[-1].numpy()
        found = []
        for split in ("validation", "test"):
            index, y = parts[split].arrays["index"], parts[split].arrays["y"]
            hit = float(accuracy(log_softmax(logits[index]), y))
            name = f"sampled_accuracy/{network.spec.variant}"
            found.append(Number(split, name, hit, "fraction", len(y), protocol))
        return found

    def _costs(
        self, network: SampledNetwork, graph: RowGraph, parts: Parts, stream: tuple[object, ...]
    ) -> list[Number]:
        p, spec = self.params, network.spec
        index = torch.from_numpy(parts["train"].arrays["index"])
        rng = torch.Generator().manual_seed(derive_seed(*stream, "cost", spec.name))
        swept = spec.sampler == FULL or spec.fanout is not None
        measure = batch_cost.run if swept and not spec.noise else batch_cost.count
        cost = measure(network, graph, index, p.cost_batches, rng)
        size = min(p.batch_size, len(index))
        protocol = (
            f"batches of {size} training nodes, {p.depth} layers, mean over {p.cost_batches}; "
            "targets not counted"
        )
        rows: list[tuple[str, float, str, Kind]] = [
            ("nodes_per_batch", cost.nodes, "nodes", "estimate"),
        ]
        if math.isfinite(cost.held):
            degree = len(graph.operator.value) / len(graph.operator) - 1
            rows += [
                ("bytes_per_batch", cost.held, "bytes", "estimate"),
                ("batch_seconds", cost.seconds, "s", "estimate"),
                ("mean_degree", degree, "1", "exact"),
            ]
        return [
            Number("train", f"{name}/{spec.variant}", value, unit, p.cost_batches, protocol, kind)
            for name, value, unit, kind in rows
        ]

    def _errors(
        self, network: SampledNetwork, graph: RowGraph, parts: Parts, stream: tuple[object, ...]
    ) -> list[Number]:
        """Of one network per sampler that estimates the sums: that of the middle budget."""
        p, spec = self.params, network.spec
        if spec.budget != middle(p) or spec.noise or not network.sampler.estimates:
            return []
        index = torch.from_numpy(parts["train"].arrays["index"])
        rng = torch.Generator().manual_seed(derive_seed(*stream, "errors", spec.name))
        protocol = (
            f"relative RMS error of the top layer's sums, {p.error_draws} batches of "
            f"{min(p.batch_size, len(index))} training nodes; network of budget {spec.budget}"
        )
        found = []
        for e in errors(network, graph, index, list(p.error_budgets), p.error_draws, rng):
            for metric, value, unit in (
                ("sum_error", e.own, "1"),
                ("sum_nodes", e.own_nodes, "nodes"),
                ("uniform_error", e.uniform, "1"),
                ("uniform_nodes", e.uniform_nodes, "nodes"),
                ("start_error", e.start, "1"),
            ):
                if math.isfinite(value):
                    name = f"{metric}/{spec.sampler},budget={e.budget}"
                    n = p.error_draws
                    found.append(Number("train", name, value, unit, n, protocol, "estimate"))
        return found

    def _noise(self, network: SampledNetwork, graph: RowGraph, added: Edges) -> list[Number]:
        """The share of draws that follow a meaningless edge, where nodes draw for themselves."""
        share, nodes = noise_share(network, graph, added), len(graph.operator)
        if share is None:
            return []
        protocol = (
            "mean over nodes of the probability that a draw of the top layer follows one of the "
            f"{network.spec.noise:g} meaningless edges per true one"
        )
        name = f"noise_share/{network.spec.variant}"
        return [Number("all", name, share, "fraction", nodes, protocol)]

    def protocol(self, meta: Meta) -> str:
        """What an accuracy of these networks means nothing without."""
        p = self.params
        varies = "initialisation, batches, samples and dropout"
        if not meta["standard_split"]:
            varies = f"split, {varies}"
        kept = "lowest validation loss" if p.keep == "best" else "last step"
        return "; ".join(
            [
                f"{p.steps} minibatches of {p.batch_size} targets with sampled neighbours, weights "
                f"of the {kept}; evaluated with all neighbours (PASS: its policy over them)",
                f"split: {meta['split_rule']}",
                *map(str, meta["notes"]),
                f"a seed draws {varies}",
            ]
        )


def specs(params: SampledParams) -> list[Spec]:
    """The networks to train; first the one without sampling."""
    found = [Spec(FULL)]
    found += [Spec(s, budget=b) for s in params.samplers if s != FULL for b in params.budgets]
    for share in params.shares:
        found += [Spec(FULL, share=share), Spec(UNIFORM, fanout=params.fanout, share=share)]
    if params.noise:
        for name in params.noisy:
            budget = None if name == FULL else middle(params)
            found.append(Spec(name, budget=budget, noise=params.noise))
    return list(dict.fromkeys(found))


def middle(params: SampledParams) -> int:
    """The middle budget."""
    return params.budgets[len(params.budgets) // 2]
