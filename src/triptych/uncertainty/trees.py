"""Decision trees as plain arrays: read from scikit-learn, stored as tensors, walked by NumPy."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from triptych.files import Array

LEAF = -1  # scikit-learn's mark of a node without children


class Trees(nn.Module):
    """Binary trees, all nodes in one row of arrays; children are counted from the tree's root.

    A node sends an example left where its feature, in single precision, is at most the threshold,
    in double precision: so does scikit-learn. The state has as many entries as the trees have
    nodes, which only the fit or a file knows; loading takes whatever sizes it finds.

    Attributes:
        roots: int64 [T]: position of every tree's root.
        feature: int64 [nodes]; ``LEAF`` in leaves.
        left, right: int64 [nodes].
        weight: float64 [nodes]: training examples that reached it, counted as often as drawn.
        threshold: float64 [nodes].
        value: float64 [nodes, V]: what a leaf predicts.
    """

    roots: Tensor
    feature: Tensor
    left: Tensor
    right: Tensor
    weight: Tensor
    threshold: nn.Parameter
    value: nn.Parameter

    def __init__(self, values: int) -> None:
        """Hold one leaf that predicts zeros.

        Args:
            values: V, numbers per leaf.
        """
        super().__init__()
        for name in ("roots", "left", "right"):
            self.register_buffer(name, torch.zeros(1, dtype=torch.int64))
        self.register_buffer("feature", torch.full((1,), LEAF))
        self.register_buffer("weight", torch.zeros(1, dtype=torch.float64))
        # Parameters, so that they are counted as such; no gradient ever reaches them.
        self.threshold = _constant(torch.zeros(1, dtype=torch.float64))
        self.value = _constant(torch.zeros(1, values, dtype=torch.float64))

    def grow(self, trees: Iterable[Any]) -> None:
        """Take the nodes of fitted scikit-learn trees (their ``tree_``)."""
        found = [_nodes(tree) for tree in trees]
        sizes = [len(nodes["feature"]) for nodes in found]
        starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
        self._set("roots", starts.astype(np.int64))
        for name in found[0]:
            self._set(name, np.concatenate([nodes[name] for nodes in found]))

    def leaves(self, x: Array) -> NDArray[np.int64]:
        """The leaf that every example reaches in every tree.

        Args:
            x: [N, features]; compared in single precision.

        Returns:
            [T, N], positions in the arrays of nodes.
        """
        feature, left, right, threshold, roots = (
            self.array(name) for name in ("feature", "left", "right", "threshold", "roots")
        )
        n, width = x.shape
        values = np.ascontiguousarray(x, dtype=np.float32).ravel()
        owner = np.repeat(roots, np.diff([*roots, len(feature)]))  # of every node: its tree's root
        child = np.stack([owner + right, owner + left], axis=1).ravel()
        at = np.repeat(roots, n)
        row = np.tile(np.arange(n) * width, len(roots))
        inner = np.flatnonzero(feature.take(at) != LEAF)
        while inner.size:
            node = at.take(inner)
            goes_left = values.take(row.take(inner) + feature.take(node)) <= threshold.take(node)
            after = child.take(2 * node + goes_left)
            at[inner] = after
            inner = inner[feature.take(after) != LEAF]
        return np.asarray(at.reshape(len(roots), n), dtype=np.int64)

    def array(self, name: str) -> Array:
        """One of the arrays, for NumPy."""
        tensor: Tensor = getattr(self, name)
        return np.asarray(tensor.detach().cpu().numpy())

    def depth(self) -> float:
        """Comparisons per tree that a training example meets, on average over trees."""
        roots, weight = self.array("roots"), self.array("weight")
        visits = np.add.reduceat(weight * (self.array("feature") != LEAF), roots)
        return float((visits / weight[roots]).mean())

    def visits(self) -> float:
        """Examples looked at while growing, summed over all inner nodes."""
        return float((self.array("weight") * (self.array("feature") != LEAF)).sum())

    def _set(self, name: str, array: Array) -> None:
        tensor = torch.from_numpy(np.ascontiguousarray(array))
        setattr(self, name, _constant(tensor) if name in ("threshold", "value") else tensor)

    def _load_from_state_dict(
        self, state_dict: Mapping[str, Tensor], prefix: str, *args: Any, **kwargs: Any
    ) -> None:
        for name in ("roots", "feature", "left", "right", "weight", "threshold", "value"):
            if prefix + name in state_dict:
                self._set(name, torch.empty_like(state_dict[prefix + name]).numpy())
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)


def _constant(tensor: Tensor) -> nn.Parameter:
    return nn.Parameter(tensor, requires_grad=False)


def _nodes(tree: Any) -> dict[str, Array]:
    leaf = tree.children_left == LEAF
    return {
        "feature": np.where(leaf, LEAF, tree.feature).astype(np.int64),
        "left": tree.children_left.astype(np.int64),
        "right": tree.children_right.astype(np.int64),
        "weight": tree.weighted_n_node_samples.astype(np.float64),
        "threshold": np.asarray(tree.threshold, dtype=np.float64),
        "value": np.asarray(tree.value[:, 0, :], dtype=np.float64),
    }
