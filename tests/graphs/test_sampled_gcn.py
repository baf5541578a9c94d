"""Networks trained on samples: what a step computes, what is counted, what an evaluation sees."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from torch import Tensor

from triptych.data.parts import Part
from triptych.errors import UserError
from triptych.graphs import batch_cost, samplers
from triptych.graphs.adjacency import simple
from triptych.graphs.aggregate_error import errors
from triptych.graphs.base import Number
from triptych.graphs.models import gcn, sampled_gcn
from triptych.graphs.models.sampled_gcn import Entry, SampledParams, specs
from triptych.graphs.noise_share import noise_share
from triptych.graphs.rows import Rows
from triptych.graphs.sampled import Graphs, SampledNetwork, Spec
from triptych.graphs.variants import noisy, thinned
from triptych.training import Fit, fit

Parts = dict[str, Part]
ALL = samplers.names()
SMALL: dict[str, Any] = {
    "steps": 12, "batch_size": 6, "hidden": 8, "validate_every": 4, "budgets": [8],
    "error_budgets": [4, 400], "error_draws": 3, "cost_batches": 2,
}  # fmt: skip


@pytest.fixture
def parts(parts: Parts) -> Parts:
    """With the number of edges, which the bandits must know beforehand."""
    edges = parts["train"].arrays["edge_index"].shape[1]
    return {name: Part(p.arrays, p.meta | {"n_edges": edges}) for name, p in parts.items()}


def built(parts: Parts, seed: int = 0, **values: Any) -> Entry:
    torch.manual_seed(seed)
    return Entry(SampledParams(**(SMALL | values)), parts["train"].meta)


def trained(model: Entry, parts: Parts) -> dict[str, Fit]:
    data, held_out = model.tensors(parts["train"], parts["validation"])
    fits = {
        name: fit(
            part, data, held_out, model.params, seed=("test", name), device=torch.device("cpu"),
            full_batch=model.full_batch,
        )
        for name, part in model.trainables().items()
    }  # fmt: skip
    model.eval()
    return fits


def network(model: Entry, name: str) -> SampledNetwork:
    found = model.networks[name]
    assert isinstance(found, SampledNetwork)
    return found


def tensors(parts: Parts) -> tuple[Tensor, Tensor]:
    arrays = parts["train"].arrays
    return torch.from_numpy(arrays["x"]), torch.from_numpy(arrays["edge_index"])


def values(numbers: list[Number]) -> dict[tuple[str, str], float]:
    return {(n.split, n.metric): n.value for n in numbers}


# -- networks and graphs -----------------------------------------------------------------------


def test_names_of_variants() -> None:
    assert Spec("full").variant == "full"
    assert Spec("graphsage", budget=64).name == "graphsage_budget_64"
    assert Spec("full", share=0.25).variant == "full,share=0.25"
    assert Spec("pass_gnn", budget=8, noise=1.0).variant == "pass_gnn,budget=8,noise=1"
    made = specs(
        SampledParams(
            samplers=["full", "ladies"], budgets=[4, 8], shares=[0.5, 1.0], noise=1.0,
            noisy=["full", "ladies"],
        )
    )  # fmt: skip
    assert [spec.variant for spec in made] == [
        "full", "ladies,budget=4", "ladies,budget=8", "full,share=0.5",
        "graphsage,fanout=5,share=0.5", "graphsage,fanout=5", "full,noise=1",
        "ladies,budget=8,noise=1",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ({"samplers": ["fast_gcn"]}, "did you mean 'fastgcn'"),
        ({"noisy": ["none"]}, "no sampler 'none'"),
        ({"budgets": [64, 32]}, "ascending"),
        ({"budgets": []}, "ascending"),
        ({"shares": [0.0]}, "above 0"),
    ],
)
def test_mistakes_in_the_parameters_are_named(wrong: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        SampledParams(**wrong)


def test_regression_data_is_refused_by_name(parts: Parts) -> None:
    with pytest.raises(UserError, match="toy: expected classes"):
        Entry(SampledParams(), parts["train"].meta | {"n_classes": None, "task": "regression"})


def test_all_networks_start_alike(parts: Parts) -> None:
    model = built(parts)
    states = [
        [tensor.numpy().tobytes() for tensor in network(model, name).layers.state_dict().values()]
        for name in model.networks
    ]
    assert len(states) == len(ALL) and all(state == states[0] for state in states)


def test_a_thinner_graph_keeps_a_part_of_a_fuller_one(parts: Parts) -> None:
    edges, nodes = simple(parts["train"].arrays["edge_index"], 40), 40
    kept = {s: thinned(edges, nodes, s, "toy", 0) for s in (0.2, 0.5, 1.0)}
    pairs = {s: set(map(tuple, e.T.tolist())) for s, e in kept.items()}
    assert pairs[0.2] < pairs[0.5] < pairs[1.0]
    for found in pairs.values():
        assert {(j, i) for i, j in found} == found
    # Binomial: half of about 130 edges, within 5 standard deviations.
    n = edges.shape[1] / 2
    assert abs(kept[0.5].shape[1] / 2 - n / 2) < 5 * math.sqrt(n / 4)
    assert not np.array_equal(kept[0.5], thinned(edges, nodes, 0.5, "toy", 1))
    assert np.array_equal(kept[0.5], thinned(edges, nodes, 0.5, "toy", 0))


def test_meaningless_edges_join_what_was_not_joined(parts: Parts) -> None:
    edges = simple(parts["train"].arrays["edge_index"], 40)
    both, new = noisy(edges, 40, 0.5, "toy", 0)
    old, added = (set(map(tuple, e.T.tolist())) for e in (edges, new))
    assert not old & added and all(i != j for i, j in added)
    assert {(j, i) for i, j in added} == added
    assert len(added) == new.shape[1] == 2 * round(0.5 * edges.shape[1] / 2)
    assert both.shape[1] == edges.shape[1] + new.shape[1]
    assert np.array_equal(new, noisy(edges, 40, 0.5, "toy", 0)[1])
    with pytest.raises(ValueError, match="room"):
        noisy(edges, 40, 100.0, "toy", 0)


@pytest.mark.parametrize("ratio", [0.0, 0.01, 0.25, 0.4, 0.5, 0.65, 0.9, 1.0])
@pytest.mark.parametrize("left_out", [0, 1, 2])
def test_a_bandit_has_an_arm_for_every_entry(ratio: float, left_out: int, parts: Parts) -> None:
    """Whatever way the number of meaningless edges is rounded."""
    arrays = dict(parts["train"].arrays)
    given = arrays["edge_index"]
    gone = {tuple(pair) for pair in given[:, given[0] < given[1]].T[:left_out].tolist()}
    kept = [not {(i, j), (j, i)} & gone for i, j in given.T.tolist()]
    arrays["edge_index"] = given[:, kept]
    meta = parts["train"].meta | {"n_edges": sum(kept)}
    own = {"train": Part(arrays, meta), "validation": Part(parts["validation"].arrays, meta)}
    model = built(own, samplers=["gcn_bs"], noise=ratio, noisy=["gcn_bs"])
    graph = model.graphs.of(*tensors(own), noise=ratio)
    sampler = list(model._networks())[-1].sampler
    assert sampler.log_weight.shape[1] == len(graph.operator.value)  # type: ignore[union-attr]
    sampler.sample(graph, torch.arange(40), 80, torch.Generator(), 0)


@pytest.mark.parametrize("ratio", [0.4, 0.65, 0.9])
def test_bandits_on_the_hubs_with_meaningless_edges(ratio: float) -> None:
    """The set of params.yaml, at values where another rounding falls short by an arm."""
    from triptych.data.catalogue import get
    from triptych.data.prepare import read_raw

    content = read_raw(get("hubs"), None)
    model = Entry(
        SampledParams(**(SMALL | {"samplers": ["gcn_bs"], "noise": ratio, "noisy": ["gcn_bs"]})),
        content.meta | {"dataset": "hubs", "seed": 0},
    )
    x, edges = (torch.from_numpy(content.arrays[name]) for name in ("x", "edge_index"))
    graph = model.graphs.of(x, edges, noise=ratio)
    own = network(model, f"gcn_bs_budget_8_noise_{str(ratio).replace('.', '_')}")
    own.sampler.sample(graph, torch.arange(8), 8, torch.Generator().manual_seed(0), 0)
    assert own.sampler.settings.entries == len(graph.operator.value)


def test_graphs_are_made_once_and_forgotten_in_the_end(parts: Parts) -> None:
    x, edges = tensors(parts)
    graphs = Graphs("mean", "none", parts["train"].meta)
    first = graphs.of(x, edges)
    assert graphs.of(x, edges) is first
    assert graphs.of(x, edges.clone()) is not first
    for step in range(1, 40):
        graphs.of(x, edges, share=step / 40)
    assert len(graphs._held) <= 16


# -- a step ------------------------------------------------------------------------------------


@pytest.mark.parametrize("aggregator", ["mean", "symmetric"])
def test_with_all_neighbours_a_batch_gets_the_logits_of_the_whole_graph(
    parts: Parts, aggregator: str
) -> None:
    model = built(parts, aggregator=aggregator, samplers=["full"])
    own = network(model, "full")
    x, edges = tensors(parts)
    graph = model.graphs.of(x, edges)
    targets = torch.tensor([3, 17, 0])
    trace = own.run(graph, targets, torch.Generator(), drop=False)
    whole = own.whole(graph)[-1]
    # Single precision: two layers of sums of at most 40 terms of order 1.
    torch.testing.assert_close(trace.sums[-1], whole[targets], rtol=0, atol=1e-5)
    plain = gcn.Entry(
        gcn.GCNParams(hidden=8, dropout=0.0, aggregator=aggregator), parts["train"].meta
    )
    plain.load_state_dict(own.layers.state_dict(prefix="layers."))
    torch.testing.assert_close(plain.respond(x, edges), whole, rtol=0, atol=1e-5)
    assert torch.equal(model.respond(x, edges), whole)


def test_sparse_features_give_the_dense_answer(parts: Parts) -> None:
    x, edges = tensors(parts)
    thin = torch.zeros_like(x)
    thin[::4, 2] = x[::4, 2]
    model = built(parts)
    own = network(model, "graphsage_budget_8")
    graph = model.graphs.of(thin, edges)
    assert isinstance(graph.features, Rows)
    filled = type(graph)(graph.operator, thin)
    for drop in (False, True):  # of a zero nothing can be dropped, but the draws differ
        traces = [
            own.run(g, torch.arange(6), torch.Generator().manual_seed(1), drop)
            for g in (graph, filled)
        ]
        if not drop:
            torch.testing.assert_close(traces[0].sums[-1], traces[1].sums[-1], rtol=0, atol=1e-6)
        assert torch.equal(traces[0].samples[0].nodes, traces[1].samples[0].nodes)
    torch.testing.assert_close(own.whole(graph)[-1], own.whole(filled)[-1], rtol=0, atol=1e-6)
    own.run(graph, torch.arange(6), torch.Generator().manual_seed(1)).sums[-1].sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in own.layers.parameters())


@pytest.mark.parametrize("name", ALL)
def test_a_step_has_one_objective_and_one_more_for_a_sampler_that_descends(
    name: str, parts: Parts
) -> None:
    model = built(parts, samplers=[name], budgets=[8])
    own = list(model.networks.values())[-1]
    assert isinstance(own, SampledNetwork)
    data, _ = model.tensors(parts["train"], parts["validation"])
    found = []
    for objective, loss in own.objectives(data, torch.Generator().manual_seed(0)):
        found.append(objective)
        loss.backward()
    groups = own.parameter_groups()
    assert found == sorted(groups, key=["model", "sampler"].index)
    assert ("sampler" in groups) == (name in ("as_gcn", "pass_gnn"))
    if "sampler" in groups:
        assert groups["sampler"][0]["weight_decay"] == 0
        assert any(float(p.grad.abs().sum()) > 0 for p in own.sampler.parameters())  # type: ignore[union-attr]
    decays = [group.get("weight_decay") for group in groups["model"]]
    assert decays == [None, 0.0]  # the first layer's is the optimiser's own


def test_the_loss_of_the_network_does_not_move_the_sampler(parts: Parts) -> None:
    for name in ("as_gcn", "pass_gnn"):
        model = built(parts, samplers=[name])
        own = network(model, f"{name}_budget_8")
        data, _ = model.tensors(parts["train"], parts["validation"])
        _, loss = next(own.objectives(data, torch.Generator().manual_seed(0)))
        loss.backward()
        assert all(p.grad is None for p in own.sampler.parameters())


def test_a_step_sees_training_labels_only(parts: Parts) -> None:
    model = built(parts)
    data, _ = model.tensors(parts["train"], parts["validation"])
    assert data["y"].tolist() == parts["train"].arrays["y"].tolist()
    seen: set[int] = set()
    own = network(model, "full")
    original = own.draw

    def watched(graph: Any, targets: Tensor, rng: torch.Generator) -> Any:
        seen.update(targets.tolist())
        return original(graph, targets, rng)

    own.draw = watched  # type: ignore[method-assign]
    for seed in range(20):
        next(own.objectives(data, torch.Generator().manual_seed(seed)))
    assert seen == set(parts["train"].arrays["index"].tolist())


@pytest.mark.parametrize("name", ALL)
def test_two_runs_are_byte_identical(name: str, parts: Parts) -> None:
    states = []
    for _ in range(2):
        model = built(parts, samplers=[name])
        trained(model, parts)
        states.append([t.numpy().tobytes() for t in model.state_dict().values()])
    untouched = [t.numpy().tobytes() for t in built(parts, samplers=[name]).state_dict().values()]
    assert states[0] == states[1] != untouched


def test_what_a_bandit_has_learnt_is_part_of_the_state(parts: Parts) -> None:
    """So a killed run goes on with it."""
    model = built(parts, samplers=["gcn_bs"])
    trained(model, parts)
    state = model.state_dict()
    key = "networks.gcn_bs_budget_8.sampler.log_weight"
    edges = parts["train"].meta["n_edges"]
    assert state[key].shape == (2, edges + 40) and float(state[key].sum()) > 0
    again = built(parts, samplers=["gcn_bs"])
    again.load_state_dict(state)
    assert torch.equal(again.state_dict()[key], state[key])


# -- trap 22: sampled training, evaluation with all neighbours -----------------------------------


def test_trap_22_evaluation_samples_nothing(parts: Parts) -> None:
    model = built(parts)
    trained(model, parts)
    found = [values(model.measure(parts, (stream,)).numbers) for stream in ("a", "b")]
    hits = [
        {key: value for key, value in each.items() if key[1].startswith("sampled_accuracy")}
        for each in found
    ]
    assert hits[0] == hits[1] and len(hits[0]) == 2 * len(ALL)
    x, edges = tensors(parts)
    held = parts["test"].arrays
    for own in model._networks():
        logits = own.whole(model.graphs.of(x, edges))[-1]
        operator = own.sampler.full(model.graphs.of(x, edges), 0).take(torch.arange(40)).dense()
        by_hand = x
        for number, layer in enumerate(own.layers):
            by_hand = operator.float() @ (by_hand @ layer.weight)  # type: ignore[operator]
            by_hand = by_hand.relu() if number == 0 else by_hand
        torch.testing.assert_close(logits, by_hand, rtol=0, atol=1e-5)
        right = logits.argmax(1).numpy()[held["index"]] == held["y"]
        assert hits[0]["test", f"sampled_accuracy/{own.spec.variant}"] == right.mean()
    text = model.measure(parts, ("a",)).numbers[0].protocol
    for words in ("evaluated with all neighbours", "PASS: its policy", "made for a test"):
        assert words in text


def test_two_evaluations_agree_in_everything_but_seconds(parts: Parts) -> None:
    model = built(parts, shares=[0.5, 1.0], noise=0.5, noisy=["full", "graphsage", "pass_gnn"])
    trained(model, parts)
    one, two = (model.measure(parts, ("a",)).numbers for _ in range(2))
    assert [n for n in one if n.unit != "s"] == [n for n in two if n.unit != "s"]
    seconds = [n.metric for n in one if n.unit == "s"]
    assert sorted(seconds) == [
        "batch_seconds/full", "batch_seconds/full,share=0.5", "batch_seconds/graphsage,fanout=5",
        "batch_seconds/graphsage,fanout=5,share=0.5",
    ]  # fmt: skip


# -- costs -------------------------------------------------------------------------------------


def test_a_fixed_number_of_neighbours_bounds_the_nodes_of_a_batch(parts: Parts) -> None:
    model = built(parts, shares=[1.0], fanout=2, batch_size=3)
    x, edges = tensors(parts)
    graph, index = model.graphs.of(x, edges), torch.arange(40)
    own = network(model, "graphsage_fanout_2")
    for seed in range(10):
        trace = own.draw(graph, index[:3], torch.Generator().manual_seed(seed))
        lower, upper = trace.samples
        assert len(upper.nodes) <= 3 * 2 and len(lower.nodes) <= 3 * 2 * 2
        assert trace.touched == len(upper.nodes) + len(lower.nodes)
        assert torch.equal(trace.targets[0], upper.nodes)  # what one layer drew, the next makes
    everything = network(model, "full").draw(graph, index[:3], torch.Generator())
    assert everything.touched > 3 * 2 + 3 * 2 * 2
    near = set()
    for node in (0, 1, 2):
        near |= {node, *edges[0][edges[1] == node].tolist()}
    assert set(everything.samples[1].nodes.tolist()) == near


def test_costs_count_what_the_samples_hold(parts: Parts) -> None:
    model = built(parts, shares=[1.0])
    x, edges = tensors(parts)
    graph, index = model.graphs.of(x, edges), torch.arange(40)
    full, fixed = network(model, "full"), network(model, "graphsage_fanout_5")
    whole = batch_cost.run(full, graph, index, 3, torch.Generator().manual_seed(0))
    few = batch_cost.run(fixed, graph, index, 3, torch.Generator().manual_seed(0))
    assert whole.nodes > few.nodes and whole.held > few.held > 0
    assert whole.seconds > 0
    again = batch_cost.run(full, graph, index, 3, torch.Generator().manual_seed(0))
    assert (again.nodes, again.held) == (whole.nodes, whole.held)
    counted = batch_cost.count(full, graph, torch.arange(6), 1, torch.Generator().manual_seed(0))
    trace = full.draw(graph, torch.arange(6), torch.Generator())
    assert counted.nodes == trace.touched
    assert math.isnan(counted.held)
    assert all(p.grad is None for p in full.parameters())


def test_a_sum_over_all_neighbours_has_no_error(parts: Parts) -> None:
    model = built(parts)
    trained(model, parts)
    x, edges = tensors(parts)
    graph, index = model.graphs.of(x, edges), torch.arange(40)
    few, all_ = errors(
        network(model, "graphsage_budget_8"), graph, index, [6, 600], 20,
        torch.Generator().manual_seed(0),
    )  # fmt: skip
    assert few.own > 0.1 and few.own_nodes <= 6
    assert all_.own == pytest.approx(0, abs=1e-6)  # single precision, sums of 40 terms
    assert math.isnan(few.start)
    (learnt,) = errors(
        network(model, "gcn_bs_budget_8"), graph, index, [12], 20, torch.Generator().manual_seed(0)
    )
    assert learnt.start > 0 and learnt.uniform > 0
    state = {k: v.clone() for k, v in model.state_dict().items()}
    errors(network(model, "pass_gnn_budget_8"), graph, index, [6], 2, torch.Generator())
    assert all(torch.equal(v, state[k]) for k, v in model.state_dict().items())


def test_the_error_of_a_sum_is_that_of_its_definition(parts: Parts) -> None:
    """One draw per target from two neighbours or more: the error's square is a known mean."""
    model = built(parts, samplers=["graphsage"])
    x, edges = tensors(parts)
    graph = model.graphs.of(x, edges)
    own = network(model, "graphsage_budget_8")
    z = own.whole(graph)[1].double()
    a = graph.operator.take(torch.arange(40)).dense().double()
    exact = a @ z
    # One uniform draw of the row's d entries: z_j with probability 1/d each.
    square = sum(
        float((z[row > 0] - exact[i]).square().sum(1).mean()) for i, row in enumerate(a)
    ) / float(exact.square().sum())
    draws = 400
    (found,) = errors(own, graph, torch.arange(40), [1], draws, torch.Generator().manual_seed(0))
    # 2400 targets, each with a squared error of the order of the mean: 1/sqrt(2400) = 2 % of it;
    # the ratio's denominator varies alike. Six times that, halved by the root, is 6 %.
    assert found.own == pytest.approx(math.sqrt(square), rel=0.06)


