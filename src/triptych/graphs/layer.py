"""What every operator on graphs offers: three forms of one computation."""

import torch
from torch import Tensor, nn

from triptych.graphs.sparse import Features, Sparse, multiply

Graph = tuple[Sparse, ...]


class GraphLayer(nn.Module):
    """One operator, from node features [N, F] to node features [N, H], without nonlinearity.

    The three forms share weights and nothing else, so that each checks the others.

    Attributes:
        inputs: F.
        outputs: H.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.inputs, self.outputs = inputs, outputs

    @staticmethod
    def prepare(edge_index: Tensor, nodes: int, dtype: torch.dtype = torch.float32) -> Graph:
        """The matrices that :meth:`forward` multiplies by, computed once per graph.

        Args:
            edge_index: int64 [2, M], row 0 source, row 1 target; loops and duplicates are ignored.
            nodes: N.
            dtype: Type of the entries.
        """
        raise NotImplementedError

    def forward(self, x: Features, graph: Graph) -> Tensor:
        """The matrix form: X [N, F] and the prepared graph to [N, H]."""
        raise NotImplementedError

    def node_wise(self, x: Tensor, edge_index: Tensor) -> Tensor:
        """The form of the decks, a loop over nodes and neighbours; slow, for checking."""
        raise NotImplementedError

    def library(self, x: Tensor, edge_index: Tensor) -> Tensor:
        """The same through PyTorch Geometric's own layer, given these weights; for checking."""
        raise NotImplementedError

    def reset_parameters(self, rng: torch.Generator | None = None) -> None:
        """Draw every weight anew: Glorot and Bengio (2010), uniform.

        Args:
            rng: Source of the draws; None is torch's global one.
        """
        for weight in self.parameters():
            nn.init.xavier_uniform_(weight, generator=rng)

    def extra_repr(self) -> str:
        """Sizes."""
        return f"{self.inputs}, {self.outputs}"


class MatrixLayer(GraphLayer):
    """An operator of the form Â X W, Â given by :meth:`prepare`, W [F, H], no bias.

    With F > H, as in a classifier, X W first keeps the sparse product narrow: O(E H).
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs)
        self.weight = nn.Parameter(torch.empty(inputs, outputs))
        self.reset_parameters()

    def forward(self, x: Features, graph: Graph) -> Tensor:
        """Â (X W)."""
        (matrix,) = graph
        return matrix @ multiply(x, self.weight)
