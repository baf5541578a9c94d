"""How alike the embeddings of the nodes have become."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Average = Literal["mean", "symmetric"]


def dirichlet_energy(h: Floats, edges: Ints, average: Average) -> float:
    r"""Rayleigh quotient of :math:`I - \hat A` at H, for the :math:`\hat A` that made H.

    The Laplacian has to match the average, or the limit of many layers has no small energy:

    - mean, :math:`\hat A = (D + I)^{-1} (A + I)`, is symmetric in the inner product with weights
      :math:`d_i + 1`, and its limit is constant on each component:
      :math:`\tfrac12 \sum_{ij} \|h_i - h_j\|^2 / \sum_i (d_i + 1) \|h_i\|^2`;
    - symmetric, :math:`\hat A = (D + I)^{-1/2} (A + I) (D + I)^{-1/2}`, has the limit
      :math:`\sqrt{d_i + 1}` times a constant: with :math:`g_i = h_i / \sqrt{d_i + 1}`,
      :math:`\tfrac12 \sum_{ij} \|g_i - g_j\|^2 / \sum_i \|h_i\|^2`.

    The sums over ij run over directed edges, both directions.

    Args:
        h: [N, F].
        edges: [2, E], both directions, distinct, without loops.
        average: Which :math:`\hat A`.

    Returns:
        Between 0 and 2; 0 for H = 0.

    Example:
        >>> dirichlet_energy(np.array([[1.0], [-1.0]]), np.array([[0, 1], [1, 0]]), "mean")
        1.0
    """
    weight = np.bincount(edges[1], minlength=len(h)) + 1.0
    if average == "symmetric":
        h = h / np.sqrt(weight)[:, None]
    size = float((weight[:, None] * h**2).sum())
    change = float(((h[edges[0]] - h[edges[1]]) ** 2).sum()) / 2
    return change / size if size > 0 else 0.0


def mean_average_distance(h: Floats, edges: Ints) -> float:
    """Mean over nodes of the mean cosine distance to their neighbours: 1 − cos, 0 to 2.

    (Chen, Lin, Li, Li, Zhou and Sun 2020, "Measuring and Relieving the Over-Smoothing Problem for
    Graph Neural Networks from the Topological View", AAAI; over edges.) Zero vectors have no
    direction: pairs with one are left out, and where no pair is left the distance is 0.

    Args:
        h: [N, F].
        edges: [2, E].
    """
    norm = np.linalg.norm(h, axis=1)
    source, target = edges[:, (norm[edges] > 0).all(axis=0)]
    if not len(source):
        return 0.0
    unit = h / np.where(norm > 0, norm, 1.0)[:, None]
    distance = 1 - (unit[source] * unit[target]).sum(axis=1)
    count = np.bincount(target, minlength=len(h))
    total = np.bincount(target, weights=distance, minlength=len(h))
    return float((total[count > 0] / count[count > 0]).mean())


def effective_rank(h: Floats) -> float:
    """exp of the entropy of the singular values' shares (Roy and Vetterli 2007); 0 for H = 0.

    Example:
        >>> round(effective_rank(np.diag([2.0, 2.0, 0.0])), 12)
        2.0
    """
    values = np.linalg.svd(h, compute_uv=False)
    total = float(values.sum())
    if total == 0:
        return 0.0
    share = values[values > 0] / total
    return float(np.exp(-(share * np.log(share)).sum()))
