"""Small graphs as padded dense matrices, where all pairs of nodes count."""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from triptych.files import Array


def adjacencies(arrays: Mapping[str, Array]) -> list[Array]:
    """The adjacency matrix [n, n] of every graph of a part of kind ``graphs``."""
    sizes = np.bincount(arrays["graph"], minlength=len(arrays["y"]))
    starts = np.cumsum(sizes) - sizes
    found = [np.zeros((size, size)) for size in sizes]
    source, target = arrays["edge_index"]
    owner = arrays["graph"][source]
    for graph, i, j in zip(owner, source - starts[owner], target - starts[owner], strict=True):
        found[graph][i, j] = 1
    return found


def padded(arrays: Mapping[str, Array]) -> dict[str, Tensor]:
    """A part as tensors that share their first axis; nodes beyond a graph's own are zeros.

    Returns:
        ``x`` [graphs, n, F], ``adjacency`` [graphs, n, n], ``mask`` [graphs, n] (1: a node), float.
    """
    found = adjacencies(arrays)
    most = max(len(each) for each in found)
    features = arrays["x"].shape[1]
    x = torch.zeros(len(found), most, features)
    adjacency, mask = torch.zeros(len(found), most, most), torch.zeros(len(found), most)
    first = 0
    for number, each in enumerate(found):
        n = len(each)
        x[number, :n] = torch.from_numpy(arrays["x"][first : first + n])
        adjacency[number, :n, :n] = torch.from_numpy(each)
        mask[number, :n] = 1
        first += n
    return {"x": x, "adjacency": adjacency, "mask": mask}


def normalised(adjacency: Tensor, mask: Tensor) -> Tensor:
    """(D + I)^-1/2 (A + I) (D + I)^-1/2 of every graph, padding left 0: [..., n, n]."""
    looped = adjacency + torch.diag_embed(mask)
    root = looped.sum(dim=-1).clamp(min=1).rsqrt()
    return root[..., :, None] * looped * root[..., None, :]
