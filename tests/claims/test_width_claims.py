"""Effects of the claims about width, read off tables written by hand."""

import math

import pandas as pd
import pytest

from triptych.claims.graphs import n08_explosion, n09_fixed_fanout, n10_importance
from triptych.claims.graphs._sampling import Variant, interpolated, title
from triptych.records import COLUMNS, Record

RULE = "split: 200 training labels, drawn anew for each seed"
Row = tuple[str, str, dict[int, float]]  # split, metric, value per seed


def entries(**rows: list[Row]) -> pd.DataFrame:
    """Several entries on one data set."""
    return pd.concat([table(own, model=model) for model, own in rows.items()], ignore_index=True)


def table(rows: list[Row], dataset: str = "hubs", model: str = "sampled_gcn") -> pd.DataFrame:
    records = [
        Record(
            "graphs", "node classification", dataset, model, seed, split, metric, value, "1",
            "exact", 3000, RULE,
        )
        for split, metric, values in rows
        for seed, value in values.items()
    ]  # fmt: skip
    return pd.DataFrame([vars(record) for record in records], columns=list(COLUMNS))


def test_variants_are_taken_apart() -> None:
    plain = Variant.parse("full")
    assert (plain.sampler, dict(plain.settings)) == ("full", {})
    swept = Variant.parse("graphsage,fanout=5,share=0.25")
    assert swept.settings == {"fanout": 5, "share": 0.25}
    assert swept.has("share", "fanout") and not swept.has("fanout")
    assert title("as_gcn") == "AS-GCN" and title("new_one") == "new_one"


def test_interpolation_is_linear_in_the_logarithm_and_never_beyond() -> None:
    known = {1.0: 0.0, 100.0: 1.0, 1000.0: 3.0}
    assert interpolated(10.0, known) == pytest.approx(0.5)
    assert interpolated(1000.0, known) == 3.0
    assert math.isnan(interpolated(0.5, known)) and math.isnan(interpolated(2000.0, known))
    assert math.isnan(interpolated(1.0, {}))


def growth(distinct: float, k: float = 10.0) -> list[Row]:
    return [
        ("all", "tree/hops=5", {0: 10 * k**5, 1: 10 * k**5}),
        ("all", "k_power/hops=5", {0: k**5, 1: k**5}),
        ("all", "neighbours/hops=1", {0: k, 1: k}),
        ("all", "neighbours/hops=2", {0: distinct, 1: distinct}),
        ("all", "k_power/hops=2", {0: k**2, 1: k**2}),
        ("all", "neighbours_hub/hops=2", {0: 100 * distinct, 1: 100 * distinct}),
    ]


def test_explosion_can_fail_where_neighbours_share_their_neighbours() -> None:
    for distinct, expected in ((1000.0, 1.0), (10.0, -1.0)):
        effects = n08_explosion.effects(table(growth(distinct), model="neighbourhood"))
        tree, rate, hub = effects
        assert rate.values == pytest.approx({0: expected, 1: expected})
        # log10 of (second hop over first) over K, the first hop being K.
        assert math.log10(distinct / 10 / 10) == expected
        assert tree.values == pytest.approx({0: 1.0, 1: 1.0})
        assert hub.values == pytest.approx({0: 2.0, 1: 2.0})
        assert ["read its size" in each.comparison for each in effects] == [True, False, True]
    assert n08_explosion.effects(table([])) == []


def costs(variant: str, nodes: float, size: float, seconds: float, degree: float) -> list[Row]:
    return [
        ("train", f"nodes_per_batch/{variant}", {0: nodes, 1: nodes}),
        ("train", f"bytes_per_batch/{variant}", {0: size, 1: size}),
        ("train", f"batch_seconds/{variant}", {0: seconds, 1: seconds}),
        ("train", f"mean_degree/{variant}", {0: degree, 1: degree}),
    ]


