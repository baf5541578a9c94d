"""Numbers that describe a graph with labels, and how well an embedding separates them."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def edge_homophily(edge_index: Ints, labels: Ints) -> float:
    """Share of edges that join two nodes of one class.

    Args:
        edge_index: [2, E], every edge in both directions or every one in one.
        labels: [N]; edges at a node without a label (-1) are left out.

    Returns:
        A fraction; nan where no edge has two labelled ends.

    Example:
        >>> edge_homophily(np.array([[0, 1], [1, 2]]), np.array([0, 0, 1]))
        0.5
    """
    first, second = ends(edge_index, labels)
    return float((first == second).mean()) if len(first) else float("nan")


def chance_homophily(edge_index: Ints, labels: Ints) -> float:
    r"""What :func:`edge_homophily` would be if the ends of edges were paired at random.

    .. math:: \sum_k a_k^2, \qquad a_k \text{ the share of ends in class } k,

    which keeps the classes' sizes and degrees: Newman, "Mixing patterns in networks" (Physical
    Review E 67, 2003, https://arxiv.org/abs/cond-mat/0209450).

    Args:
        edge_index: As there.
        labels: As there.

    Returns:
        A fraction; nan where no edge has two labelled ends.

    Example:
        >>> chance_homophily(np.array([[0, 1], [1, 2]]), np.array([0, 0, 1]))
        0.625
    """
    both = ends(edge_index, labels).ravel()
    if not len(both):
        return float("nan")
    share = np.bincount(both) / len(both)
    return float(share @ share)


def ends(edge_index: Ints, labels: Ints) -> Ints:
    """The classes at both ends of the edges whose ends have a label: [2, edges]."""
    classes = labels[edge_index]
    return classes[:, (classes >= 0).all(axis=0)]


def leave_one_out_discriminant(points: Floats, labels: Ints) -> NDArray[np.bool_]:
    """Whether a linear discriminant fitted to all other points classifies each point rightly.

    Fisher's discriminant with one covariance, the classes given equal weight and equal prior:
    x belongs to the class k that maximises x·Σ⁺μ_k - ½ μ_k·Σ⁺μ_k, where Σ is the mean of the
    classes' covariances and Σ⁺ its pseudo-inverse. Equal priors matter here: with the shares of the
    remaining points as priors, points that coincide would all be classified wrongly, each by the
    majority of the others.

    Args:
        points: [..., N, D]; leading axes are separate embeddings of the same N points.
        labels: [N], classes 0 to K - 1, each at least twice.

    Returns:
        [..., N].

    Raises:
        ValueError: A class has fewer than two points.
    """
    counts = np.bincount(labels)
    if counts.min() < 2:
        raise ValueError(f"expected at least two points of each class, found {counts.tolist()}")
    member = np.eye(len(counts))[labels]  # [N, K]
    means = np.einsum("nk,...nd->...kd", member / counts, points)
    centred = points - means[..., labels, :]
    scatter = np.einsum("nk,...nd,...ne->...kde", member, centred, centred)
    covariance = (scatter / counts[:, None, None]).mean(axis=-3)  # [..., D, D]

    # Without point i, of class c with m points, the mean of c moves by -(x_i - μ_c) / (m - 1) and
    # its scatter loses m / (m - 1) (x_i - μ_c)(x_i - μ_c)ᵀ: one rank, no refit.
    m = counts[labels].astype(np.float64)
    own = np.take(scatter, labels, axis=-3)  # [..., N, D, D]
    outer = centred[..., :, None] * centred[..., None, :]
    less = (own - (m / (m - 1))[:, None, None] * outer) / (m - 1)[:, None, None]
    change = (less - own / m[:, None, None]) / len(counts)
    inverse = np.linalg.pinv(covariance[..., None, :, :] + change, rcond=1e-10, hermitian=True)
    moved = means[..., None, :, :] - (
        member[:, :, None] * (centred / (m - 1)[:, None])[..., :, None, :]
    )  # [..., N, K, D]
    directions = np.einsum("...nde,...nke->...nkd", inverse, moved)
    scores = np.einsum("...nd,...nkd->...nk", points, directions)
    scores -= 0.5 * np.einsum("...nkd,...nkd->...nk", moved, directions)
    return np.asarray(scores.argmax(axis=-1) == labels)
