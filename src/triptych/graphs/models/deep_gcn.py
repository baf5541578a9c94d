"""One network for each depth, and how far its embeddings are smoothed."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, cast

import torch
from pydantic import Field
from torch import Tensor, nn

from triptych.data.parts import Part
from triptych.graphs.adjacency import simple
from triptych.graphs.base import GraphModel, Measured, Number, Parts
from triptych.graphs.depth import DeepNetwork, DeepParams, Skip
from triptych.graphs.network import RecipeParams
from triptych.graphs.nodes import scores
from triptych.metrics.smoothness import dirichlet_energy, effective_rank, mean_average_distance
from triptych.model import Batch, Meta, Trainable
from triptych.params import Distinct
from triptych.seeding import derive_seed


class SweepParams(RecipeParams):
    """The same recipe at every depth."""

    depths: Distinct[Annotated[int, Field(ge=1, le=64)]] = Field(
        [2, 4, 8, 16, 32], min_length=1, description="Layers, one network each"
    )
    aggregator: Literal["mean", "symmetric"] = Field("symmetric", description="Operator")
    skip: Skip = Field(
        "none",
        description="none: H' = new; residual: H + new; gated: g new + (1 - g) H with a learnt "
        "gate g; jumping: the last layer reads all hidden layers side by side",
    )


class Entry(GraphModel):
    """Accuracy and smoothness by depth, trained and with the weights of the start.

    Smoothness is that of the embedding which the last layer reads: the last hidden one, without
    dropout. It is measured three ways, because none tells the whole: the energy and the distance
    are small for embeddings that are alike at neighbours, as they should be in a homophilous graph;
    the effective rank counts the directions in which nodes differ at all.
    """

    Params = SweepParams
    family = "convolutional"
    task = "node classification"
    full_batch = True

    def __init__(self, params: Any, meta: Meta) -> None:
        super().__init__(params, meta)
        shared = {
            name: value
            for name, value in params.model_dump().items()
            if name in DeepParams.model_fields and name != "depth"
        }
        self.networks = nn.ModuleDict(
            {_name(depth): DeepNetwork(DeepParams(depth=depth, **shared), meta)
             for depth in params.depths}
        )  # fmt: skip

    @classmethod
    def tensors(cls, train: Part, validation: Part) -> tuple[Batch, Batch]:
        """As for every node classifier."""
        return DeepNetwork.tensors(train, validation)

    def trainables(self) -> dict[str, Trainable]:
        """By depth."""
        return {name: network for name, network in self._networks().items()}

    def reset_parameters(self, rng: torch.Generator | None = None) -> None:
        """Draw every weight anew."""
        for network in self._networks().values():
            network.reset_parameters(rng)

    def respond(self, x: Tensor, edge_index: Tensor) -> Tensor:
        """The logits of every depth side by side: [N, depths classes]."""
        return torch.cat([n.respond(x, edge_index) for n in self._networks().values()], dim=1)

    @torch.no_grad()
    def measure(self, parts: Parts, stream: tuple[object, ...]) -> Measured:
        """Scores and smoothness of every depth, and the scores of the depth that validates best."""
        batch, _ = self.tensors(parts["train"], parts["validation"])
        protocol = self.protocol(parts["train"].meta)
        n_train = len(batch["y"])
        numbers = [Number("train", "n_train", n_train, "examples", n_train, protocol)]
        best: tuple[float, list[Number]] | None = None
        for name, network in self._networks().items():
            logits = network.output(batch).numpy()
            found = {
                suffix: [
                    number
                    for split in ("validation", "test")
                    for number in scores(
                        logits[parts[split].arrays["index"]], parts[split].arrays["y"], split,
                        protocol, suffix,
                    )
                ]
                for suffix in (f"/{name}", "")
            }  # fmt: skip
            numbers += found[f"/{name}"]
            if best is None or found[""][0].value > best[0]:
                best = found[""][0].value, found[""]
            numbers += self._smoothness(name, network, batch, stream)
        assert best is not None
        return Measured([*numbers, *best[1]])

    def _smoothness(
        self, name: str, network: DeepNetwork, batch: Batch, stream: tuple[object, ...]
    ) -> list[Number]:
        """Of the trained weights and of fresh ones."""
        fresh = DeepNetwork(network.params, self.meta)
        rng = torch.Generator().manual_seed(derive_seed(*stream, "untrained", name))
        fresh.reset_parameters(rng)
        edges = simple(batch["edge_index"], len(batch["x"]))
        numbers = []
        for prefix, each in (("", network), ("untrained_", fresh)):
            hidden = each.hidden(batch["x"], batch["edge_index"])
            if not hidden:
                continue
            h = hidden[-1].double().numpy()
            energy = dirichlet_energy(h, edges, self.params.aggregator)
            for metric, value, unit, more in (
                ("dirichlet_energy", energy, "1", _ENERGY),
                ("mean_average_distance", mean_average_distance(h, edges), "1", _DISTANCE),
                ("effective_rank", effective_rank(h), "dimensions", _RANK),
            ):
                weights = "weights of the start, no training" if prefix else "trained weights"
                protocol = f"{more}; last hidden embedding of all nodes; {weights}"
                numbers.append(
                    Number("all", f"{prefix}{metric}/{name}", value, unit, len(h), protocol)
                )
        return numbers

    def protocol(self, meta: Mapping[str, Any]) -> str:
        """What an accuracy by depth means nothing without."""
        first = next(iter(self._networks().values()))
        return f"{first.protocol(meta)}; plain accuracy is that of the depth that validates best"

    def _networks(self) -> dict[str, DeepNetwork]:
        return {name: cast("DeepNetwork", network) for name, network in self.networks.items()}


_ENERGY = "Rayleigh quotient of I − Â, with the Â of the network"
_DISTANCE = "mean over nodes of the mean cosine distance to neighbours"
_RANK = "exp of the entropy of the singular values' shares"


def _name(depth: int) -> str:
    return f"depth={depth}"