def test_the_share_of_meaningless_draws_by_hand(parts: Parts) -> None:
    model = built(parts, noise=0.5, noisy=["graphsage", "pass_gnn"])
    x, edges = tensors(parts)
    graph = model.graphs.of(x, edges, noise=0.5)
    added = model.graphs.added(x, edges, 0.5)
    meaningless = set(map(tuple, added.T.tolist()))
    by_hand = 0.0
    for node in range(40):
        near = graph.operator.take(torch.tensor([node])).column.tolist()
        by_hand += sum((j, node) in meaningless for j in near) / len(near) / 40
    uniform = noise_share(network(model, "graphsage_budget_8_noise_0_5"), graph, added)
    assert uniform == pytest.approx(by_hand, abs=1e-12)
    policy = network(model, "pass_gnn_budget_8_noise_0_5")
    policy.sampler.importance.data.zero_()  # type: ignore[operator, union-attr]
    # Without an importance the policy is uniform, up to its smallest score of 1e-9.
    assert noise_share(policy, graph, added) == pytest.approx(by_hand, abs=1e-6)


def test_who_does_not_draw_for_a_node_has_no_share_of_its_draws(parts: Parts) -> None:
    model = built(parts, noise=0.5, noisy=ALL)
    x, edges = tensors(parts)
    graph, added = model.graphs.of(x, edges, noise=0.5), model.graphs.added(x, edges, 0.5)
    found = {
        own.spec.sampler: noise_share(own, graph, added)
        for own in model._networks()
        if own.spec.noise
    }
    drawing = {"graphsage", "gcn_bs", "pass_gnn"}
    assert set(found) == set(ALL)
    assert {name for name, share in found.items() if share is not None} == drawing


