"""Networks on bonds against dense algebra, plain loops and the library, on molecules."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from triptych.data import smiles
from triptych.graphs.bond_classification import BondClassifier
from triptych.graphs.bonds import Bonds
from triptych.graphs.models import dmpnn, gine

DOUBLE = torch.float64
# A fused ring system with four kinds of bonds, a tree, an ion pair, and a lone atom.
TEXTS = ["CN1C=NC2=C1C(=O)N(C)C(=O)N2CC#N", "CC(C)(O)C=C", "[Na+].CC([O-])=O", "C"]
# Sums of at most 16 terms of order 1 through four layers: 1e-12 is thousands of roundings.
CLOSE = {"rtol": 0, "atol": 1e-12}
KINDS: list[tuple[type[BondClassifier], dict[str, Any]]] = [
    (dmpnn.Entry, {"depth": 3}),
    (dmpnn.Entry, {"depth": 0}),
    (dmpnn.Entry, {"depth": 2, "readout": "mean", "head": "layers"}),
    (gine.Entry, {"depth": 3}),
    (gine.Entry, {"depth": 2, "readout": "mean", "head": "layers"}),
    (gine.Entry, {"depth": 2, "batch_norm": True}),
    (dmpnn.Entry, {"depth": 2, "batch_norm": True}),
]


def data(texts: list[str]) -> dict[str, Tensor]:
    arrays = smiles.graphs(texts, "test")
    found = {k: torch.from_numpy(arrays[k]) for k in ("edge_index", "edge_label", "graph")}
    rng = torch.Generator().manual_seed(3)
    x = torch.from_numpy(arrays["x"]).to(DOUBLE)
    # No two atoms alike: a wrong order cannot hide behind a symmetry of the molecule.
    x = x + 0.3 * torch.randn(x.shape, generator=rng, dtype=DOUBLE)
    return found | {"x": x, "y": torch.zeros(len(texts), dtype=torch.int64)}


def made(kind: type[BondClassifier], **values: Any) -> Any:
    torch.manual_seed(1)
    meta = {
        "n_features": len(smiles.FEATURES), "n_edge_kinds": len(smiles.BONDS), "n_classes": 2,
        "kind": "molecules", "task": "classification",
    }  # fmt: skip
    model = kind(kind.Params(hidden=8, **values), meta).to(DOUBLE).eval()
    for name, buffer in model.named_buffers():  # batch norms that do something
        if name.endswith("running_mean"):
            buffer.normal_(generator=torch.Generator().manual_seed(2))
    return model


def respond(model: Any, held: dict[str, Tensor]) -> Tensor:
    with torch.no_grad():
        out: Tensor = model.logits(model.blocks(held))
    return out


@pytest.mark.parametrize(("kind", "values"), KINDS)
def test_the_order_of_atoms_and_bonds_changes_nothing(
    kind: type[BondClassifier], values: dict[str, Any]
) -> None:
    model, held = made(kind, **values), data(TEXTS[:1])
    before = model.respond(held["x"], held["edge_index"], held["edge_label"])
    rng = torch.Generator().manual_seed(0)
    for _ in range(5):
        order = torch.randperm(len(held["x"]), generator=rng)
        mixed = torch.randperm(len(held["edge_label"]), generator=rng)
        edges = order.argsort()[held["edge_index"]][:, mixed]
        after = model.respond(held["x"][order], edges, held["edge_label"][mixed])
        torch.testing.assert_close(after, before, **CLOSE)


@pytest.mark.parametrize(("kind", "values"), KINDS)
def test_a_molecule_answers_alike_in_any_company(
    kind: type[BondClassifier], values: dict[str, Any]
) -> None:
    model = made(kind, **values)
    held = data(TEXTS)
    together = respond(model, held)
    blocks = model.blocks(held)
    for chosen in ([2], [3, 0], [1, 1, 2], [3, 2, 1, 0]):
        with torch.no_grad():
            found = model.logits(blocks.take(torch.tensor(chosen)))
        torch.testing.assert_close(found, together[chosen], **CLOSE)
    with torch.no_grad():
        chunked = torch.cat([model.logits(chunk) for chunk in blocks.chunks(3)])
    torch.testing.assert_close(chunked, together, **CLOSE)


def dense_messages(model: Any, bonds: Bonds) -> list[Tensor]:
    """h¹ … h^T through the [E, E] matrix of which bond hears which."""
    edges = len(bonds.source)
    hears = torch.zeros(edges, edges, dtype=DOUBLE)
    for i in range(edges):
        for j in range(edges):
            comes_in = bonds.target[j] == bonds.source[i]
            turns_back = bonds.source[j] == bonds.target[i]
            hears[i, j] = float(comes_in and not turns_back)
    kinds = functional.one_hot(bonds.kinds, len(smiles.BONDS)).to(DOUBLE)
    start = torch.cat([bonds.x[bonds.source], kinds], dim=1) @ model.first.weight.T
    found = [start.relu()]
    for _ in range(model.params.depth - 1):
        found.append((found[0] + hears @ found[-1] @ model.message.weight.T).relu())
    return found


def test_dmpnn_is_dense_algebra() -> None:
    model, held = made(dmpnn.Entry, depth=4), data(TEXTS)
    bonds = model.blocks(held)
    with torch.no_grad():
        expected, found = dense_messages(model, bonds), model.directed(bonds)
        assert len(found) == len(expected) == 4
        for ours, theirs in zip(found, expected, strict=True):
            torch.testing.assert_close(ours, theirs, **CLOSE)
        incoming = torch.zeros(len(bonds.x), len(bonds.source), dtype=DOUBLE)
        incoming[bonds.target, torch.arange(len(bonds.source))] = 1
        atoms = torch.cat([bonds.x, incoming @ expected[-1]], dim=1)
        z = model.heads[0]((atoms @ model.atom.weight.T + model.atom.bias).relu())
        # softmax(Σ_n z_n): the sum over the atoms of each molecule, one after the other.
        sums = torch.stack([z[held["graph"] == g].sum(dim=0) for g in range(len(TEXTS))])
    torch.testing.assert_close(respond(model, held), sums, **CLOSE)


def test_nothing_flows_straight_back_along_its_own_bond() -> None:
    model, held = made(dmpnn.Entry, depth=2), data(TEXTS[:1])
    bonds = model.blocks(held)
    model.message.weight.data.abs_()  # so that whatever comes in gets through the ReLU
    start = model.directed(bonds)[0].detach()

    def second(h: Tensor) -> Tensor:
        around = (bonds.incoming() @ h)[bonds.source] - h[bonds.reverse]
        return around.sum(dim=1)

    (jacobian,) = [torch.autograd.functional.jacobian(second, start)]
    heard = jacobian.abs().sum(dim=2)
    for bond in range(len(bonds.source)):
        expected = {
            other
            for other in range(len(bonds.source))
            if bonds.target[other] == bonds.source[bond] and other != bonds.reverse[bond]
        }
        # The subtraction leaves a rounding where the bond's own reverse was added before.
        assert set(np.flatnonzero(heard[bond].numpy() > 1e-12).tolist()) == expected


def test_in_a_tree_a_message_knows_nothing_of_where_it_goes() -> None:
    model, held = made(dmpnn.Entry, depth=5), data(["CC(C)(O)C=C"])
    bonds = model.blocks(held)
    x = bonds.x.clone().requires_grad_()
    moved = Bonds(x, (), *(getattr(bonds, k) for k in (
        "starts", "source", "target", "reverse", "kinds", "edge_starts")))  # fmt: skip
    last = model.directed(moved)[-1]
    near = {(int(i), int(j)) for i, j in zip(bonds.source, bonds.target, strict=True)}
    for bond in range(len(bonds.source)):
        (gradient,) = torch.autograd.grad(last[bond].sum(), x, retain_graph=True)
        source, target = int(bonds.source[bond]), int(bonds.target[bond])
        behind, border = {source}, [source]
        while border:
            atom = border.pop()
            new = {j for i, j in near if i == atom and j not in behind and j != target}
            behind |= new
            border += new
        ahead = sorted(set(range(len(x))) - behind)
        # Cancelled pairs of additions leave roundings; what flowed back would be of order 0.01.
        assert gradient[ahead].abs().max() < 1e-14


def test_without_messages_no_bond_is_looked_at() -> None:
    model, held = made(dmpnn.Entry, depth=0), data(TEXTS[:1])
    none = torch.zeros(2, 0, dtype=torch.int64)
    torch.testing.assert_close(
        model.respond(held["x"], held["edge_index"]), model.respond(held["x"], none), **CLOSE
    )
    alone = made(dmpnn.Entry, depth=1)
    assert (alone.respond(held["x"], none) != alone.respond(held["x"], held["edge_index"])).any()


def test_gine_is_the_library_layer_and_a_loop() -> None:
    from torch_geometric.nn import GINEConv

    held = data(TEXTS)
    layer = gine.Layer(len(smiles.FEATURES), 6, len(smiles.BONDS)).to(DOUBLE)
    layer.epsilon.data.fill_(0.25)  # exact in the single precision that the library keeps it in
    x, (source, target) = held["x"], held["edge_index"]
    with torch.no_grad():
        network = torch.nn.Sequential(layer.first, torch.nn.ReLU(), layer.second)
        library = GINEConv(network, eps=0.25)  # it draws the network's weights anew
        found = layer(x, Bonds.of(held))
        expected = library(x, held["edge_index"], layer.kinds[held["edge_label"]])
        rows = []
        for v in range(len(x)):
            total = 1.25 * x[v]
            for e in range(len(source)):
                if target[e] == v:
                    total = total + (x[source[e]] + layer.kinds[held["edge_label"][e]]).relu()
            rows.append(network(total))
    torch.testing.assert_close(found, expected, **CLOSE)
    torch.testing.assert_close(found, torch.stack(rows), **CLOSE)


@pytest.mark.parametrize("kind", [dmpnn.Entry, gine.Entry])
def test_kinds_of_bonds_matter(kind: type[BondClassifier]) -> None:
    model, held = made(kind, depth=2), data(["CC(C)(O)C=C"])
    same = model.respond(held["x"], held["edge_index"], torch.zeros_like(held["edge_label"]))
    assert (same - model.respond(held["x"], held["edge_index"], held["edge_label"])).abs().max() > (
        1e-3
    )


@pytest.mark.parametrize("kind", [dmpnn.Entry, gine.Entry])
def test_gradients(kind: type[BondClassifier]) -> None:
    model, held = made(kind, depth=2), data(["CC(O)C=C", "C"])
    bonds = model.blocks(held)
    rest = [getattr(bonds, k) for k in (
        "starts", "source", "target", "reverse", "kinds", "edge_starts")]  # fmt: skip

    def logits(x: Tensor) -> Tensor:
        out: Tensor = model.logits(Bonds(x, (), *rest))
        return out

    assert torch.autograd.gradcheck(logits, (bonds.x.clone().requires_grad_(),))


def test_edges_that_lack_a_direction_or_join_two_molecules_are_refused() -> None:
    held = data(["CC", "CO"])
    for edges in ([[0], [1]], [[0, 1, 0, 1], [1, 0, 1, 0]], [[1, 2], [2, 1]]):
        wrong = held | {"edge_index": torch.tensor(edges), "edge_label": torch.zeros(len(edges[0]))}
        with pytest.raises(ValueError, match="once in both directions"):
            Bonds.of(wrong)
    with pytest.raises(ValueError, match="order of their graphs"):
        Bonds.of(held | {"graph": torch.tensor([0, 1, 0, 1])})


def test_the_library_has_no_other_opinion_of_the_readout() -> None:
    from torch_geometric.nn import global_add_pool, global_mean_pool

    held = data(TEXTS)
    blocks = Bonds.of(held)
    for how, pool in (("sum", global_add_pool), ("mean", global_mean_pool)):
        found = blocks.readout(how) @ held["x"]  # type: ignore[arg-type]
        torch.testing.assert_close(found, pool(held["x"], held["graph"]), **CLOSE)
