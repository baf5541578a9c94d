"""N13: renumbering the nodes renumbers the outputs, and the weights do not count the nodes."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from triptych.claims.base import Check, Identity

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from triptych.graphs.base import GraphModel
    from triptych.graphs.layer import GraphLayer

NODES, FEATURES, CLASSES = 23, 5, 3
PERMUTATIONS = 5
TOLERANCE = 1e-5  # the claim's own, in single precision


def check() -> list[Check]:
    """Every operator and every model of the panel, found by file."""
    from triptych import registry
    from triptych.graphs.base import GraphModel
    from triptych.graphs.operators import layer_class, names

    checks = []
    for name in names():
        layer = layer_class(name)(FEATURES, 4)

        def respond(x: "Tensor", edges: "Tensor", layer: "GraphLayer" = layer) -> "Tensor":
            result: Tensor = layer(x, layer.prepare(edges, len(x)))
            return result

        checks.append(_symmetry(f"operator {name}", respond, "equivariant"))
    for name in registry.model_names("graphs"):
        model = _model(name, NODES)
        if type(model).respond is GraphModel.respond:  # it reads no graph, or draws for itself
            continue
        checks.append(_symmetry(f"model {name}", model.respond, model.symmetry))
        checks.append(_weights(name))
    return checks


def _symmetry(what: str, respond: "Callable[[Tensor, Tensor], Tensor]", symmetry: str) -> Check:
    """The largest difference between f(P X, P A Pᵀ) and P f(X, A), or f(X, A) itself."""
    import torch

    rng = torch.Generator().manual_seed(13)
    x, edges = _graph(rng)
    worst = 0.0
    with torch.no_grad():
        before = respond(x, edges)
        for _ in range(PERMUTATIONS):
            order = torch.randperm(NODES, generator=rng)  # new node k is the old node order[k]
            place = order.argsort()
            after = respond(x[order], place[edges])
            expected = before[order] if symmetry == "equivariant" else before
            worst = max(worst, float((after - expected).abs().max()))
    words = "P f(X, A)" if symmetry == "equivariant" else "f(X, A)"
    return Check(
        dataset=f"random graph, {NODES} nodes",
        discrepancy=worst,
        tolerance=TOLERANCE,
        unit="1",
        comparison=f"{what}: f(P X, P A Pᵀ) against {words}",
        n=PERMUTATIONS,
    )


def _weights(name: str) -> Check:
    """Weight sharing: a graph of ten times the nodes needs no more weights."""
    counts = [
        sum(p.numel() for p in _model(name, nodes).parameters()) for nodes in (NODES, 10 * NODES)
    ]
    return Check(
        dataset=f"graphs of {NODES} and {10 * NODES} nodes",
        discrepancy=abs(counts[1] - counts[0]),
        tolerance=0.0,
        unit="weights",
        comparison=f"model {name}: number of weights",
        n=2,
    )


def _model(name: str, nodes: int) -> "GraphModel":
    from typing import cast

    import torch

    from triptych import registry

    torch.manual_seed(13)
    kind = registry.model_class("graphs", name)
    meta = {
        "n": nodes, "n_features": FEATURES, "n_classes": CLASSES, "kind": "graph",
        "task": "classification",
    }  # fmt: skip
    return cast("GraphModel", kind(kind.Params(model=name), meta).eval())


def _graph(rng: "torch.Generator") -> "tuple[Tensor, Tensor]":
    """Features and edges; the last two nodes are isolated."""
    import torch

    upper = torch.rand(NODES, NODES, generator=rng).triu(1) > 0.8
    upper[:, -2:] = False
    pairs = upper.nonzero().T
    x = torch.randn(NODES, FEATURES, generator=rng)
    return x, torch.cat([pairs, pairs.flip(0)], dim=1)


CLAIMS = [
    Identity(
        id="N13",
        panel="graphs",
        deck="B",
        statement="Graph networks are invariant to permutations and share weights over locations.",
        experiment="Nodes are renumbered at random before every operator and every model: outputs "
        "must be renumbered alike (or stay, for whole graphs); the number of weights is counted "
        "for a small and a large graph.",
        check=check,
    )
]
