"""What the figures of width draw, from made-up numbers."""

from dataclasses import replace

import pandas as pd
import pytest
from report_world import World

from triptych.report import figure
from triptych.report.data import MissingData, ReportData
from triptych.report.figures import graphs_samplers, graphs_width


def test_growth_has_a_line_for_each_count(world: World) -> None:
    table = graphs_width.prepare_growth(world.data())
    own = table[table["dataset"] == "hubs"]
    assert set(own["metric"]) == {"neighbours", "neighbours_hub", "tree", "k_power"}
    assert own["hops"].max() == 5
    most = own[(own["metric"] == "neighbours") & (own["hops"] == 5)]["mean"].item()
    assert most == 3000


def test_costs_are_drawn_where_the_degree_was_swept(world: World) -> None:
    table = graphs_width.prepare_swept(world.data())
    assert set(table["dataset"]) == {"hubs"}
    assert sorted(set(table["degree"])) == [2.0, 5.6, 16.0]
    assert set(table["way"]) == {graphs_width.ALL, graphs_width.FIXED}
    rows = table[(table["metric"] == "nodes_per_batch") & (table["degree"] == 16)]
    assert dict(zip(rows["way"], rows["mean"], strict=True))[graphs_width.ALL] == 4800


def test_accuracy_stands_over_counted_nodes(world: World) -> None:
    table, whole = graphs_samplers.prepare_accuracy(world.data())
    assert set(table["sampler"]) == set(graphs_samplers.TITLES)
    assert set(whole.index) == {("hubs", "sampled_gcn"), ("karate", "sampled_gcn_noise")}
    rows = table[(table["dataset"] == "hubs") & (table["sampler"] == "ladies")]
    assert sorted(rows["nodes"]) == pytest.approx([57.6, 230.4, 921.6])


def test_errors_stand_over_counted_nodes(world: World) -> None:
    table = graphs_samplers.prepare_error(world.data())
    rows = table[(table["dataset"] == "hubs") & (table["sampler"] == "graphsage")]
    assert sorted(rows["nodes"]) == pytest.approx([28.8, 57.6, 115.2, 230.4, 460.8])
    assert (rows["std"] > 0).all()


def test_noise_is_beside_the_same_budget_without_it(world: World) -> None:
    table = graphs_samplers.prepare_noise(world.data())
    assert set(table["dataset"]) == {"karate"}
    assert set(table["sampler"]) == {"full", "graphsage", "ladies", "pass_gnn"}
    assert table.groupby("sampler")["kind"].apply(set).map(len).tolist() == [2] * 4
    clean = table[(table["sampler"] == "ladies") & (table["kind"] == "clean")]["mean"].item()
    assert clean == pytest.approx(0.88 - 0.3 * 0.5 * 0.5, abs=0.03)  # that of budget 128


def on_one_graph(world: World) -> ReportData:
    """Both entries on the hubs; the second's numbers are half of the first's."""
    made = world.data()
    records = made.records[made.records["dataset"] != "karate"]
    more = records[records["model"] == "sampled_gcn"]
    noisy = made.records[made.records["metric"].str.contains("noise=", regex=False)]
    noisy = noisy[noisy["model"] == "sampled_gcn_noise"].assign(dataset="hubs")
    second = pd.concat([more, noisy]).assign(model="sampled_gcn_noise")
    halved = ~second["metric"].str.startswith("mean_degree")
    second["value"] = second["value"].where(~halved, second["value"] / 2)
    both = [records, second, noisy.assign(model="sampled_gcn")]
    return replace(made, records=pd.concat(both, ignore_index=True))


def test_entries_on_one_graph_are_not_averaged(world: World) -> None:
    data = on_one_graph(world)
    names = {("hubs", m): f"hubs, {m}" for m in ("sampled_gcn", "sampled_gcn_noise")}
    accuracy, whole = graphs_samplers.prepare_accuracy(data)
    for table, keys in (
        (accuracy, ["sampler", "budget"]),
        (graphs_samplers.prepare_error(data), ["sampler", "budget"]),
        (graphs_samplers.prepare_noise(data), ["sampler", "kind"]),
        (graphs_width.prepare_swept(data), ["metric", "way", "degree"]),
    ):
        assert graphs_width.titles(table) == names
        found = table.set_index(["model", *keys])["mean"]
        first, second = (found.xs(model) for model in ("sampled_gcn", "sampled_gcn_noise"))
        pd.testing.assert_series_equal(second, first / 2, check_like=True)
    assert whole["hubs", "sampled_gcn_noise"] == whole["hubs", "sampled_gcn"] / 2


def test_their_figures_name_the_entries(world: World, layout_problems) -> None:  # type: ignore[no-untyped-def]
    data = on_one_graph(world)
    longest = data.records.replace({"dataset": {"hubs": "citeseer_fastgcn"}})
    data = replace(data, records=longest)
    for figures in (graphs_samplers.FIGURES, graphs_width.FIGURES[1:]):
        for each in figures:
            with figure.drawn(each, data) as canvas:
                assert layout_problems(canvas) == [], each.name


def test_a_new_sampler_takes_no_style_from_the_known_ones() -> None:
    known = graphs_samplers.samplers_styles(set())
    more = graphs_samplers.samplers_styles({"my_sampler"})
    assert {name: more[name] for name in known} == known and "my_sampler" in more


def test_without_records_the_figures_say_so(world: World) -> None:
    empty = ReportData(world.data().records.iloc[:0])
    for prepare in (
        graphs_width.prepare_growth,
        graphs_width.prepare_swept,
        graphs_samplers.prepare_accuracy,
        graphs_samplers.prepare_error,
        graphs_samplers.prepare_noise,
    ):
        with pytest.raises(MissingData):
            prepare(empty)
