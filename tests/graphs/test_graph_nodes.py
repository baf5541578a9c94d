"""Node classifiers: the training protocol and what may depend on what."""

from typing import Any

import numpy as np
import pytest
import torch

from triptych.data.parts import Part
from triptych.errors import UserError
from triptych.graphs.models import gcn, mlp
from triptych.graphs.nodes import NodeClassifier, NodeParams
from triptych.graphs.sparse import Sparse
from triptych.training import Fit, fit

Parts = dict[str, Part]
KINDS = [
    (mlp.Entry, {}),
    (gcn.Entry, {"aggregator": "mean"}),
    (gcn.Entry, {"aggregator": "symmetric"}),
    (gcn.Entry, {"aggregator": "separate"}),
]


def built(kind: type[NodeClassifier], parts: Parts, seed: int = 0, **values: Any) -> NodeClassifier:
    torch.manual_seed(seed)
    return kind(kind.Params(**values), parts["train"].meta)


def trained(model: NodeClassifier, parts: Parts) -> Fit:
    data, held_out = model.tensors(parts["train"], parts["validation"])
    return fit(
        model, data, held_out, model.params, seed=("test",), device=torch.device("cpu"),
        full_batch=model.full_batch,
    )  # fmt: skip


def state(model: NodeClassifier) -> list[bytes]:
    return [tensor.numpy().tobytes() for tensor in model.state_dict().values()]


@pytest.mark.parametrize(("kind", "values"), KINDS)
def test_weight_decay_acts_on_the_first_layer_only(
    kind: type[NodeClassifier], values: dict[str, Any], parts: Parts
) -> None:
    model = built(kind, parts, **values)
    (groups,) = model.parameter_groups().values()
    before = [[p.detach().clone() for p in layer.parameters()] for layer in model.layers]
    optimiser = torch.optim.SGD(groups, lr=0.5, weight_decay=model.params.weight_decay)
    sum((p * 0).sum() for p in model.parameters()).backward()  # type: ignore[union-attr]
    optimiser.step()
    first, second = model.layers
    for now, then in zip(first.parameters(), before[0], strict=True):
        # The gradient of ½ wd ‖w‖² is wd · w: one SGD step multiplies w by 1 - lr · wd.
        torch.testing.assert_close(now.detach(), then * (1 - 0.5 * 5e-4))
        assert not torch.equal(now, then)
    for now, then in zip(second.parameters(), before[1], strict=True):
        assert torch.equal(now, then)


def test_the_penalty_goes_through_adam_and_is_not_decoupled(parts: Parts) -> None:
    model = built(gcn.Entry, parts)
    (groups,) = model.parameter_groups().values()
    before = next(model.layers[0].parameters()).detach().clone()
    optimiser = torch.optim.Adam(groups, lr=0.01, weight_decay=5e-4)
    sum((p * 0).sum() for p in model.parameters()).backward()  # type: ignore[union-attr]
    optimiser.step()
    moved = next(model.layers[0].parameters()).detach() - before
    # Adam's first step has size lr whatever the gradient's size; AdamW's would be lr · wd · w.
    large = before.abs() > 1e-2
    torch.testing.assert_close(moved[large], -0.01 * before[large].sign(), rtol=1e-2, atol=0)


@pytest.mark.parametrize(("kind", "values"), KINDS)
def test_two_runs_are_byte_identical(
    kind: type[NodeClassifier], values: dict[str, Any], parts: Parts
) -> None:
    models = [built(kind, parts, steps=30, **values) for _ in range(2)]
    untouched = built(kind, parts, steps=30, **values)
    fits = [trained(model, parts) for model in models]
    assert state(models[0]) == state(models[1]) != state(untouched)
    for one, two in zip(fits[0].curves, fits[1].curves, strict=True):
        assert (one.step, one.value) == (two.step, two.value)


def test_reset_leaves_nothing_of_the_training(parts: Parts) -> None:
    fresh, used = built(gcn.Entry, parts), built(gcn.Entry, parts, steps=5)
    trained(used, parts)
    for model in (fresh, used):
        model.reset_parameters(torch.Generator().manual_seed(3))
    assert state(fresh) == state(used)
    used.reset_parameters(torch.Generator().manual_seed(4))
    assert state(fresh) != state(used)


def test_the_perceptron_is_the_same_network_and_sees_no_edges(parts: Parts) -> None:
    graph, plain = built(gcn.Entry, parts), built(mlp.Entry, parts)
    assert state(graph) == state(plain)
    x, edges = (torch.from_numpy(parts["train"].arrays[k]) for k in ("x", "edge_index"))
    assert not torch.equal(graph.respond(x, edges), plain.respond(x, edges))
    none = torch.zeros(2, 0, dtype=torch.int64)
    assert torch.equal(plain.respond(x, edges), plain.respond(x, none))
    assert torch.equal(graph.respond(x, none), plain.respond(x, none))


def test_a_network_of_depth_two_reads_two_hops(parts: Parts) -> None:
    path = torch.tensor([[0, 1, 2, 1, 2, 3], [1, 2, 3, 0, 1, 2]])
    model = built(gcn.Entry, parts)
    x = torch.randn(4, 6, generator=torch.Generator().manual_seed(0)).requires_grad_()
    (reached,) = torch.autograd.grad(model.respond(x, path)[0].sum(), x)
    assert (reached.abs().sum(1) > 0).tolist() == [True, True, True, False]