def test_cost_of_all_neighbours_over_a_fixed_number() -> None:
    rows = [
        *costs("full", 1000, 1e6, 0.1, 16), *costs("graphsage,fanout=5", 100, 1e4, 0.01, 16),
        *costs("full,share=0.5", 200, 1e5, 0.05, 8),
        *costs("graphsage,fanout=5,share=0.5", 80, 9e3, 0.01, 8),
        ("train", "nodes_per_batch/graphsage,budget=64", {0: 1.0, 1: 1.0}),
        ("train", "n_train", {0: 200, 1: 200}),
        ("test", "sampled_accuracy/full", {0: 0.9, 1: 0.8}),
        ("test", "sampled_accuracy/graphsage,fanout=5", {0: 0.88, 1: 0.81}),
    ]  # fmt: skip
    nodes, held, seconds, growth, accuracy = n09_fixed_fanout.effects(table(rows))
    assert nodes.values == pytest.approx({0: 1.0, 1: 1.0})
    assert held.values == pytest.approx({0: 2.0, 1: 2.0})
    assert seconds.values == pytest.approx({0: 1.0, 1: 1.0})
    assert growth.values == pytest.approx({s: math.log10(5) - math.log10(1.25) for s in (0, 1)})
    assert "from degree 8 to 16" in growth.comparison
    assert accuracy.values == pytest.approx({0: -0.02, 1: 0.01})
    assert accuracy.margin == -0.01 and accuracy.test_train_ratio == 0
    assert all("5 each" in effect.comparison for effect in (nodes, held, seconds))


def test_without_a_sweep_nothing_is_claimed_of_cost() -> None:
    rows: list[Row] = [
        ("test", "sampled_accuracy/full", {0: 0.9}),
        ("test", "sampled_accuracy/ladies,budget=8", {0: 0.9}),
        *costs("full", 1000, 1e6, 0.1, 16),
    ]
    assert n09_fixed_fanout.effects(table(rows)) == []


def network(variant: str, hit: float, nodes: float) -> list[Row]:
    return [
        ("test", f"sampled_accuracy/{variant}", {0: hit, 1: hit}),
        ("train", f"nodes_per_batch/{variant}", {0: nodes, 1: nodes}),
    ]


def test_accuracy_is_compared_at_equal_nodes_not_at_equal_budgets() -> None:
    rows = [
        *network("full", 0.95, 5000),
        *network("graphsage,budget=10", 0.5, 10), *network("graphsage,budget=1000", 0.9, 1000),
        *network("ladies,budget=10", 0.9, 1),  # fewer nodes than any uniform point: not compared
        *network("ladies,budget=1000", 0.8, 100),
        *network("graphsage,fanout=5", 0.1, 100),  # another question's network
    ]  # fmt: skip
    (effect,) = n10_importance.effects(table(rows))
    # Uniform draws reach 0.7 with 100 nodes, half way between 10 and 1000 in the logarithm.
    assert effect.values == pytest.approx({0: 0.1, 1: 0.1})
    assert effect.comparison == "test accuracy at equal nodes: LADIES − GraphSAGE"
    assert n10_importance.effects(table(rows[:1])) == []


Pair = tuple[float, float]  # error, nodes


def error(sampler: str, budget: int, own: Pair, uniform: Pair) -> list[Row]:
    names = ("sum_error", "sum_nodes", "uniform_error", "uniform_nodes")
    return [
        ("train", f"{name}/{sampler},budget={budget}", {0: value, 1: value})
        for name, value in zip(names, (*own, *uniform), strict=True)
    ]


def test_errors_are_compared_at_equal_nodes() -> None:
    rows = [
        *network("full", 0.9, 5000), *network("as_gcn,budget=8", 0.9, 8),
        *error("as_gcn", 8, (0.1, 10), (1.0, 10)),
        *error("as_gcn", 64, (0.01, 100), (0.1, 1000)),
        *error("as_gcn", 512, (0.001, 5000), (0.0, 5000)),  # no error left: no logarithm
        ("train", "start_error/as_gcn,budget=8", {0: 1.0, 1: 1.0}),
        ("train", "start_error/as_gcn,budget=64", {0: 0.01, 1: 0.01}),
    ]  # fmt: skip
    against, learnt = n10_importance.effects(table(rows))
    # At 10 nodes 1.0 against 0.1; at 100, 10^-0.5 against 0.01: 1 and 1.5.
    assert against.values == pytest.approx({0: 1.25, 1: 1.25})
    assert against.comparison.endswith("GraphSAGE over AS-GCN")
    assert learnt.values == pytest.approx({0: 0.5, 1: 0.5})
    assert "before over after" in learnt.comparison


