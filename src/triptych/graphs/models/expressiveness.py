"""Untrained networks on an enumeration of graphs: how many pairs each cannot tell apart."""

import torch
from torch import Tensor

from triptych.data.parts import Part
from triptych.graphs import aggregators
from triptych.graphs.adjacency import neighbours
from triptych.graphs.base import GraphModel, Measured, Number, Parts
from triptych.graphs.blocks import Blocks, Readout
from triptych.graphs.expressiveness import RESOLUTION, Gather, alike, confused, outputs, refine
from triptych.graphs.layer import GraphLayer
from triptych.graphs.operators import symmetric
from triptych.model import Batch
from triptych.params import ModelParams, at_evaluation
from triptych.seeding import derive_seed

# Aggregator -> whose matrices, and how they are applied: GCN's by a product, as the sum's.
OPERATORS: dict[str, tuple[type[GraphLayer], Gather]] = {
    name: (layer, layer.gather) for name, layer in aggregators.AGGREGATORS.items()
} | {"symmetric": (symmetric.Layer, aggregators.Sum.gather)}
READOUTS: tuple[Readout, ...] = ("sum", "mean")


class ExpressivenessParams(ModelParams):
    """Nothing is trained, so everything here is read by the evaluation."""

    width: int = at_evaluation(16, ge=1, le=1024, description="Width of the layers")
    depth: int = at_evaluation(6, ge=1, le=64, description="Layers, and rounds of refinement")


class Entry(GraphModel):
    """Pairs of graphs confused by colour refinement and by random networks of every aggregator.

    Xu, Hu, Leskovec and Jegelka (2019, https://arxiv.org/abs/1810.00826): no network that passes
    messages tells apart what colour refinement does not, and one that sums, over neighbours and
    over nodes, reaches it; the mean and the maximum do not.
    """

    Params = ExpressivenessParams
    data_kinds = ("graphs",)
    family = "untrained"
    task = "telling graphs apart"

    @classmethod
    def tensors(cls, train: Part, validation: Part) -> tuple[Batch, Batch]:
        """Nothing is learnt from data."""
        return {}, {}

    def fit_closed_form(self, train: Batch, rng: torch.Generator) -> bool:
        """Untrained is the finished state."""
        return True

    def respond(self, x: Tensor, edge_index: Tensor) -> Tensor:
        """The first layer of the sum under one fixed draw: [N, width]."""
        layer = aggregators.Sum(x.shape[1], self.params.width).to(x.dtype)
        layer.reset_parameters(torch.Generator().manual_seed(0))
        out: Tensor = layer(x, layer.prepare(edge_index, len(x), x.dtype))
        return out.detach()

    def measure(self, parts: Parts, stream: tuple[object, ...]) -> Measured:
        """Count over all parts together: nothing is fitted, so nothing is held out."""
        pieces = [_everything(part) for part in parts.values()]
        graphs = sum(len(piece["y"]) for piece in pieces)
        data = _joined(pieces)
        pairs = graphs * (graphs - 1) // 2
        protocol = self.protocol(graphs)
        near = neighbours(data["edge_index"], len(data["x"]))
        colours = refine(near, data["graph"].tolist(), self.params.depth)
        numbers = [Number("train", "n_train", 0, "examples", 0, protocol)]

        def add(metric: str, value: float, unit: str) -> None:
            numbers.append(Number("all", metric, value, unit, pairs, protocol))

        add("confused_pairs/refinement", alike(colours), "pairs")
        largest, smallest = 0.0, 1.0
        for name, (layer, gather) in OPERATORS.items():
            blocks = Blocks.make(data, layer)
            for readout in READOUTS:
                seed = derive_seed(*stream, name)  # one draw of weights for both readouts
                found = outputs(blocks, gather, self.params.width, self.params.depth, readout, seed)
                count, same, apart = confused(found)
                add(f"confused_pairs/{name}, {readout}", count, "pairs")
                largest, smallest = max(largest, same), min(smallest, apart)
        add("largest_confused_difference", largest, "1")
        add("smallest_told_difference", smallest, "1")
        return Measured(numbers)

    def protocol(self, graphs: int) -> str:
        """What a count of confused pairs means nothing without."""
        p = self.params
        return (
            f"no training; all {graphs} graphs, constant features; {p.depth} layers of width "
            f"{p.width} with random weights and biases in double precision (SiLU), the "
            "readout of every layer; two graphs are confused where the outputs agree to a relative "
            f"{RESOLUTION:g}; names are aggregator, readout; refinement: colour refinement (1-WL), "
            f"{p.depth} rounds; a seed draws weights"
        )


def _everything(part: Part) -> dict[str, Tensor]:
    """A part in double precision, whatever its features: all ones."""
    arrays = part.arrays
    return {
        "x": torch.ones(len(arrays["graph"]), 1, dtype=torch.float64),
        **{name: torch.from_numpy(arrays[name]) for name in ("edge_index", "graph", "y")},
    }


def _joined(pieces: list[dict[str, Tensor]]) -> dict[str, Tensor]:
    """Parts one after the other, nodes and graphs numbered on."""
    nodes = graphs = 0
    edges, owners = [], []
    for piece in pieces:
        edges.append(piece["edge_index"] + nodes)
        owners.append(piece["graph"] + graphs)
        nodes, graphs = nodes + len(piece["x"]), graphs + len(piece["y"])
    return {
        "x": torch.cat([piece["x"] for piece in pieces]),
        "edge_index": torch.cat(edges, dim=1),
        "graph": torch.cat(owners),
        "y": torch.cat([piece["y"] for piece in pieces]),
    }
