"""Node classification on graphs that training never saw."""

import numpy as np
import torch

from triptych.data.parts import Part
from triptych.files import Array
from triptych.graphs.base import Measured, Number, Parts
from triptych.graphs.nodes import NodeClassifier, scores
from triptych.model import Batch, Meta


class InductiveClassifier(NodeClassifier):
    """Training, validation and test nodes make three graphs without a node or an edge in common.

    Each is the subgraph that its nodes induce; edges between parts belong to none. What is learnt
    are the weights of the layers, which do not know how many nodes there are.
    """

    task = "inductive node classification"

    @classmethod
    def tensors(cls, train: Part, validation: Part) -> tuple[Batch, Batch]:
        """The graph of the training nodes, and that of the validation nodes; all are labelled."""
        return alone(train, train), alone(train, validation)

    @torch.no_grad()
    def measure(self, parts: Parts, stream: tuple[object, ...]) -> Measured:
        """Scores on the two unseen graphs, and on the test nodes with all edges back in place."""
        train = parts["train"]
        protocol = self.protocol(train.meta)
        n_train = len(train.arrays["y"])
        numbers = [Number("train", "n_train", n_train, "examples", n_train, protocol)]
        arrays = {}
        for split in ("validation", "test"):
            graph = alone(train, parts[split])
            logits = self.output(graph).numpy()
            numbers += scores(logits, graph["y"].numpy(), split, protocol)
            arrays[f"{split}_logits"] = logits
        numbers += self._references(parts, protocol)
        return Measured(numbers, arrays)

    def _references(self, parts: Parts, protocol: str) -> list[Number]:
        """What the most frequent training class would get, and the score on the whole graph."""
        test = parts["test"].arrays
        common = np.bincount(parts["train"].arrays["y"]).argmax()
        chance = float((test["y"] == common).mean())
        whole, _ = super().tensors(parts["train"], parts["validation"])
        logits = self.output(whole).numpy()[test["index"]]
        found = scores(
            logits, test["y"], "test", f"{protocol}; at the test all edges", "/all_edges"
        )
        majority = Number(
            "test", "majority_accuracy", chance, "fraction", len(test["y"]),
            "share of the test nodes that are of the most frequent training class",
        )  # fmt: skip
        return [found[0], majority]

    def setting(self, meta: Meta) -> list[str]:
        """What is seen of the graph and of the labels."""
        return [
            "inductive: three graphs, induced by training, validation and test nodes; training "
            "sees the first alone, with all its labels",
            f"split: {meta['split_rule']}",
            *map(str, meta["notes"]),
        ]


def alone(graph: Part, part: Part) -> dict[str, torch.Tensor]:
    """The subgraph that the nodes of a part induce.

    Args:
        graph: The training part, which brings ``x`` and ``edge_index`` along.
        part: Any part, with ``index`` and ``y``.

    Returns:
        ``x`` [n, F], ``edge_index`` int64 [2, E'] in the new numbers, ``index`` (0 … n - 1), ``y``.
    """
    index: Array = part.arrays["index"]
    place = np.full(len(graph.arrays["x"]), -1, dtype=np.int64)
    place[index] = np.arange(len(index))
    edges = place[graph.arrays["edge_index"]]
    kept = edges[:, (edges >= 0).all(axis=0)]
    return {
        "x": torch.from_numpy(graph.arrays["x"][index]),
        "edge_index": torch.from_numpy(np.ascontiguousarray(kept)),
        "index": torch.arange(len(index)),
        "y": torch.from_numpy(part.arrays["y"]),
    }
