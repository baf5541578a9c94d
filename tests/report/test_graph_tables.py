"""Tables of screens and of published accuracies, from made-up records."""

import pandas as pd
import pytest

from triptych.records import COLUMNS
from triptych.report import graph_tables, published_graph_sets, published_links
from triptych.report.data import ReportData

FOLDS = (
    "inductive; split: 10-fold cross-validation, seed s; some note; weights of the lowest "
    "validation loss; width of [32] with the lowest validation loss, chosen for each seed"
)


def row(model: str, seed: int, metric: str, value: float, **more: object) -> dict[str, object]:
    base = {
        "panel": "graphs", "task": "graph classification", "dataset": "mutag", "model": model,
        "seed": seed, "split": "test", "metric": metric, "value": value, "unit": "fraction",
        "kind": "exact", "n": 19, "protocol": FOLDS,
    }  # fmt: skip
    return base | more


def data(rows: list[dict[str, object]]) -> ReportData:
    return ReportData(pd.DataFrame(rows, columns=list(COLUMNS)))


def test_ours_stand_beside_published_folds() -> None:
    rows = [row("fold_gin", s, "accuracy", v, n=n) for s, v, n in ((0, 0.8, 19), (1, 0.9, 18))]
    rows.append(row("fold_gin", 0, "accuracy", 0.1, split="validation"))
    (table,) = published_graph_sets.tables(data(rows))
    model, percent, protocol, _ = table.rows[0]
    assert (model.text, model.note) == ("fold_gin", "this run")
    # The deviation of 80 and 90 with n - 1 is 7.07.
    assert percent.text == "85.0 ± 7.1" and percent.note == "2 seeds"
    assert protocol.text.startswith("10-fold cross-validation, seed s; weights of the lowest")
    assert "some note" not in protocol.text and protocol.note == "18 or 19 test graphs a fold"
    assert len(table.rows) == 1 + len(published_graph_sets.PUBLISHED["mutag"])


def test_links_stand_beside_published_ones() -> None:
    """Through the report's own list of tables: a module that is left out there has none."""
    rows = []
    for seed, hit in ((0, 0.90), (1, 0.92)):
        more = {
            "task": "link prediction", "dataset": "cora", "n": 527,
            "protocol": "split: links; a seed draws all; at most 600 steps; weights of the last",
        }  # fmt: skip
        rows += [
            row("gae", seed, "link_auc", hit, **more),
            row("gae", seed, "link_ap", hit + 0.01, **more),
            row("gae", seed, "link_auc/untrained", 0.5, **more),
            row("gae", seed, "link_auc", 0.1, **more | {"split": "validation"}),
        ]
    (table,) = graph_tables.tables(data(rows))
    model, auc, ap, protocol, _ = table.rows[0]
    assert (model.text, auc.text, ap.text) == ("gae", "91.0 ± 1.4", "92.0 ± 1.4")
    assert protocol.text.endswith("at most 600 steps; weights of the last")
    assert len(table.rows) == 1 + len(published_links.PUBLISHED["cora"])


def test_other_data_has_no_such_table() -> None:
    assert graph_tables.tables(data([row("gcn", 0, "accuracy", 0.8, dataset="cora")])) == []


@pytest.mark.parametrize("entries", published_graph_sets.PUBLISHED.values())
def test_published_numbers_have_a_protocol_a_source_and_an_order(entries) -> None:  # type: ignore[no-untyped-def]
    assert all(entry.source and "10-fold" in entry.protocol for entry in entries)
    values = [entry.percent for entry in entries]
    assert values == sorted(values, reverse=True)


def test_a_screen_has_chance_on_top_and_states_the_imbalance() -> None:
    rows = []
    for model, gain in (("dmpnn", 4.0), ("fingerprint", 3.0)):
        for seed in (0, 1):
            common = {"dataset": "screen", "n": 400 + seed}
            rows += [
                row(model, seed, "positives", 0.05, **common),
                row(model, seed, "precision_at_100", 0.05 * gain, **common),
                row(model, seed, "enrichment_at_100", gain, **common),
                row(model, seed, "average_precision", 0.5, **common),
                row(model, seed, "auroc", 0.5 + gain / 10, **common),
                row(model, seed, "auroc", 0.1, **common | {"split": "validation"}),
            ]
    (table,) = graph_tables.tables(data(rows))
    chance, first, second = table.rows
    assert [cell.text for cell in chance] == ["chance", "0.0500", "1.00", "0.0500", "0.500"]
    assert first[0].text == "dmpnn" and second[0].text == "fingerprint"
    assert float(first[1].text) == 0.2 and float(first[4].text) == 0.9
    assert first[2].best and not second[2].best
    assert "400 to 401 molecules, 5 % of them active" in table.note