def test_noise_is_an_effect_of_its_own() -> None:
    rows = [
        *network("full", 0.9, 5000),
        *network("graphsage,budget=8,noise=1", 0.5, 8),
        *network("pass_gnn,budget=8,noise=1", 0.8, 8),
        *network("ladies,budget=8,noise=1", 0.6, 8),
        ("all", "noise_share/graphsage,budget=8,noise=1", {0: 0.5, 1: 0.5}),
        ("all", "noise_share/pass_gnn,budget=8,noise=1", {0: 0.2, 1: 0.2}),
    ]  # fmt: skip
    effects = {effect.comparison: effect.values for effect in n10_importance.effects(table(rows))}
    edges = "1 meaningless edges per true one"
    assert effects == {
        f"test accuracy, {edges}: PASS (evaluated with its own policy) − GraphSAGE": pytest.approx(
            {0: 0.3, 1: 0.3}
        ),
        f"draws that follow one of {edges}: GraphSAGE − PASS": pytest.approx({0: 0.3, 1: 0.3}),
        f"test accuracy, {edges}: LADIES − GraphSAGE": pytest.approx({0: 0.1, 1: 0.1}),
    }


def test_seeds_that_share_most_of_their_data_widen_the_interval() -> None:
    rule = "split: repeated hold-out 60%/20%/20%, drawn anew for each seed"
    rows = [
        *network("full", 0.9, 5000), *network("graphsage,budget=8", 0.5, 8),
        *network("graphsage,budget=9", 0.5, 9), *network("ladies,budget=8", 0.6, 8),
        ("train", "n_train", {0: 9000, 1: 9000}),
    ]  # fmt: skip
    made = table(rows).assign(protocol=rule)
    (effect,) = n10_importance.effects(made)
    assert effect.test_train_ratio == pytest.approx(3000 / 9000)


def test_entries_on_one_graph_are_told_apart() -> None:
    """Two effects of one label would be drawn, and read, as one."""
    uniform = [*network("graphsage,budget=8", 0.5, 8), *network("graphsage,budget=9", 0.5, 9)]
    made = entries(
        plain=[*network("full", 0.9, 5000), *uniform, *network("ladies,budget=8", 0.6, 8)],
        noisy=[
            *network("full", 0.9, 5000), *uniform, *network("ladies,budget=8", 0.7, 8),
            *network("fastgcn,budget=8", 0.4, 8),
        ],
    )  # fmt: skip
    found = {effect.comparison: effect.values[0] for effect in n10_importance.effects(made)}
    label = "test accuracy at equal nodes:"
    assert found == pytest.approx(
        {
            f"{label} LADIES − GraphSAGE (noisy)": 0.2,
            f"{label} LADIES − GraphSAGE (plain)": 0.1,
            f"{label} FastGCN − GraphSAGE": -0.1,  # of one entry alone: nothing to tell apart
        }
    )
    alone = made[made["model"] == "plain"]
    assert [e.comparison for e in n10_importance.effects(alone)] == [f"{label} LADIES − GraphSAGE"]


def test_costs_of_entries_on_one_graph_are_told_apart() -> None:
    rows = [
        *costs("full", 1000, 1e6, 0.1, 16), *costs("graphsage,fanout=5", 100, 1e4, 0.01, 16),
        ("test", "sampled_accuracy/full", {0: 0.9}),
        ("test", "sampled_accuracy/graphsage,fanout=5", {0: 0.9}),
    ]  # fmt: skip
    effects = n09_fixed_fanout.effects(entries(plain=rows, noisy=rows))
    labels = [effect.comparison for effect in effects]
    assert len(labels) == len(set(labels)) == 8
    assert {label[label.rindex("(") :] for label in labels} == {"(plain)", "(noisy)"}
