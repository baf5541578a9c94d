"""What a batch of a sampled network costs: nodes, bytes and seconds."""

import time
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from triptych.graphs.sampled import SampledNetwork
from triptych.graphs.sampling import RowGraph


@dataclass(frozen=True)
class Cost:
    """Means over batches, but for the seconds.

    Attributes:
        nodes: Nodes whose vectors are read, counted layer by layer.
        held: Bytes that the backward pass keeps alive, weights aside; nan if not asked for.
        seconds: Of sampling, forward and backward pass, of the fastest batch; nan if not asked for.
    """

    nodes: float
    held: float = float("nan")
    seconds: float = float("nan")


@torch.no_grad()
def count(
    network: SampledNetwork, graph: RowGraph, index: Tensor, batches: int, rng: torch.Generator
) -> Cost:
    """Nodes of some batches, from the samples alone.

    Args:
        network: A trained network.
        graph: Its graph.
        index: int64, the nodes that batches are drawn from.
        batches: How many, at least one.
        rng: Source of batches and samples.
    """
    nodes = [network.draw(graph, _batch(network, index, rng), rng).touched for _ in range(batches)]
    return Cost(sum(nodes) / batches)


def run(
    network: SampledNetwork, graph: RowGraph, index: Tensor, batches: int, rng: torch.Generator
) -> Cost:
    """As :func:`count`, with bytes and seconds of whole training passes."""
    nodes, held, seconds = [], [], []
    for _ in range(batches):
        kept: dict[int, int] = {}
        targets = _batch(network, index, rng)
        labels = torch.zeros(len(targets), dtype=torch.int64, device=targets.device)
        started = time.perf_counter()
        with torch.autograd.graph.saved_tensors_hooks(_Holding(network, kept), lambda t: t):
            trace = network.run(graph, targets, rng)
            loss = functional.cross_entropy(trace.sums[-1], labels)
        loss.backward()  # type: ignore[no-untyped-call]
        if loss.device.type == "cuda":
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - started)
        nodes.append(trace.touched)
        held.append(sum(kept.values()))
    network.zero_grad(set_to_none=True)
    return Cost(sum(nodes) / batches, sum(held) / batches, min(seconds))


class _Holding:
    """Notes the size of every tensor that the backward pass will need, each storage once."""

    def __init__(self, network: SampledNetwork, kept: dict[int, int]) -> None:
        self.weights = {p.untyped_storage().data_ptr() for p in network.parameters()}
        self.kept = kept

    def __call__(self, tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in self.weights:
            self.kept[storage.data_ptr()] = storage.nbytes()
        return tensor


def _batch(network: SampledNetwork, index: Tensor, rng: torch.Generator) -> Tensor:
    size = min(network.params.batch_size, len(index))
    return index[torch.randperm(len(index), generator=rng, device=index.device)[:size]]
