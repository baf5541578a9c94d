"""How evenly attention is spread."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def relative_entropy(weights: Floats, target: Ints, nodes: int) -> Floats:
    r"""Entropy of each node's weights in units of the largest possible.

    .. math:: -\frac{1}{\log n_i} \sum_j \alpha_{ij} \log \alpha_{ij}

    with :math:`n_i` the number of weights of node i: 1 where all are alike, 0 where one has all.

    Args:
        weights: [M, K], those of one target and one head sum to 1.
        target: [M].
        nodes: N.

    Returns:
        [N', K]: of the nodes with at least two weights, in their order.

    Example:
        >>> relative_entropy(np.array([[0.5], [0.5], [1.0]]), np.array([0, 0, 1]), 2).tolist()
        [[1.0]]
    """
    logs = np.log(np.where(weights > 0, weights, 1.0))
    total = np.zeros((nodes, weights.shape[1]))
    np.add.at(total, target, -weights * logs)
    count = np.bincount(target, minlength=nodes)
    several = count > 1
    return np.asarray(total[several] / np.log(count[several])[:, None])
