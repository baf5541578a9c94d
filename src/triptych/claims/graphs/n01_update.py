"""N01: the node-wise update and its matrix form are one computation."""

from typing import TYPE_CHECKING

from triptych.claims.base import Check, Identity

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from triptych.graphs.layer import GraphLayer

OPERATORS = ("mean", "symmetric", "separate")


def check() -> list[Check]:
    """Three computations of every operator, on two kinds of graph, in both precisions.

    In double precision the tolerance is the claim's own. In single precision it is the rounding
    bound of the two sums: γ_k |Â| |X| |W| for each, with k roundings on the way to an entry.
    A nonlinearity changes nothing: ReLU and tanh bring no two numbers further apart.
    """
    import torch

    from triptych.graphs.operators import layer_class

    return [
        _compare(f"{name} update", layer_class(name), kind, graphs, dtype)
        for name in OPERATORS
        for kind, graphs in (("karate club", _karate()), ("random graphs", _random_graphs()))
        for dtype in (torch.float64, torch.float32)
    ]


def _compare(
    what: str,
    layer: "type[GraphLayer]",
    kind: str,
    graphs: "list[tuple[Tensor, Tensor]]",
    dtype: "torch.dtype",
) -> Check:
    import torch

    from triptych.seeding import derive_seed

    worst, bound = 0.0, 0.0
    for number, (x64, edges) in enumerate(graphs):
        x = x64.to(dtype)
        rng = torch.Generator().manual_seed(derive_seed("N01", kind, number))
        operator = layer(x.shape[1], 4).to(dtype)
        operator.reset_parameters(rng)
        with torch.no_grad():
            matrix = operator(x, layer.prepare(edges, len(x), dtype))
            forms = (operator.node_wise(x, edges), operator.library(x, edges))
            worst = max(worst, *(float((form - matrix).abs().max()) for form in forms))
            bound = max(bound, _rounding(operator, x, edges))
    tolerance = 1e-6 if dtype == torch.float64 else bound
    return Check(
        dataset=kind,
        discrepancy=worst,
        tolerance=tolerance,
        unit="1",
        comparison=f"{what}, {str(dtype).removeprefix('torch.')}: node-wise and library form "
        "against the matrix form",
        n=len(graphs),
    )


def _rounding(operator: "GraphLayer", x: "Tensor", edges: "Tensor") -> float:
    """2 γ_k max |Â| |X| |W|: both computations may err, each in its own direction.

    On the way to an entry lie F products and sums, one more of each per neighbour, and fewer than
    eight roundings of the normalisation.
    """
    import copy

    import torch

    positive = copy.deepcopy(operator)
    for weight in positive.parameters():
        weight.data = weight.abs()
    size = positive(x.abs(), operator.prepare(edges, len(x), x.dtype)).max()
    degree = int(torch.bincount(edges[1], minlength=1).max()) if edges.numel() else 0
    roundings = 2 * (x.shape[1] + degree + 1) + 8
    return float(2 * roundings * torch.finfo(x.dtype).eps / 2 * size)


def _karate() -> "list[tuple[Tensor, Tensor]]":
    """The club, its edge weights ignored, with random features."""
    import networkx as nx
    import torch

    from triptych.seeding import derive_seed

    pairs = torch.tensor(list(nx.karate_club_graph().edges())).T
    rng = torch.Generator().manual_seed(derive_seed("N01", "karate"))
    x = torch.randn(34, 7, generator=rng, dtype=torch.float64)
    return [(x, torch.cat([pairs, pairs.flip(0)], dim=1))]


def _random_graphs() -> "list[tuple[Tensor, Tensor]]":
    """From no edges to dense; the last three nodes of each stay isolated."""
    import torch

    from triptych.seeding import derive_seed

    graphs = []
    for nodes, density in ((4, 0.0), (9, 0.3), (20, 0.1), (30, 0.5)):
        rng = torch.Generator().manual_seed(derive_seed("N01", "graph", nodes))
        upper = torch.rand(nodes, nodes, generator=rng).triu(1) > 1 - density
        upper[:, -3:] = False
        pairs = upper.nonzero().T
        x = torch.randn(nodes, 7, generator=rng, dtype=torch.float64)
        graphs.append((x, torch.cat([pairs, pairs.flip(0)], dim=1)))
    return graphs


CLAIMS = [
    Identity(
        id="N01",
        panel="graphs",
        deck="A",
        statement="The node-wise mean update equals H' = σ(Â H W) with Â = (D + I)⁻¹ (A + I).",
        experiment="Node-wise loop, sparse matrix product and library layer compared on the karate "
        "club and on random graphs with isolated nodes; the symmetric form and the one with a "
        "separate self weight beside it.",
        check=check,
    )
]