def test_training_sees_no_other_labels(parts: Parts) -> None:
    model = built(gcn.Entry, parts)
    data, held_out = model.tensors(parts["train"], parts["validation"])
    assert data["y"].tolist() == parts["train"].arrays["y"].tolist()
    assert set(data) == set(held_out) == {"x", "edge_index", "index", "y"}
    rng = torch.Generator()
    loss = model.loss(data, rng.manual_seed(0))
    assert float(loss.detach()) != float(model.validation_loss(data, rng).detach())  # dropout
    assert torch.equal(loss, model.loss(data, rng.manual_seed(0)))


def test_the_weights_kept_are_those_of_the_lowest_validation_loss(parts: Parts) -> None:
    model = built(gcn.Entry, parts, steps=60, learning_rate=0.2, patience=None, validate_every=1)
    result = trained(model, parts)
    losses = [p.value for p in result.curves if (p.split, p.metric) == ("validation", "loss")]
    assert result.steps == len(losses) == 60
    assert min(losses) < losses[-1]
    _, held_out = model.tensors(parts["train"], parts["validation"])
    found = model.validation_loss(held_out, torch.Generator())
    # The same weights on the same graph: equal up to the order of sums, which is fixed.
    assert float(found.detach()) == min(losses)


def test_patience_stops(parts: Parts) -> None:
    model = built(gcn.Entry, parts, steps=200, learning_rate=0.2, patience=7, validate_every=1)
    result = trained(model, parts)
    losses = [p.value for p in result.curves if (p.split, p.metric) == ("validation", "loss")]
    assert result.status == "stopped early"
    assert int(np.argmin(losses)) == len(losses) - 1 - 7


def test_sparse_features_give_the_dense_answer(parts: Parts) -> None:
    model = built(gcn.Entry, parts, dropout=0.0)
    x = torch.zeros(40, 6)
    x[::4, 2] = 1.0
    edges = torch.from_numpy(parts["train"].arrays["edge_index"])
    found = model.respond(x, edges)
    assert isinstance(model._prepared[-1].features.features, Sparse)
    first, second = model.layers
    graph = model.operator().prepare(edges, 40)
    expected = second(first(x, graph).relu(), graph)
    # Single precision, at most 6 + 40 terms below 1 in a sum.
    torch.testing.assert_close(found, expected, rtol=0, atol=46 * 2**-23)


def test_the_graph_is_prepared_once(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    layer = gcn.AGGREGATORS["mean"]
    original = layer.prepare

    def counted(*arguments: Any) -> Any:
        calls.append(arguments)
        return original(*arguments)

    monkeypatch.setattr(layer, "prepare", staticmethod(counted))
    trained(built(gcn.Entry, parts, steps=20, aggregator="mean"), parts)
    assert len(calls) == 1


def test_measures_by_hand(parts: Parts) -> None:
    model = built(gcn.Entry, parts, steps=20)
    trained(model, parts)
    measured = model.measure(parts, ("test",))
    values = {(n.split, n.metric): n for n in measured.numbers}
    x, edges = (torch.from_numpy(parts["train"].arrays[k]) for k in ("x", "edge_index"))
    held = parts["test"].arrays
    log_p = model.respond(x, edges).log_softmax(1)[held["index"]].detach().numpy()
    accuracy = sum(row.argmax() == y for row, y in zip(log_p, held["y"], strict=True)) / 20
    assert values["test", "accuracy"].value == accuracy
    assert values["test", "accuracy"].n == 20
    nll = -sum(row[y] for row, y in zip(log_p, held["y"], strict=True)) / 20
    # Single against double precision log-softmax of logits of order 1.
    assert values["test", "nll"].value == pytest.approx(nll, abs=1e-6)
    assert values["train", "n_train"].value == 10
    assert measured.arrays["test_logits"].shape == (20, 2)


def test_the_protocol_says_what_was_done(parts: Parts) -> None:
    text = built(gcn.Entry, parts).protocol(parts["train"].meta)
    for part in (
        "transductive",
        "made for a test",
        "drawn anew",
        "at most 200",
        "after 50",
        "lowest",
    ):
        assert part in text
    assert "split, initialisation" in text
    fixed = parts["train"].meta | {"standard_split": True}
    assert "split, initialisation" not in built(gcn.Entry, parts).protocol(fixed)


def test_regression_data_is_refused_by_name(parts: Parts) -> None:
    meta = parts["train"].meta | {"n_classes": None, "task": "regression", "dataset": "diabetes"}
    with pytest.raises(UserError, match="diabetes: expected classes"):
        gcn.Entry(gcn.GCNParams(), meta)


def test_an_unknown_aggregator_is_refused() -> None:
    with pytest.raises(ValueError, match="symmetric"):
        gcn.GCNParams(aggregator="median")  # type: ignore[arg-type]


def test_defaults_are_the_published_recipe() -> None:
    p = NodeParams()
    assert (p.learning_rate, p.weight_decay, p.dropout, p.hidden, p.steps, p.depth) == (
        0.01, 5e-4, 0.5, 16, 200, 2,
    )  # fmt: skip
    assert p.keep == "best"
