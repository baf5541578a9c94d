"""Node tasks: unseen graphs, some of the labels, real values."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from triptych.data.parts import Part
from triptych.errors import UserError
from triptych.graphs.inductive import alone
from triptych.graphs.label_curve import known_labels
from triptych.graphs.models import gcn, inductive, label_curve, node_regressor
from triptych.graphs.nodes import NodeClassifier
from triptych.graphs.regression import standard
from triptych.training import fit

Parts = dict[str, Part]
Maker = Callable[..., Parts]
NODES = 40


def built(kind: Any, parts: Parts, **values: Any) -> Any:
    torch.manual_seed(0)
    return kind(kind.Params(**values), parts["train"].meta)


def trained(model: Any, parts: Parts) -> None:
    data, held_out = model.tensors(parts["train"], parts["validation"])
    for name, part in model.trainables().items():
        fit(part, data, held_out, model.params, seed=("test", name), device=torch.device("cpu"),
            full_batch=True)  # fmt: skip


def values(model: Any, parts: Parts) -> dict[tuple[str, str], float]:
    return {(n.split, n.metric): n.value for n in model.measure(parts, ("test",)).numbers}


# --- inductive -----------------------------------------------------------------------------------


def test_the_three_graphs_have_neither_nodes_nor_edges_in_common(parts: Parts) -> None:
    whole = {tuple(edge) for edge in parts["train"].arrays["edge_index"].T.tolist()}
    nodes, edges = [], []
    for part in parts.values():
        graph = alone(parts["train"], part)
        index = part.arrays["index"]
        nodes.append(set(index.tolist()))
        own = {tuple(edge) for edge in index[graph["edge_index"].numpy()].T.tolist()}
        inside = {(s, t) for s, t in whole if s in nodes[-1] and t in nodes[-1]}
        assert own == inside
        edges.append(own)
        np.testing.assert_array_equal(graph["x"], parts["train"].arrays["x"][index])
        assert graph["y"].tolist() == part.arrays["y"].tolist()
    for first, second in ((0, 1), (0, 2), (1, 2)):
        assert not nodes[first] & nodes[second]
        assert not edges[first] & edges[second]
    assert all(edges)


def test_training_sees_nothing_of_the_other_graphs(parts: Parts) -> None:
    held = np.concatenate([parts[name].arrays["index"] for name in ("validation", "test")])
    arrays = dict(parts["train"].arrays)
    arrays["x"] = arrays["x"].copy()
    arrays["x"][held] = 1e6
    inside = np.isin(arrays["edge_index"], parts["train"].arrays["index"]).all(axis=0)
    arrays["edge_index"] = arrays["edge_index"][:, inside]
    model = built(inductive.Entry, parts)
    ours, _ = model.tensors(parts["train"], parts["validation"])
    theirs, _ = model.tensors(Part(arrays, parts["train"].meta), parts["validation"])
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_the_unseen_graph_is_scored_by_itself(parts: Parts) -> None:
    model = built(inductive.Entry, parts, steps=40)
    trained(model, parts)
    found = values(model, parts)
    graph = alone(parts["train"], parts["test"])
    right = model.respond(graph["x"], graph["edge_index"]).argmax(1) == graph["y"]
    assert found["test", "accuracy"] == pytest.approx(float(right.double().mean()))
    assert found["test", "majority_accuracy"] == pytest.approx(
        float((graph["y"] == torch.bincount(torch.from_numpy(parts["train"].arrays["y"])).argmax())
              .double().mean())
    )  # fmt: skip
    transductive = built(gcn.Entry, parts)
    transductive.load_state_dict(model.state_dict())
    assert found["test", "accuracy/all_edges"] == values(transductive, parts)["test", "accuracy"]
    assert "inductive" in model.protocol(parts["train"].meta)
    assert "transductive" not in model.protocol(parts["train"].meta)


def test_without_a_graph_all_edges_change_nothing(parts: Parts) -> None:
    found = values(built(inductive.Entry, parts, aggregator="none"), parts)
    assert found["test", "accuracy/all_edges"] == found["test", "accuracy"]


# --- some of the labels ---------------------------------------------------------------------------


def test_known_labels_are_nested_stratified_and_fixed() -> None:
    y = torch.arange(200) % 4
    chosen = {n: set(known_labels(y, n).tolist()) for n in (4, 20, 60, 200, 500)}
    assert [len(each) for each in chosen.values()] == [4, 20, 60, 200, 200]
    assert chosen[4] < chosen[20] < chosen[60] < chosen[200]
    for n in (4, 20, 60):
        assert torch.bincount(y[sorted(chosen[n])]).tolist() == [n // 4] * 4
    assert chosen[20] == set(known_labels(y.clone(), 20).tolist())


def test_a_share_hides_the_other_labels(parts: Parts) -> None:
    model = built(label_curve.Entry, parts, shares=[0.1, 0.25], steps=5)
    data, _ = model.tensors(parts["train"], parts["validation"])
    few, many = model.trainables().values()
    assert len(few.known(data)["y"]) == round(0.1 * NODES)
    assert len(many.known(data)["y"]) == 10  # all there are
    known = known_labels(data["y"], 4)
    rng = torch.Generator()
    logits = few.output(data, rng.manual_seed(0))[data["index"][known]]
    expected = torch.nn.functional.cross_entropy(logits, data["y"][known])
    assert torch.equal(few.loss(data, rng.manual_seed(0)), expected)
    everything = NodeClassifier.loss(few, data, rng.manual_seed(0))
    assert not torch.equal(everything, expected)


def test_a_share_that_the_training_part_does_not_have_is_refused(parts: Parts) -> None:
    """10 of 40 nodes can be labelled. Fewer on validation is no matter: all of those are taken."""
    model = built(label_curve.Entry, parts, shares=[0.25, 0.3])
    data, held = model.tensors(parts["train"], parts["validation"])
    fits, too_many = model.trainables().values()
    fits.loss(data, torch.Generator())
    words = r"toy: expected shares of up to 0\.25 \(.* 10 of 40 nodes\), found 0\.3; lower it"
    for refused in (lambda: too_many.loss(data, torch.Generator()), lambda: too_many.known(data)):
        with pytest.raises(UserError, match=words):
            refused()
    few = {name: held[name][:3] for name in ("index", "y")}
    assert torch.isfinite(fits.validation_loss(dict(held) | few, torch.Generator()))


@pytest.mark.parametrize("wrong", [0.0, -0.1, 1.01])
def test_shares_are_fractions(wrong: float) -> None:
    with pytest.raises(ValidationError, match=r"shares\.1"):
        label_curve.CurveParams(shares=[0.1, wrong])


def test_curve_numbers(parts: Parts) -> None:
    model = built(label_curve.Entry, parts, shares=[0.25, 0.1], steps=20)
    trained(model, parts)
    found = values(model, parts)
    assert found["test", "accuracy"] == found["test", "accuracy/share=0.25"]  # of the largest
    assert found["train", "labels/share=0.1"] == 4
    assert found["train", "n_train"] == 10
    assert "only the given share" in model.protocol(parts["train"].meta)


# --- regression ----------------------------------------------------------------------------------


def regression_parts(maker: Maker) -> Parts:
    """A target that is the mean of a node and its neighbours' first feature, far from zero."""
    made = maker(0, task="regression", n_classes=None)
    x, edges = (made["train"].arrays[k] for k in ("x", "edge_index"))
    dense = np.eye(NODES)
    dense[edges[1], edges[0]] = 1
    target = 100 + 20 * (dense / dense.sum(1, keepdims=True) @ x[:, 0].astype(np.float64))
    return {
        name: Part(part.arrays | {"y": target[part.arrays["index"]]}, part.meta)
        for name, part in made.items()
    }


