"""The directed message-passing network for molecules (Yang et al. 2019)."""

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from triptych.graphs.blocks import Blocks
from triptych.graphs.bond_classification import BondClassifier
from triptych.graphs.bonds import Bonds
from triptych.graphs.dropout import dropout
from triptych.graphs.graph_classification import GraphClassifierParams
from triptych.graphs.sparse import multiply


class DMPNNParams(GraphClassifierParams):
    """``depth`` counts the rounds of messages."""

    depth: int = Field(
        3, ge=0, le=64, description="Rounds of messages; 0: no atom hears of any other"
    )
    hidden: int = Field(64, ge=1, le=4096, description="Width of messages and atoms")
    learning_rate: float = Field(1e-3, gt=0, le=1, description="Adam's step size")


class Entry(BondClassifier):
    r"""Messages live on directed bonds and never turn back.

    K. Yang et al., "Analyzing Learned Molecular Representations for Property Prediction" (2019,
    doi:10.1021/acs.jcim.9b00237). For a bond from v to w, with atom features x, the one-hot kind
    :math:`e_{vw}` and T rounds,

    .. math::
        h^1_{vw} = \tau(W_i [x_v, e_{vw}]), \qquad
        h^{t+1}_{vw} = \tau\Big(h^1_{vw} + W_m \sum_{k \in N(v) \setminus w} h^t_{kv}\Big),

    then :math:`h_v = \tau(W_a [x_v, \sum_{k \in N(v)} h^T_{kv}])` with :math:`\tau` the ReLU. The
    first round carries the neighbours themselves, each further one reaches a bond further. With
    T = 0 there are no messages and :math:`h_v = \tau(W_a [x_v, 0])`.
    """

    Params = DMPNNParams
    family = "molecular"

    def build(self, features: int) -> list[int]:
        """W_i, W_m and W_a; the states are the features and the atoms."""
        width = self.params.hidden
        self.first = nn.Linear(features + self.edge_kinds, width, bias=False)
        self.message = nn.Linear(width, width, bias=False)
        self.atom = nn.Linear(features + width, width)
        return [features, width]

    def states(self, blocks: Blocks, rng: torch.Generator | None = None) -> list[Tensor]:
        """Features and atoms: [nodes, F], [nodes, hidden]."""
        assert isinstance(blocks, Bonds)
        incoming, x = blocks.incoming(), blocks.x
        summed = x.new_zeros(len(x), self.params.hidden)
        if self.params.depth:
            summed = incoming @ self.directed(blocks, rng)[-1]
        h: Tensor = self.atom(torch.cat([x, summed], dim=1))
        if self.params.batch_norm:
            h = self.norms[0](h)
        return [x, h.relu()]

    def directed(self, bonds: Bonds, rng: torch.Generator | None = None) -> list[Tensor]:
        """The messages h¹ … h^T on directed bonds: [E, hidden] each."""
        incoming = bonds.incoming()
        kinds = functional.one_hot(bonds.kinds, self.edge_kinds).to(bonds.x.dtype)
        start: Tensor = self.first(torch.cat([bonds.x[bonds.source], kinds], dim=1))
        found, rate = [start.relu()], self.params.dropout
        for _ in range(self.params.depth - 1):
            h = found[-1]
            around = dropout((incoming @ h)[bonds.source] - h[bonds.reverse], rate, rng)
            found.append((found[0] + multiply(around, self.message.weight.T)).relu())
        return found
