"""A graph convolutional network that learns from minibatches, its neighbours drawn by a sampler."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from triptych.graphs import samplers
from triptych.graphs.adjacency import Edges, edge_tensor, simple
from triptych.graphs.dropout import dropout
from triptych.graphs.layer import GraphLayer, MatrixLayer
from triptych.graphs.normalise import scale
from triptych.graphs.operators import mean, symmetric
from triptych.graphs.rows import Entries, Rows
from triptych.graphs.sampling import RowGraph, Sample, SamplerSettings
from triptych.graphs.sparse import Sparse
from triptych.graphs.variants import new_pairs, noisy, thinned
from triptych.model import Batch, Meta, Trainable

AGGREGATORS: dict[str, type[MatrixLayer]] = {"mean": mean.Layer, "symmetric": symmetric.Layer}
SPARSE_BELOW = 0.1  # share of non-zero features below which their entries are kept by rows
REMEMBERED = 16  # graphs; each is a share or a noise level


@dataclass(frozen=True)
class Spec:
    """One network of a comparison.

    Attributes:
        sampler: Name of a file in ``graphs/samplers``.
        budget: Draws per layer; None: see ``fanout``, or all neighbours.
        fanout: Draws per target, in every layer.
        share: Share of the edges that the graph keeps.
        noise: Meaningless edges per true one.
    """

    sampler: str
    budget: int | None = None
    fanout: int | None = None
    share: float = 1.0
    noise: float = 0.0

    @property
    def variant(self) -> str:
        """As the records name it: "graphsage,budget=64"."""
        words = [self.sampler]
        for name in ("budget", "fanout"):
            if getattr(self, name) is not None:
                words.append(f"{name}={getattr(self, name)}")
        words += [f"share={self.share:g}"] if self.share != 1 else []
        words += [f"noise={self.noise:g}"] if self.noise else []
        return ",".join(words)

    @property
    def name(self) -> str:
        """As modules and streams name it."""
        return "".join(c if c.isalnum() else "_" for c in self.variant)

    def draws(self, targets: Tensor) -> int:
        """The budget of one layer."""
        if self.budget is not None:
            return self.budget
        return (self.fanout or 1) * len(targets)


class Graphs:
    """The graphs that one seed's networks learn from, each made once.

    Thinning and noise are drawn by (data set, seed), so all networks of a seed share them.
    """

    def __init__(self, aggregator: str, scaling: Any, meta: Meta) -> None:
        self.aggregator, self.scaling = AGGREGATORS[aggregator], scaling
        self.names = (meta.get("dataset"), meta.get("seed"))
        self._held: dict[tuple[int, float, float], tuple[Tensor, RowGraph, Edges]] = {}

    def of(self, x: Tensor, edge_index: Tensor, share: float = 1.0, noise: float = 0.0) -> RowGraph:
        """A graph as samplers see it.

        Args:
            x: [N, F].
            edge_index: int64 [2, E].
            share: Share of the edges to keep.
            noise: Edges to add per edge.
        """
        return self._get(x, edge_index, share, noise)[1]

    def added(self, x: Tensor, edge_index: Tensor, noise: float) -> Edges:
        """The edges that were added: int64 [2, ...], both directions."""
        return self._get(x, edge_index, 1.0, noise)[2]

    def _get(
        self, x: Tensor, edge_index: Tensor, share: float, noise: float
    ) -> tuple[Tensor, RowGraph, Edges]:
        key = (id(edge_index), share, noise)
        if key not in self._held:
            made = self._make(x, edge_index, share, noise)
            kept = list(self._held.items())[-REMEMBERED + 1 :]
            self._held = dict(kept) | {key: (edge_index, *made)}  # the tensor, so its id stays its
        return self._held[key]

    def _make(
        self, x: Tensor, edge_index: Tensor, share: float, noise: float
    ) -> tuple[RowGraph, Edges]:
        edges = thinned(simple(edge_index, len(x)), len(x), share, *self.names)
        edges, added = noisy(edges, len(x), noise, *self.names)
        (matrix,) = self.aggregator.prepare(edge_tensor(edges), len(x), x.dtype)
        features: Tensor | Rows = scale(x, self.scaling)
        assert isinstance(features, Tensor)
        if float(features.count_nonzero()) < SPARSE_BELOW * features.numel():
            features = Rows.of(Sparse.from_dense(features))
        return RowGraph(Rows.of(matrix.to(x.device)), features), added


@dataclass(frozen=True, eq=False)
class Trace:
    """A sampled pass; lowest layer first.

    Attributes:
        targets: Nodes whose vectors each layer makes; the last are the batch.
        samples: What was drawn for them.
        summed: Vectors of the drawn nodes, [m, width] each.
        sums: Their weighted sums, [targets, width] each; the last are the logits.
    """

    targets: list[Tensor]
    samples: list[Sample]
    summed: list[Tensor] = field(default_factory=list)
    sums: list[Tensor] = field(default_factory=list)

    @property
    def touched(self) -> int:
        """Nodes whose vectors were read, counted layer by layer."""
        return sum(len(sample.nodes) for sample in self.samples)


class SampledNetwork(Trainable):
    r"""Layers :math:`H' = \sigma(\hat A H W)`, every product with Â estimated by the sampler.

    The batch of a step is drawn from the training nodes by the step's generator. Samples are drawn
    from the top down: what one layer drew are the targets of the layer below.
    """

    def __init__(self, spec: Spec, params: Any, meta: Meta, graphs: Graphs) -> None:
        super().__init__()
        self.spec, self.params, self.graphs = spec, params, graphs
        layer = AGGREGATORS[params.aggregator]
        hidden = [params.hidden] * (params.depth - 1)
        sizes = [int(meta["n_features"]), *hidden, int(meta["n_classes"])]
        self.layers = nn.ModuleList(layer(*pair) for pair in pairwise(sizes))
        edges = int(meta.get("n_edges", 0))  # in both directions, as Â has them
        entries = edges + 2 * new_pairs(edges, spec.noise) + int(meta["n"])
        settings = SamplerSettings(
            features=sizes[0],
            entries=entries,
            layers=params.depth,
            exploration=params.exploration,
            bandit_rate=params.bandit_rate,
        )
        self.sampler = samplers.find(spec.sampler)(settings)

    def reset_parameters(self, rng: torch.Generator | None = None) -> None:
        """Draw the layers' weights anew."""
        for layer in self.layers:
            assert isinstance(layer, GraphLayer)
            layer.reset_parameters(rng)

    def parameter_groups(self) -> dict[str, list[dict[str, Any]]]:
        """The L2 penalty on the first layer only; the sampler has its own optimiser."""
        first, *rest = ({"params": list(layer.parameters())} for layer in self.layers)
        groups: dict[str, list[dict[str, Any]]] = {
            "model": [first, *(group | {"weight_decay": 0.0} for group in rest)]
        }
        own = list(self.sampler.parameters())
        if own:
            rate = self.params.sampler_rate
            groups["sampler"] = [{"params": own, "lr": rate, "weight_decay": 0.0}]
        return groups

    def objectives(self, batch: Batch, rng: torch.Generator) -> Iterator[tuple[str, Tensor]]:
        """The batch's cross-entropy; then what the sampler learns from its gradients."""
        graph, index = self.graph(batch), batch["index"]
        size = min(self.params.batch_size, len(index))
        chosen = torch.randperm(len(index), generator=rng, device=index.device)[:size]
        trace = self.run(graph, index[chosen], rng)
        if self.sampler.learns:
            for sums in trace.sums:
                sums.retain_grad()
        yield "model", functional.cross_entropy(trace.sums[-1], batch["y"][chosen])
        if self.sampler.learns:
            terms = self._lessons(graph, trace)
            if terms:
                yield "sampler", torch.stack(terms).sum()

    def _lessons(self, graph: RowGraph, trace: Trace) -> list[Tensor]:
        found = []
        for layer, (targets, sample, summed, sums) in enumerate(
            zip(trace.targets, trace.samples, trace.summed, trace.sums, strict=True)
        ):
            gradient = sums.grad
            assert gradient is not None
            term = self.sampler.learn(graph, targets, sample, summed.detach(), gradient, layer)
            if term is not None:
                found.append(term)
        return found

    def graph(self, batch: Mapping[str, Tensor]) -> RowGraph:
        """The graph of this network: the given one with its share of edges and its noise."""
        return self.graphs.of(batch["x"], batch["edge_index"], self.spec.share, self.spec.noise)

    def draw(self, graph: RowGraph, targets: Tensor, rng: torch.Generator) -> Trace:
        """The samples of all layers, nothing computed yet."""
        below: list[tuple[Tensor, Sample]] = []
        for layer in reversed(range(len(self.layers))):
            budget = self.spec.draws(targets)
            sample = self.sampler.sample(graph, targets, budget, rng, layer)
            below.append((targets, sample))
            targets = sample.nodes
        below.reverse()
        return Trace([pair[0] for pair in below], [pair[1] for pair in below])

    def run(
        self, graph: RowGraph, targets: Tensor, rng: torch.Generator, drop: bool = True
    ) -> Trace:
        """Draw, and compute the targets' logits.

        Args:
            graph: The graph.
            targets: int64 [B].
            rng: Source of the samples and of dropout.
            drop: Whether there is dropout.
        """
        trace = self.draw(graph, targets, rng)
        source, rate = (rng if drop else None), self.params.dropout
        for number, (layer, sample) in enumerate(zip(self.layers, trace.samples, strict=True)):
            assert isinstance(layer, MatrixLayer)
            h: Tensor | Entries
            if number == 0:
                h = _features(graph, sample.nodes, rate, source)
            else:
                h = _dropped(trace.sums[-1].relu(), rate, source)
            trace.summed.append(h @ layer.weight)
            trace.sums.append(sample.weights @ trace.summed[-1])
        return trace

    @torch.no_grad()
    def whole(self, graph: RowGraph) -> list[Tensor]:
        """What every layer sums at every node, nothing sampled, and last the logits: [N, width]."""
        h: Tensor | Rows = graph.features
        found: list[Tensor] = []
        for number, layer in enumerate(self.layers):
            assert isinstance(layer, MatrixLayer)
            found.append(h @ layer.weight)
            sums = self.sampler.full(graph, number) @ found[-1]
            h = sums.relu()
        return [*found, sums]

    def validation_loss(self, batch: Batch, rng: torch.Generator) -> Tensor:
        """Mean cross-entropy of held-out nodes with all neighbours."""
        logits = self.whole(self.graph(batch))[-1]
        return functional.cross_entropy(logits[batch["index"]], batch["y"])


def _features(
    graph: RowGraph, nodes: Tensor, rate: float, rng: torch.Generator | None
) -> Tensor | Entries:
    """X at some nodes, with dropout."""
    if not isinstance(graph.features, Rows):
        return _dropped(graph.features[nodes], rate, rng)
    taken = graph.features.take(nodes)
    return Entries(taken.shape, taken.row, taken.column, _dropped(taken.value, rate, rng))


def _dropped(x: Tensor, rate: float, rng: torch.Generator | None) -> Tensor:
    result = dropout(x, rate, rng)
    assert isinstance(result, Tensor)
    return result