def test_uniform_draws_have_uniform_probabilities(parts: Parts) -> None:
    model = built(parts, samplers=["graphsage"])
    graph = model.graphs.of(*tensors(parts))
    sampler = network(model, "graphsage_budget_8").sampler
    row, place, q = sampler.probabilities(graph, torch.arange(40), 0)  # type: ignore[operator]
    assert torch.equal(place, torch.arange(len(graph.operator.value)))
    sums = torch.zeros(40, dtype=torch.float64).index_add(0, row, q)
    torch.testing.assert_close(sums, torch.ones_like(sums), rtol=0, atol=40 * 2**-52)
    assert all(len(set(q[row == i].tolist())) == 1 for i in range(40))


def test_what_estimates_another_sum_has_no_error_of_this_one(parts: Parts) -> None:
    """PASS is unbiased for its own policy; what it is off Â by is its purpose, not an error."""
    model = built(parts, samplers=["graphsage", "ladies", "pass_gnn"])
    found = values(model.measure(parts, ("a",)).numbers)
    measured = {name.split("/")[1].split(",")[0] for _, name in found if "_error/" in name}
    assert measured == {"graphsage", "ladies"}
    assert ("test", "sampled_accuracy/pass_gnn,budget=8") in found
    wrong = [name for name in ALL if not samplers.find(name).estimates]
    assert wrong == ["pass_gnn"]


