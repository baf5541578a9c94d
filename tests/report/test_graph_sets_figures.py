"""What the figures on links, whole graphs and latent graphs are drawn from."""

import pandas as pd
import pytest

from triptych.report import published_links
from triptych.report.data import MissingData, ReportData
from triptych.report.figures import (
    graphs_accuracy,
    graphs_expressiveness,
    graphs_generated,
    graphs_links,
    graphs_springs,
)


def test_counts_rise_and_refinement_comes_first(world) -> None:  # type: ignore[no-untyped-def]
    table = graphs_expressiveness.prepare(world.data())
    assert list(table["label"].head(3)) == [
        "colour refinement (1-WL)", "sum (GIN), then sum", "sum (GIN), then mean",
    ]  # fmt: skip
    assert table["mean"].is_monotonic_increasing and (table["pairs"] == 783_126).all()


def test_shared_baselines_stand_once(world) -> None:  # type: ignore[no-untyped-def]
    found = graphs_links.prepare(world.data())
    assert set(found) == {"cora", "knn_digits"}
    auc = found["cora"][found["cora"]["metric"] == "link_auc"]
    assert list(auc["label"]) == [
        "gae", "vgae", "gae, untrained", "vgae, untrained", "common neighbours",
        "cosine of features",
    ]  # fmt: skip
    assert auc["own"].tolist() == [True, True, False, False, False, False]


def test_springs_come_with_their_accuracies(world) -> None:  # type: ignore[no-untyped-def]
    arrays, table = graphs_springs.prepare(world.data())
    assert arrays["positions"].shape == (3, 5, 20, 2)
    assert table["variant"].tolist() == ["law", "", "correlation", "majority"]


def test_samples_come_with_held_out_graphs(world) -> None:  # type: ignore[no-untyped-def]
    arrays = graphs_generated.prepare(world.data())
    assert {"degree/test", "clustering/random", "graph/0"} <= arrays.keys()


def test_tasks_are_not_mixed(world) -> None:  # type: ignore[no-untyped-def]
    nodes, whole = (
        graphs_accuracy.prepare(world.data(), task)
        for task in (graphs_accuracy.NODES, graphs_accuracy.GRAPHS)
    )
    assert set(whole["dataset"]) == {"digits_pixels"} and len(whole) == 4
    assert "digits_pixels" not in set(nodes["dataset"])
    assert (whole["n"] == 5).all()  # one number a seed: the commonest class is a variant


@pytest.mark.parametrize(
    "figure", [graphs_expressiveness, graphs_links, graphs_springs, graphs_generated]
)
def test_figures_say_what_they_miss(figure, tmp_path) -> None:  # type: ignore[no-untyped-def]
    empty = ReportData(
        pd.DataFrame(columns=["panel", "metric", "split", "value", "model"]), results=tmp_path
    )
    with pytest.raises(MissingData):
        figure.prepare(empty)


def test_published_links_stand_beside_ours(world) -> None:  # type: ignore[no-untyped-def]
    (table,) = published_links.tables(world.data())
    assert "cora" in table.caption
    ours = [row for row in table.rows if row[0].note == "this run"]
    assert [row[0].text for row in ours] == ["gae", "vgae"]
    assert all(row[1].text.startswith(("90", "91", "92")) for row in ours)  # per cent of 0.91
    assert len(table.rows) == 2 + len(published_links.PUBLISHED["cora"])
    assert all(row[4].text for row in table.rows if row[0].note == "published")
