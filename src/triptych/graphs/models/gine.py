"""The graph isomorphism network with kinds of edges (Hu et al. 2020)."""

from itertools import pairwise

import torch
from pydantic import Field
from torch import Tensor, nn

from triptych.graphs.blocks import Blocks
from triptych.graphs.bond_classification import BondClassifier
from triptych.graphs.bonds import Bonds
from triptych.graphs.dropout import dropout
from triptych.graphs.graph_classification import GraphClassifierParams


class Layer(nn.Module):
    r"""One round of GIN-E.

    W. Hu et al., "Strategies for Pre-training Graph Neural Networks" (ICLR 2020,
    https://arxiv.org/abs/1905.12265):

    .. math:: h_v' = \mathrm{MLP}\Big((1 + \varepsilon) h_v
        + \sum_{u \in N(v)} \mathrm{ReLU}(h_u + W e_{uv})\Big)

    with the one-hot kind :math:`e_{uv}` of the edge and a trained :math:`\varepsilon`, 0 at first.

    Shapes:
        x [N, F], output [N, H].
    """

    def __init__(self, inputs: int, outputs: int, kinds: int) -> None:
        super().__init__()
        self.epsilon = nn.Parameter(torch.zeros(()))
        self.kinds = nn.Parameter(torch.empty(kinds, inputs))
        self.first = nn.Linear(inputs, outputs)
        self.second = nn.Linear(outputs, outputs)
        nn.init.uniform_(self.kinds, -(kinds**-0.5), kinds**-0.5)  # torch's rule for a linear map

    def forward(self, x: Tensor, bonds: Bonds) -> Tensor:
        """[nodes, F] to [nodes, H]."""
        messages = (x[bonds.source] + self.kinds[bonds.kinds]).relu()
        held = (1 + self.epsilon) * x + bonds.incoming() @ messages
        out: Tensor = self.second(self.first(held).relu())
        return out


class GINEParams(GraphClassifierParams):
    """Settings of the network."""

    depth: int = Field(3, ge=1, le=64, description="Layers")
    hidden: int = Field(64, ge=1, le=4096, description="Width of the layers")
    learning_rate: float = Field(1e-3, gt=0, le=1, description="Adam's step size")


class Entry(BondClassifier):
    """Layers of GIN-E with ReLU between them."""

    Params = GINEParams
    family = "molecular"

    def build(self, features: int) -> list[int]:
        """The layers; the states are the features and what follows every layer."""
        sizes = [features, *[self.params.hidden] * self.params.depth]
        self.layers = nn.ModuleList(
            Layer(inputs, outputs, self.edge_kinds) for inputs, outputs in pairwise(sizes)
        )
        return sizes

    def states(self, blocks: Blocks, rng: torch.Generator | None = None) -> list[Tensor]:
        """Node features before the first and after every layer."""
        assert isinstance(blocks, Bonds)
        found = [blocks.x]
        for place, layer in enumerate(self.layers):
            held = found[-1] if place == 0 else dropout(found[-1], self.params.dropout, rng)
            h: Tensor = layer(held, blocks)
            if self.params.batch_norm:
                h = self.norms[place](h)
            found.append(h.relu())
        return found