def test_records_name_every_network(parts: Parts) -> None:
    model = built(
        parts, shares=[0.5, 1.0], noise=0.5, noisy=["full", "graphsage", "ladies", "pass_gnn"]
    )
    trained(model, parts)
    found = values(model.measure(parts, ("a",)).numbers)
    for variant in (spec.variant for spec in specs(model.params)):
        assert ("test", f"sampled_accuracy/{variant}") in found
        assert ("train", f"nodes_per_batch/{variant}") in found
    assert ("train", "mean_degree/full,share=0.5") in found
    assert found["train", "mean_degree/full"] == parts["train"].meta["n_edges"] / 40
    assert ("train", "sum_error/ladies,budget=4") in found
    assert ("train", "start_error/as_gcn,budget=4") in found
    assert ("train", "start_error/ladies,budget=4") not in found
    assert 0 < found["all", "noise_share/graphsage,budget=8,noise=0.5"] < 0.5
    assert {name for _, name in found if name.startswith("noise_share")} == {
        "noise_share/graphsage,budget=8,noise=0.5", "noise_share/pass_gnn,budget=8,noise=0.5",
    }  # fmt: skip


def test_default_parameters_train_every_sampler() -> None:
    assert {spec.sampler for spec in specs(SampledParams())} == set(ALL)
    assert sampled_gcn.middle(SampledParams()) == 128