def test_one_linear_layer_finds_a_linear_target(maker: Maker) -> None:
    parts = regression_parts(maker)
    errors = {}
    for aggregator in ("mean", "none"):
        model = built(
            node_regressor.Entry, parts, aggregator=aggregator, depth=1, dropout=0.0,
            weight_decay=0.0, steps=2000, learning_rate=0.05, patience=None, validate_every=100,
        )  # fmt: skip
        trained(model, parts)
        errors[aggregator] = values(model, parts)["test", "explained"]
    # Without a bias the one thing left is the distance of the training mean from 100, over s.
    assert errors["mean"] > 0.8
    assert errors["none"] < errors["mean"] - 0.1


def test_the_target_is_standardised_by_the_training_part_alone(maker: Maker) -> None:
    parts = regression_parts(maker)
    model = built(node_regressor.Entry, parts)
    train, held = model.tensors(parts["train"], parts["validation"])
    assert float(train["y"].mean()) == pytest.approx(0, abs=1e-6)
    assert float(train["y"].std(correction=0)) == pytest.approx(1, abs=1e-6)
    centre, spread = standard(parts["train"].arrays["y"])
    expected = (parts["validation"].arrays["y"] - centre) / spread
    np.testing.assert_allclose(held["y"], expected, rtol=1e-6)
    assert abs(float(held["y"].mean())) > 1e-3
    assert standard(np.full(4, 2.5)) == (2.5, 1.0)


def test_errors_by_hand(maker: Maker) -> None:
    parts = regression_parts(maker)
    model = built(node_regressor.Entry, parts, steps=20)
    trained(model, parts)
    measured = model.measure(parts, ("test",))
    found = {(n.split, n.metric): n.value for n in measured.numbers}
    predicted, target = (measured.arrays[f"test_{k}"] for k in ("predictions", "targets"))
    np.testing.assert_array_equal(target, parts["test"].arrays["y"])
    mse = float(np.mean((predicted - target) ** 2))
    constant = float(np.mean((parts["train"].arrays["y"].mean() - target) ** 2))
    assert found["test", "mse"] == pytest.approx(mse)
    assert found["test", "mse/training_mean"] == pytest.approx(constant)
    assert found["test", "explained"] == pytest.approx(1 - mse / constant)


def test_classes_are_refused_by_name(parts: Parts) -> None:
    model = built(node_regressor.Entry, parts)
    with pytest.raises(UserError, match="toy: expected real targets"):
        model.tensors(parts["train"], parts["validation"])
