"""The neighbourhood of a graph network's output: nothing is learnt, nodes are counted."""

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from triptych.data.parts import Part
from triptych.files import Array
from triptych.graphs.base import GraphModel, Measured, Number, Parts
from triptych.graphs.hops import neighbourhoods, trees
from triptych.model import Batch
from triptych.params import ModelParams, at_evaluation


class NeighbourhoodParams(ModelParams):
    """What is counted."""

    hops: int = at_evaluation(5, ge=1, le=16, description="Layers, at most")


class Entry(GraphModel):
    r"""With L layers and all neighbours, the output at v reads every node within L hops of v.

    Counted are the distinct nodes of that neighbourhood, and the leaves of the computation tree,
    :math:`((A + I)^L 1)_v`, in which a node that is reached along two ways counts twice; v is its
    own neighbour, as in the operators. Beside them stands :math:`K^L`, K being the mean number of
    neighbours. The mean of the trees is never below it, since :math:`1^T M^L 1 / N \ge
    (1^T M 1 / N)^L` for symmetric non-negative M (Blakley and Roy, 1965).
    """

    Params = NeighbourhoodParams
    family = "untrained"
    task = "neighbourhood"
    full_batch = True

    @classmethod
    def tensors(cls, train: Part, validation: Part) -> tuple[Batch, Batch]:
        """Nothing is learnt from data."""
        return {}, {}

    def fit_closed_form(self, train: Batch, rng: torch.Generator) -> bool:
        """Untrained is the finished state."""
        return True

    def respond(self, x: Tensor, edge_index: Tensor) -> Tensor:
        """Sizes of the neighbourhoods: [N, hops]."""
        return torch.from_numpy(neighbourhoods(edge_index.numpy(), len(x), self.params.hops))

    def measure(self, parts: Parts, stream: tuple[object, ...]) -> Measured:
        """Mean over nodes, and at the node with most neighbours, for every number of hops."""
        arrays = parts["train"].arrays
        nodes, hops = len(arrays["x"]), self.params.hops
        near, tree = _counted(arrays["edge_index"].tobytes(), nodes, hops)
        hub = int(np.argmax(near[:, 0]))
        k = float(near[:, 0].mean())
        protocol = (
            "a node is its own neighbour; all nodes, no split; hub: the node with most neighbours; "
            f"K = {k:.4g} neighbours on average"
        )
        numbers = [
            Number("train", "n_train", 0, "examples", 0, protocol),
            Number("all", "graph_size/nodes", nodes, "nodes", nodes, protocol),
        ]
        for hop in range(1, hops + 1):
            for name, value, n in (
                ("neighbours", near[:, hop - 1].mean(), nodes),
                ("neighbours_hub", near[hub, hop - 1], 1),
                ("tree", tree[:, hop - 1].mean(), nodes),
                ("tree_hub", tree[hub, hop - 1], 1),
                ("k_power", k**hop, nodes),
            ):
                numbers.append(
                    Number("all", f"{name}/hops={hop}", float(value), "nodes", n, protocol)
                )
        return Measured(numbers)


@lru_cache(maxsize=1)  # seeds of one job share the graph
def _counted(edges: bytes, nodes: int, hops: int) -> tuple[Array, Array]:
    """Neighbourhoods and trees of a graph, given by the bytes of its int64 edges."""
    edge_index = np.frombuffer(edges, dtype=np.int64).reshape(2, -1)
    return neighbourhoods(edge_index, nodes, hops), trees(edge_index, nodes, hops)
