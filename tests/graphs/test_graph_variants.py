"""The further node classifiers: what they share with all, and what is their own."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from triptych.data.parts import Part
from triptych.graphs import attention
from triptych.graphs.base import GraphModel
from triptych.graphs.depth import DeepNetwork, DeepParams
from triptych.graphs.models import (
    deep_gcn,
    gat,
    gin,
    label_propagation,
    rgcn,
    sage,
    sgc,
)
from triptych.graphs.network import GraphNetwork
from triptych.training import Fit, fit

Parts = dict[str, Part]
Maker = Callable[..., Parts]
KINDS: list[tuple[type[GraphModel], dict[str, Any]]] = [
    (sage.Entry, {}),
    (gin.Entry, {"epsilon": 0.1}),
    (gat.Entry, {"heads": 2, "hidden": 4, "message_dropout": 0.3, "learning_rate": 0.03}),
    (rgcn.Entry, {}),
    (sgc.Entry, {"weight_decays": [1e-4, 1e-2]}),
    (deep_gcn.Entry, {"depths": [1, 2, 4], "skip": "gated"}),
    (deep_gcn.Entry, {"depths": [4], "skip": "jumping"}),
]
IDS = [f"{kind.__module__.rsplit('.', 1)[1]}-{number}" for number, (kind, _) in enumerate(KINDS)]


def built(kind: type[GraphModel], parts: Parts, seed: int = 0, **values: Any) -> Any:
    torch.manual_seed(seed)
    return kind(kind.Params(**values), parts["train"].meta)


def trained(model: Any, parts: Parts) -> dict[str, Fit]:
    data, held_out = model.tensors(parts["train"], parts["validation"])
    return {
        name: fit(
            part, data, held_out, model.params, seed=("test", name), device=torch.device("cpu"),
            full_batch=True,
        )
        for name, part in model.trainables().items()
    }  # fmt: skip


def state(model: Any) -> list[bytes]:
    return [tensor.numpy().tobytes() for tensor in model.state_dict().values()]


@pytest.mark.parametrize(("kind", "values"), KINDS, ids=IDS)
def test_two_runs_are_byte_identical_and_learn(
    kind: type[GraphModel], values: dict[str, Any], parts: Parts
) -> None:
    models = [built(kind, parts, steps=60, **values) for _ in range(2)]
    untouched = built(kind, parts, steps=60, **values)
    for model in models:
        trained(model, parts)
    assert state(models[0]) == state(models[1]) != state(untouched)
    first, second = (model.measure(parts, ("test",)) for model in models)
    assert first.numbers == second.numbers
    accuracy = {(n.split, n.metric): n.value for n in first.numbers}["test", "accuracy"]
    assert accuracy > 0.5  # two classes, and features as well as edges tell them apart


@pytest.mark.parametrize(("kind", "values"), KINDS, ids=IDS)
def test_reset_leaves_nothing_of_the_training(
    kind: type[GraphModel], values: dict[str, Any], parts: Parts
) -> None:
    fresh, used = (built(kind, parts, steps=5, **values) for _ in range(2))
    trained(used, parts)
    for model in (fresh, used):
        model.reset_parameters(torch.Generator().manual_seed(3))
    assert state(fresh) == state(used)


@pytest.mark.parametrize(("kind", "values"), KINDS, ids=IDS)
def test_the_measure_does_not_change_the_weights(
    kind: type[GraphModel], values: dict[str, Any], parts: Parts
) -> None:
    model = built(kind, parts, **values)
    before = state(model)
    model.measure(parts, ("test",))
    assert state(model) == before


def test_attention_penalises_all_layers_and_the_others_the_first_alone(parts: Parts) -> None:
    for kind, values, decays in (
        (gat.Entry, {}, {None, 0.0}),  # None: the optimiser's own, params.weight_decay; 0: biases
        (sage.Entry, {}, {None, 0.0}),
        (DeepNetwork, {"skip": "gated", "depth": 3}, {None, 0.0}),
    ):
        (groups,) = built(kind, parts, **values).parameter_groups().values()
        assert {group.get("weight_decay") for group in groups} == decays


def test_attention_penalises_every_weight_and_no_bias(parts: Parts) -> None:
    model = built(gat.Entry, parts)
    (groups,) = model.parameter_groups().values()
    (spared,) = (group["params"] for group in groups if group.get("weight_decay") == 0.0)
    biases = [p for name, p in model.named_parameters() if name.endswith("bias")]
    assert sorted(map(id, spared)) == sorted(map(id, biases)) and len(biases) == 2


def test_every_parameter_is_in_one_group(parts: Parts) -> None:
    for kind, values in (*KINDS[:4], (DeepNetwork, {"skip": "gated", "depth": 5})):
        model = built(kind, parts, **values)
        (groups,) = model.parameter_groups().values()
        listed = [id(p) for group in groups for p in group["params"]]
        assert sorted(listed) == sorted(id(p) for p in model.parameters())


# --- SGC ---------------------------------------------------------------------------------------


def test_where_a_convex_problem_starts_does_not_matter(parts: Parts) -> None:
    """Two initialisations end at the same place: why its spread over seeds is zero."""
    ends, starts = [], []
    for seed in (0, 1):
        model = built(sgc.Entry, parts, seed, steps=3000, learning_rate=0.05, weight_decays=[1e-2])
        (regression,) = model.trainables().values()
        regression.layer.weight.data.normal_(generator=torch.Generator().manual_seed(seed))
        starts.append(regression.layer.weight.detach().clone())
        trained(model, parts)
        ends.append(regression.layer.weight.detach())
    # Strongly convex with modulus 1e-2; what Adam leaves of a distance of order 1.
    assert (starts[0] - starts[1]).abs().max() > 0.3
    assert float((ends[0] - ends[1]).abs().max()) < 1e-3


def test_no_seed_moves_it_and_unseen_words_keep_no_weight(parts: Parts) -> None:
    x = parts["train"].arrays["x"].copy()
    x[:, 0] = 0.0  # a word that nobody uses
    train = Part(parts["train"].arrays | {"x": x}, parts["train"].meta)
    models = [built(sgc.Entry, parts, seed, weight_decays=[1e-3]) for seed in (0, 1)]
    for model in models:
        trained(model, parts | {"train": train})
    assert state(models[0]) == state(models[1])
    weight = models[0].state_dict()["layers.0.layer.weight"]
    assert not weight[0].any()
    assert weight[1:].all()


def test_the_optimum_is_that_of_an_independent_solver(parts: Parts) -> None:
    from sklearn.linear_model import LogisticRegression

    decay, n = 1e-2, len(parts["train"].arrays["y"])
    model = built(sgc.Entry, parts, steps=3000, learning_rate=0.05, weight_decays=[decay])
    trained(model, parts)
    data, _ = model.tensors(parts["train"], parts["validation"])
    (regression,) = model.trainables().values()
    rows = regression.smoothed(data).numpy()
    rows = np.hstack([rows, np.ones((n, 1))])  # the bias is penalised as the weights are
    # Mean loss + λ/2 ‖W‖², W of both classes: with W = ±w/2 it is λ/4 ‖w‖² for the difference w.
    solver = LogisticRegression(C=2 / (decay * n), fit_intercept=False, tol=1e-10, max_iter=5000)
    solver.fit(rows, data["y"].numpy())
    weight, bias = (regression.state_dict()[k].numpy() for k in ("layer.weight", "bias"))
    found = np.append(weight[:, 1] - weight[:, 0], bias[1] - bias[0])
    np.testing.assert_allclose(found, solver.coef_[0], atol=5e-3)


def test_the_weight_decay_is_chosen_on_validation_whatever_the_test_says(parts: Parts) -> None:
    model = built(sgc.Entry, parts, weight_decays=[1.0, 2.0])
    good, bad = (regression.layer.weight.data for regression in model.trainables().values())
    reference = built(sgc.Entry, parts, weight_decays=[1e-3])
    trained(reference, parts)
    good.copy_(reference.state_dict()["layers.0.layer.weight"])
    bad.copy_(-good)
    y = {name: part.arrays["y"] for name, part in parts.items()}
    for flip, expected in ((False, 1.0), (True, 2.0)):
        # The test labels always say that the second is right; they must not be heard.
        planted = {
            "train": parts["train"],
            "validation": _with(
                parts["validation"], 1 - y["validation"] if flip else y["validation"]
            ),
            "test": _with(parts["test"], 1 - y["test"]),
        }
        numbers = model.measure(planted, ("test",)).numbers
        assert {n.metric: n.value for n in numbers}["chosen_weight_decay"] == expected


def _with(part: Part, y: np.ndarray) -> Part:
    return Part(part.arrays | {"y": y}, part.meta)


# --- depth -------------------------------------------------------------------------------------


def deep(parts: Parts, skip: str, depth: int = 4, **values: Any) -> DeepNetwork:
    network = built(DeepNetwork, parts, skip=skip, depth=depth, **values)
    network.reset_parameters(torch.Generator().manual_seed(2))
    return network  # type: ignore[no-any-return]


def graph_of(parts: Parts) -> tuple[torch.Tensor, torch.Tensor]:
    return tuple(  # type: ignore[return-value]
        torch.from_numpy(parts["train"].arrays[k]) for k in ("x", "edge_index")
    )


def test_two_layers_leave_no_room_for_a_skip(parts: Parts) -> None:
    x, edges = graph_of(parts)
    outputs = [
        deep(parts, skip, 2).respond(x, edges)
        for skip in ("none", "residual", "scaled", "gated", "jumping")
    ]
    assert all(torch.equal(output, outputs[0]) for output in outputs)


def test_skips_by_hand(parts: Parts) -> None:
    x, edges = graph_of(parts)
    for skip in ("none", "residual", "scaled", "gated", "jumping"):
        network = deep(parts, skip, 3)
        graph = network.operator().prepare(edges, len(x))
        first, second, last = network.layers
        h1 = first(x, graph).relu()
        new = second(h1, graph).relu()
        h2 = {
            "none": new,
            "jumping": new,
            "residual": h1 + new,
            "scaled": h1 + new / 3,
        }.get(skip)
        if skip == "gated":
            (gate,) = network.gates
            share = torch.sigmoid(h1 @ gate.weight.T + gate.bias)  # type: ignore[operator]
            h2 = share * new + (1 - share) * h1
            assert float(share.mean().detach()) < 0.2  # gates start nearly closed
        assert h2 is not None
        read = torch.cat([h1, h2], dim=1) if skip == "jumping" else h2
        # Single precision, logits of order 1, lerp against its formula.
        torch.testing.assert_close(network.respond(x, edges), last(read, graph), rtol=0, atol=1e-5)


def test_a_skip_keeps_what_thirty_layers_wash_out(parts: Parts) -> None:
    x, edges = graph_of(parts)
    from triptych.metrics.smoothness import effective_rank

    rank = {
        skip: effective_rank(deep(parts, skip, 32).hidden(x, edges)[-1].detach().double().numpy())
        for skip in ("none", "scaled", "gated")
    }
    assert rank["none"] < 2 < rank["scaled"]
    assert rank["none"] < 2 < rank["gated"]


def test_every_depth_is_measured_and_the_best_on_validation_is_the_plain_number(
    parts: Parts,
) -> None:
    model = built(deep_gcn.Entry, parts, depths=[2, 3, 8], steps=20)
    trained(model, parts)
    numbers = {(n.split, n.metric): n for n in model.measure(parts, ("test",)).numbers}
    found = {d: numbers["validation", f"accuracy/depth={d}"].value for d in (2, 3, 8)}
    best = max(found, key=lambda d: found[d])
    assert numbers["test", "accuracy"].value == numbers["test", f"accuracy/depth={best}"].value
    for prefix in ("", "untrained_"):
        for metric in ("dirichlet_energy", "mean_average_distance", "effective_rank"):
            assert ("all", f"{prefix}{metric}/depth=8") in numbers
    assert "no training" in numbers["all", "untrained_effective_rank/depth=2"].protocol
    network = model.networks["depth=3"]
    assert isinstance(network.params, DeepParams)
    assert network.params.depth == 3


# --- GAT ---------------------------------------------------------------------------------------


def test_attention_is_measured_without_dropout_and_per_layer(parts: Parts) -> None:
    model = built(gat.Entry, parts, heads=3, hidden=2, output_heads=2, depth=3, steps=10)
    trained(model, parts)
    x, edges = graph_of(parts)
    shapes = [alpha.shape for alpha in model.attention(x, edges)]
    count = edges.shape[1] + len(x)
    assert shapes == [(count, 3), (count, 3), (count, 2)]
    graph = model.prepared(x, edges).graph
    _, target = attention.ends(graph)
    for alpha in model.attention(x, edges):
        sums = torch.zeros(len(x), alpha.shape[1]).index_add(0, target, alpha)
        # At most 40 terms below 1 in single precision.
        torch.testing.assert_close(sums, torch.ones_like(sums), rtol=0, atol=40 * 2**-23)
    measured = model.measure(parts, ("test",))
    values = {n.metric: n.value for n in measured.numbers if n.split == "all"}
    for layer in (1, 2, 3):
        entropies = measured.arrays[f"attention_entropy/layer={layer}"]
        assert entropies.mean() == pytest.approx(values[f"attention_entropy/layer={layer}"])
        assert 0 <= entropies.min() <= entropies.max() <= 1 + 1e-6


def test_stopping_on_accuracy_orders_by_errors_first(parts: Parts) -> None:
    model = built(gat.Entry, parts, heads=2, stop_on="accuracy")
    plain = built(gat.Entry, parts, heads=2)
    rng = torch.Generator()
    _, held = model.tensors(parts["train"], parts["validation"])
    values, losses, errors = [], [], []
    for seed in range(40):
        for each in (model, plain):
            each.reset_parameters(torch.Generator().manual_seed(seed))
            for weight in each.parameters():
                weight.data *= 5  # cross-entropies from small to large
        values.append(float(model.validation_loss(held, rng).detach()))
        losses.append(float(plain.validation_loss(held, rng).detach()))
        wrong = plain.output(held)[held["index"]].argmax(1) != held["y"]
        errors.append(int(wrong.sum()))
    expected = sorted(range(40), key=lambda i: (errors[i], losses[i]))
    assert sorted(range(40), key=lambda i: values[i]) == expected
    assert expected != sorted(range(40), key=lambda i: losses[i])  # the two rules differ here
    assert len(set(errors)) < 40  # and ties occur
    assert "highest validation accuracy" in model.protocol(parts["train"].meta)
    assert "accuracy" not in plain.recipe()


def test_even_weights_at_the_test_are_another_network(parts: Parts) -> None:
    model = built(gat.Entry, parts, heads=2)
    x, edges = graph_of(parts)
    even = model.compute(x, edges, uniform=True)
    assert not torch.equal(even, model.respond(x, edges))
    for layer in model.layers:
        layer.to_source.data.zero_()
        layer.to_target.data.zero_()
    torch.testing.assert_close(model.respond(x, edges), even)


# --- kinds of edges and label propagation --------------------------------------------------------


def typed_parts(maker: Maker) -> Parts:
    """Edges blind to the classes unless their kind is read; features are noise."""
    rng = np.random.default_rng(0)
    parts = maker(1)
    y = np.concatenate([part.arrays["y"] for part in parts.values()])
    index = np.concatenate([part.arrays["index"] for part in parts.values()])
    labels = y[np.argsort(index)]
    arrays = dict(parts["train"].arrays)
    arrays["x"] = rng.standard_normal(arrays["x"].shape).astype(np.float32)
    upper = np.triu(rng.random((40, 40)) < 0.4, 1)
    source, target = (upper | upper.T).nonzero()
    arrays["edge_index"] = np.stack([source, target])
    arrays["edge_label"] = (labels[source] != labels[target]).astype(np.int64)
    meta = parts["train"].meta | {"n_edge_kinds": 2}
    return {
        name: Part(arrays if name == "train" else part.arrays, meta) for name, part in parts.items()
    }


def test_kinds_are_read_from_the_data_and_nowhere_else(maker: Maker) -> None:
    parts = typed_parts(maker)
    model = built(rgcn.Entry, parts)
    batch, held = model.tensors(parts["train"], parts["validation"])
    assert torch.equal(batch["edge_label"], held["edge_label"])
    before = model.output(batch)
    swapped = dict(batch) | {
        "edge_label": 1 - batch["edge_label"], "edge_index": batch["edge_index"].clone(),
    }  # fmt: skip
    assert not torch.allclose(model.output(swapped), before)
    for layer in model.layers:  # swapping the weights as well undoes it
        layer.related.data = layer.related.data.flip(0)
    torch.testing.assert_close(model.output(swapped), before)


def test_a_weight_per_kind_learns_what_the_edges_alone_do_not_say(maker: Maker) -> None:
    """The classes of a node's neighbours, and so its own, follow from the kinds and one label."""
    parts = typed_parts(maker)
    hits = {}
    for kind in (rgcn.Entry, sage.Entry):
        model = built(kind, parts, steps=150, hidden=16, patience=None)
        trained(model, parts)
        numbers = model.measure(parts, ("test",)).numbers
        hits[kind] = {(n.split, n.metric): n.value for n in numbers}["test", "accuracy"]
    # Random graph, random features: without kinds a test node cannot be told from any other; the
    # accuracy of 20 fair coins has deviation 0.11.
    assert hits[sage.Entry] < 0.5 + 3 * 0.11
    assert hits[rgcn.Entry] > hits[sage.Entry]


