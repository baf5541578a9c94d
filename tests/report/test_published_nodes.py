"""The table of citation networks: our runs beside published ones, each with its protocol."""

import pandas as pd
import pytest

from triptych.records import COLUMNS
from triptych.report import graph_tables, published_nodes
from triptych.report.data import ReportData


def row(model: str, dataset: str, seed: int, value: float) -> dict[str, object]:
    return {
        "panel": "graphs", "task": "node classification", "dataset": dataset, "model": model,
        "seed": seed, "split": "test", "metric": "accuracy", "value": value, "unit": "fraction",
        "kind": "exact", "n": 1000,
        "protocol": "transductive; split: public; at most 200 full-batch steps, fewer after 50 "
        "without a lower validation loss; weights of the lowest validation loss",
    }  # fmt: skip


def data(*rows: dict[str, object]) -> ReportData:
    return ReportData(pd.DataFrame(rows, columns=list(COLUMNS)))


def test_ours_come_first_with_spread_runs_and_rule() -> None:
    made = data(
        row("gcn", "cora", 0, 0.81), row("gcn", "cora", 1, 0.83), row("gcn", "pubmed", 0, 0.79),
        row("gcn", "digits_knn", 0, 0.5),
    )  # fmt: skip
    (table,) = published_nodes.tables(made)
    model, cora, citeseer, pubmed, protocol, source = table.rows[0]
    assert (model.text, model.note, source.text) == ("gcn", "this run", "")
    assert cora.text == "82.0 ± 1.4"  # 81 and 83, n - 1
    assert citeseer.text == "–" or "—" in citeseer.text or citeseer.text == ""
    assert pubmed.text.startswith("79")
    assert "at most 200 full-batch steps" in protocol.text
    assert "weights of the lowest validation loss" in protocol.text
    assert "transductive" not in protocol.text
    assert len(table.rows) == 1 + len(published_nodes.PUBLISHED)
    assert table in graph_tables.tables(made)


@pytest.mark.parametrize(
    ("protocol", "rule"),
    [
        (  # label propagation, as its entry writes it
            "transductive: edges and the labels of the training part only, no features; split: "
            "public; 50 steps; α of the highest validation accuracy among [0.5, 0.9]; nothing is "
            "random",
            "50 steps; α of the highest validation accuracy among [0.5, 0.9]",
        ),
        (
            "split: public; 7 steps; α of the highest validation accuracy among [0.5]",
            "7 steps; α of the highest validation accuracy among [0.5]",
        ),
        (
            "split: public; at most 100 full-batch steps; weights of the last step; weight decay "
            "of the highest validation accuracy: [0.1]",
            "at most 100 full-batch steps; weights of the last step; weight decay of the highest "
            "validation accuracy: [0.1]",
        ),
    ],
)
def test_the_protocol_says_how_training_ended_and_what_was_chosen(protocol: str, rule: str) -> None:
    made = data(row("one", "cora", 0, 0.8) | {"protocol": protocol})
    (table,) = published_nodes.tables(made)
    assert table.rows[0][4].text == f"one run; {rule}"


def test_other_graphs_have_no_such_table() -> None:
    assert published_nodes.tables(data(row("gcn", "karate", 0, 0.9))) == []


@pytest.mark.parametrize("entry", published_nodes.PUBLISHED)
def test_published_numbers_have_a_protocol_and_a_source(entry) -> None:  # type: ignore[no-untyped-def]
    assert entry.protocol
    assert entry.source
    assert all(60 < value < 90 for value in entry.percent)
