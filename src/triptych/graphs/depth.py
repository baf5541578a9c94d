"""Deep node classifiers, and what keeps the gradient and the differences between nodes alive."""

from itertools import pairwise
from typing import Any, Literal, cast

import torch
from pydantic import Field
from torch import Tensor, nn

from triptych.graphs.dropout import dropout
from triptych.graphs.layer import GraphLayer
from triptych.graphs.network import NetworkParams
from triptych.graphs.nodes import NodeClassifier
from triptych.graphs.operators import mean, symmetric

Skip = Literal["none", "residual", "scaled", "gated", "jumping"]
AGGREGATORS: dict[str, type[GraphLayer]] = {"mean": mean.Layer, "symmetric": symmetric.Layer}
CARRY = -3.0  # bias of the gates at the start: they let the old embedding pass (Srivastava 2015)


class DeepParams(NetworkParams):
    """A network of any depth."""

    aggregator: Literal["mean", "symmetric"] = Field("symmetric", description="Operator")
    skip: Skip = Field(
        "none",
        description="none: H' = new; residual: H + new; gated: g new + (1 - g) H with a learnt "
        "gate g; jumping: the last layer reads all hidden layers side by side",
    )


class DeepNetwork(NodeClassifier):
    r"""Graph convolutions of one width between the first layer and the last.

    With :math:`N = \mathrm{ReLU}(\hat A H W)` a hidden layer is

    - none: :math:`H' = N`;
    - residual: :math:`H' = H + N` (Kipf and Welling 2017, appendix B; He et al. 2016);
    - gated: :math:`H' = g \odot N + (1 - g) \odot H`, :math:`g = \sigma(H V + c)` (Srivastava,
      Greff and Schmidhuber 2015);
    - jumping: :math:`H' = N`, and the last layer reads :math:`[H_1 | H_2 | \dots]` (Xu, Li, Tian,
      Sonobe, Kawarabayashi and Jegelka 2018).
    """

    Params = DeepParams
    family = "convolutional"

    def operator(self) -> type[GraphLayer]:
        """The aggregator of ``params.yaml``."""
        return AGGREGATORS[self.params.aggregator]

    def stack(self, inputs: int, outputs: int) -> nn.ModuleList:
        """The layers; gates, where there are any, are kept beside them."""
        p = self.params
        hidden = [p.hidden] * (p.depth - 1)
        layers = [self.operator()(*pair) for pair in pairwise([inputs, *hidden])]
        read = hidden[-1] if hidden else inputs
        if p.skip == "jumping" and hidden:
            read = sum(hidden)
        self.gates = nn.ModuleList(
            nn.Linear(p.hidden, p.hidden) for _ in hidden[1:] if p.skip == "gated"
        )
        self._reset_gates(None)
        return nn.ModuleList([*layers, self.operator()(read, outputs)])

    def reset_parameters(self, rng: torch.Generator | None = None) -> None:
        """Draw every weight anew."""
        super().reset_parameters(rng)
        self._reset_gates(rng)

    def parameter_groups(self) -> dict[str, list[dict[str, Any]]]:
        """As for every network; gates are not penalised."""
        (groups,) = super().parameter_groups().values()
        return {"model": [*groups, {"params": list(self.gates.parameters()), "weight_decay": 0.0}]}

    def hidden(
        self, x: Tensor, edge_index: Tensor, rng: torch.Generator | None = None
    ) -> list[Tensor]:
        """Every hidden embedding, in order: depth - 1 times [N, hidden]."""
        prepared = self.prepared(x, edge_index)
        first, *rest = self.layers
        if not rest:
            return []
        h = cast("Tensor", first(prepared.features(rng), prepared.graph)).relu()
        found = [h]
        for number, layer in enumerate(rest[:-1]):
            dropped = dropout(h, self.params.dropout, rng)
            h = self._join(number, h, layer(dropped, prepared.graph).relu())
            found.append(h)
        return found

    def compute(self, x: Tensor, edge_index: Tensor, rng: torch.Generator | None = None) -> Tensor:
        """The logits of all nodes: [N, classes]."""
        prepared = self.prepared(x, edge_index)
        hidden = self.hidden(x, edge_index, rng)
        if not hidden:
            return cast("Tensor", self.layers[0](prepared.features(rng), prepared.graph))
        read = torch.cat(hidden, dim=1) if self.params.skip == "jumping" else hidden[-1]
        dropped = dropout(read, self.params.dropout, rng)
        return cast("Tensor", self.layers[-1](dropped, prepared.graph))

    def _join(self, number: int, old: Tensor, new: Tensor) -> Tensor:
        if self.params.skip == "residual":
            return old + new
        if self.params.skip == "scaled":
            return old + new / int(self.params.depth)
        if self.params.skip == "gated":
            gate: Tensor = self.gates[number](old)
            return old.lerp(new, gate.sigmoid())
        return new

    def _reset_gates(self, rng: torch.Generator | None) -> None:
        for gate in self.gates:
            assert isinstance(gate, nn.Linear)
            nn.init.xavier_uniform_(gate.weight, generator=rng)
            nn.init.constant_(gate.bias, CARRY)