def test_label_propagation_reads_no_features_and_chooses_on_validation(parts: Parts) -> None:
    model = built(label_propagation.Entry, parts, alphas=[0.5, 0.9])
    assert list(model.parameters()) == []
    first = {(n.split, n.metric): n.value for n in model.measure(parts, ("a",)).numbers}
    other = Part(
        parts["train"].arrays | {"x": np.zeros_like(parts["train"].arrays["x"])},
        parts["train"].meta,
    )
    again = model.measure(parts | {"train": other}, ("b",)).numbers
    assert first == {(n.split, n.metric): n.value for n in again}
    assert first["test", "accuracy"] > 0.7  # two communities
    flipped = _with(parts["test"], 1 - parts["test"].arrays["y"])
    reversed_ = model.measure(parts | {"test": flipped}, ("c",)).numbers
    values = {(n.split, n.metric): n.value for n in reversed_}
    assert values["test", "accuracy"] == pytest.approx(1 - first["test", "accuracy"])


def test_networks_are_built_from_one_recipe() -> None:
    assert issubclass(sage.Entry, GraphNetwork)
    fields = set(deep_gcn.SweepParams.model_fields)
    assert "depth" not in fields  # a sweep reads depths; a field that nothing reads is a trap
    assert not {"hidden", "depth", "dropout"} & set(sgc.SGCParams.model_fields)
