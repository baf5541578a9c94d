"""The contextual stochastic block model: a dial from heterophily over features to homophily.

Deshpande, Sen, Montanari and Mossel (2018); the dial φ is that of Chien, Peng, Li and Milenkovic
(2021). With N nodes of label v_i = ±1, half each, F features, average degree d and γ = N / F:

    λ = √(1 + ε) sin(φ π / 2)        μ = √(γ (1 + ε)) cos(φ π / 2)
    P(i ~ j) = (d + v_i v_j λ √d) / N
    x_i = √(μ / N) v_i u + z_i / √F,     u ~ N(0, I / F),  z_i ~ N(0, I)

As N grows, labels can be recovered better than by chance if and only if λ² + μ² / γ > 1. On the
dial the left side is 1 + ε for every φ: the information is constant, only its place moves.
"""

import math
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from triptych.data.edges import undirected
from triptych.data.prepared import Prepared, describe
from triptych.errors import UserError
from triptych.seeding import numpy_generator

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Parameters:
    """The model's numbers; see the equations above."""

    nodes: int
    features: int
    degree: float
    phi: float
    epsilon: float

    def __post_init__(self) -> None:
        """Refuse numbers for which the model does not exist."""
        if self.nodes < 2 or self.features < 1 or not -1 <= self.phi <= 1 or self.epsilon <= -1:
            raise UserError(
                "csbm: expected nodes >= 2, features >= 1, phi in [-1, 1], epsilon > -1, "
                f"found {self}"
            )
        if not 0 <= self.p_across <= 1 or not 0 <= self.p_within <= 1:
            raise UserError(
                f"csbm: expected edge probabilities in [0, 1], found {self.p_within:.4g} within "
                f"and {self.p_across:.4g} across; lower epsilon or raise degree (√degree >= |λ|)"
            )

    @property
    def gamma(self) -> float:
        """γ, nodes per feature."""
        return self.nodes / self.features

    @property
    def edge_signal(self) -> float:
        """λ, positive for homophily."""
        return math.sqrt(1 + self.epsilon) * math.sin(self.phi * math.pi / 2)

    @property
    def feature_signal(self) -> float:
        """μ, zero at |φ| = 1."""
        # cos(π/2) is 6e-17 in floating point; the model means 0.
        cosine = 0.0 if abs(self.phi) == 1 else math.cos(self.phi * math.pi / 2)
        return math.sqrt(self.gamma * (1 + self.epsilon)) * cosine

    @property
    def p_within(self) -> float:
        """Probability of an edge between two nodes of one class."""
        return (self.degree + self.edge_signal * math.sqrt(self.degree)) / self.nodes

    @property
    def p_across(self) -> float:
        """Probability of an edge between nodes of different classes."""
        return (self.degree - self.edge_signal * math.sqrt(self.degree)) / self.nodes

    @property
    def homophily(self) -> float:
        """Expected share of edges within a class, for large N: (d + λ√d) / 2d."""
        return self.p_within / (self.p_within + self.p_across)

    @property
    def information(self) -> float:
        """λ² + μ² / γ."""
        return self.edge_signal**2 + self.feature_signal**2 / self.gamma

    @property
    def detectable(self) -> bool:
        """Whether any method can beat chance as N grows: information above 1."""
        return self.information > 1


def data_set(
    raw: Path | None,
    nodes: int,
    features: int,
    degree: float,
    phi: float,
    epsilon: float,
    seed: int,
) -> Prepared:
    """One graph of the model; the same arguments give the same graph."""
    parameters = Parameters(nodes, features, degree, phi, epsilon)
    arrays = generate(parameters, seed)
    meta = describe(
        "graph",
        nodes,
        task="classification",
        classes=["-1", "+1"],
        notes=["one graph per φ; a seed of the split draws other labels of the same graph"],
        n_features=features,
        n_edges=int(arrays["edge_index"].shape[1]),
        phi=phi,
        edge_signal=parameters.edge_signal,
        feature_signal=parameters.feature_signal,
        expected_homophily=parameters.homophily,
        information=parameters.information,
        detectable=parameters.detectable,
    )
    return Prepared(arrays, meta)


def generate(parameters: Parameters, seed: int) -> dict[str, NDArray[Any]]:
    """Draw ``x`` float32 [N, F], ``edge_index`` int64 [2, E] and ``y`` (0 or 1) int64 [N].

    Time and memory are O(N F + E): the number of edges of each kind is drawn first (binomial),
    then that many distinct pairs, which is the same distribution as a coin per pair.
    """
    job = ("csbm", *(float(value) for value in astuple(parameters)), seed)
    y = _labels(parameters.nodes, numpy_generator(*job, "labels"))
    sign = 2.0 * y - 1.0
    rng = numpy_generator(*job, "features")
    direction = rng.standard_normal(parameters.features) / math.sqrt(parameters.features)
    noise = rng.standard_normal((parameters.nodes, parameters.features))
    strength = math.sqrt(parameters.feature_signal / parameters.nodes)
    x = strength * sign[:, None] * direction + noise / math.sqrt(parameters.features)
    pairs = _pairs(parameters, y, numpy_generator(*job, "edges"))
    return {
        "x": x.astype(np.float32),
        "edge_index": undirected(pairs, parameters.nodes),
        "y": y,
    }


def _labels(nodes: int, rng: np.random.Generator) -> Ints:
    """Half of each class in random order; if N is odd, a coin gives the odd one."""
    extra = rng.integers(2) if nodes % 2 else 0
    y = np.zeros(nodes, dtype=np.int64)
    y[: nodes // 2 + extra] = 1
    return rng.permutation(y)


def _pairs(parameters: Parameters, y: Ints, rng: np.random.Generator) -> Ints:
    """Distinct pairs [2, M], each edge in one direction."""
    zeros, ones = np.flatnonzero(y == 0), np.flatnonzero(y == 1)
    blocks = []
    for members in (zeros, ones):
        total = len(members) * (len(members) - 1) // 2
        first, second = triangle(_choose(total, parameters.p_within, rng))
        blocks.append(np.stack([members[first], members[second]]))
    chosen = _choose(len(zeros) * len(ones), parameters.p_across, rng)
    blocks.append(np.stack([zeros[chosen // len(ones)], ones[chosen % len(ones)]]))
    return np.concatenate(blocks, axis=1)


def _choose(total: int, probability: float, rng: np.random.Generator) -> Ints:
    """Which of ``total`` independent coins come up."""
    count = rng.binomial(total, probability)
    return np.asarray(rng.choice(total, size=count, replace=False, shuffle=False), dtype=np.int64)


def triangle(index: Ints) -> tuple[Ints, Ints]:
    """Pairs (i, j), i > j, from their number i (i - 1) / 2 + j.

    Example:
        >>> triangle(np.arange(3))
        (array([1, 2, 2]), array([0, 0, 1]))
    """
    first = ((1 + np.sqrt(1 + 8 * index.astype(np.float64))) / 2).astype(np.int64)
    # The square root may be off by one unit in the last place; put i back where it belongs.
    first -= first * (first - 1) // 2 > index
    first += first * (first + 1) // 2 <= index
    return first, index - first * (first - 1) // 2
