import pandas as pd
import pytest

from triptych.claims.base import Statistical
from triptych.claims.ledger import Unmeasured
from triptych.records import COLUMNS
from triptych.report import ledger_view, markdown, provenance, tables
from triptych.report.data import ReportData
from triptych.report.tables import Cell, Table


def row(model: str, metric: str, value: float, seed: int = 0, **more: object) -> dict[str, object]:
    base = {
        "panel": "generative", "task": "density", "dataset": "digits", "model": model, "seed": seed,
        "split": "test", "metric": metric, "value": value, "unit": "bits/dim", "kind": "exact",
        "n": 360, "protocol": "stratified",
    }  # fmt: skip
    return base | more


def data(*rows: dict[str, object], claims: pd.DataFrame | None = None) -> ReportData:
    records = pd.DataFrame(list(rows), columns=list(COLUMNS))
    return ReportData(records) if claims is None else ReportData(records, claims=claims)


def texts(table: Table) -> list[list[str]]:
    return [[cell.text for cell in line] for line in table.rows]


def test_trade_off_by_hand() -> None:
    (table,) = tables.trade_off(
        data(
            row("vae", "bits_per_dim", 2.0, 0, kind="upper bound"),
            row("vae", "bits_per_dim", 4.0, 1, kind="upper bound"),
            row("vae", "bits_per_dim", 9.0, 0, split="validation"),
            row("cnn", "bits_per_dim", 2.5),
            row("gan", "frechet_distance/cnn32", 1.0, unit="1"),
            row("gan", "frechet_distance_of_data/cnn32", 0.1, unit="1"),
            row("vae", "frechet_distance/cnn32", 3.0, unit="1"),
            row("gan", "family", 1.0, split="train", protocol="adversarial"),
        )
    )
    cells = {line[0].text: line for line in table.rows}
    assert table.columns[:3] == ("model", "codelength, bits/dim ↓", "Fréchet distance ↓")
    assert cells["vae"][1].text == "3.0 ± 1.4"  # sd of 2 and 4 is √2
    assert (cells["vae"][1].note, cells["cnn"][1].note) == ("upper bound", "exact")
    assert (cells["gan"][1].text, cells["gan"][1].note) == ("–", "none")
    assert cells["cnn"][1].best and not cells["vae"][1].best
    assert cells["gan"][2].text == "1" and cells["gan"][2].best
    assert cells["gan"][0].note == "adversarial"


def test_sweeps_do_not_leak_into_the_plain_number() -> None:
    (table,) = tables.trade_off(
        data(
            row("ae", "probe_accuracy", 0.9),
            row("ae", "probe_accuracy/code=2", 0.1),
            row("ae", "probe_accuracy/raw pixels", 0.5),
        )
    )
    assert "0.900" in texts(table)[0]


def test_a_lone_model_is_not_called_best() -> None:
    (table,) = tables.trade_off(data(row("cnn", "bits_per_dim", 2.5)))
    assert not any(cell.best for line in table.rows for cell in line)


def test_method_table_averages_shifts() -> None:
    splits = {"test": 0.9, "test+mean@1": 0.8, "test+mean@2": 0.6, "test+rotate@1": 0.1}
    rows = [
        row("mlp", "accuracy", v, split=s, panel="uncertainty", unit="fraction")
        for s, v in splits.items()
    ]
    (table,) = tables.method_tables(data(*rows), "uncertainty")
    assert table.columns == ("model", "accuracy, fraction ↑", "shifted: accuracy, fraction ↑")
    assert texts(table) == [["mlp", "0.900", "0.700"]]


def test_many_data_sets_share_a_table_per_measure() -> None:
    rows = [
        row(model, "accuracy", value, dataset=name, panel="graphs", unit="fraction")
        for name in ("cora", "karate", "wine")
        for model, value in (("gcn", 0.9), ("mlp", 0.5))
    ]
    (table,) = tables.method_tables(data(*rows), "graphs")
    assert table.columns == ("data set", "gcn", "mlp")
    assert [line[0].text for line in table.rows] == ["cora", "karate", "wine"]
    assert table.rows[0][1].best


def test_tasks_have_tables_of_their_own_with_the_longer_list_downwards() -> None:
    nodes = [
        row(model, "accuracy", 0.1 * k, dataset=name, panel="graphs", unit="fraction")
        for name in ("cora", "karate")
        for k, model in enumerate(("gat", "gcn", "mlp"))
    ]
    whole = [
        row("gin", "accuracy", 0.7, dataset="pixels", panel="graphs", task="graph classification")
    ]
    first, second = tables.method_tables(data(*nodes, *whole), "graphs")
    assert first.columns == ("model", "cora", "karate")
    assert [line[0].text for line in first.rows] == ["gat", "gcn", "mlp"]
    assert [cell.best for cell in first.rows[2]] == [False, True, True]
    assert second.columns == ("model", "pixels") and len(second.rows) == 1
    assert second.caption.startswith("Graph classification: accuracy")


def test_protocols_are_distinct_and_count_examples() -> None:
    found = tables.protocols(
        data(
            row("a", "bits_per_dim", 1.0, n=360),
            row("b", "bits_per_dim", 2.0, n=300),
            row("a", "bits_per_dim", 1.0, protocol="other"),
            row("a", "diverged", 0.0, split="train"),
        ),
        "generative",
    )
    assert found is not None
    assert [(line[3].text, line[4].text, line[5].text) for line in found.rows] == [
        ("other", "360", "a"), ("stratified", "300 to 360", "a, b"),
    ]  # fmt: skip


def claim_line(verdict: str, **more: object) -> dict[str, object]:
    base: dict[str, object] = {
        "id": "G01", "panel": "generative", "dataset": "digits", "kind": "statistical",
        "statement": "s", "effect": 0.5, "low": 0.4, "high": 0.6, "margin": 0.0, "unit": "nats",
        "n_seeds": 5, "verdict": verdict, "evidence": "generative.html#g01", "comparison": "a − b",
    }  # fmt: skip
    return base | more


CLAIMS = [
    Statistical("G01", "generative", "A", "Codes are good.", "Measured.", lambda _: []),
    Unmeasured("G02", "generative", "A", "Not yet.", "Later.", "statistical"),
]


def test_ledger_lists_every_verdict_of_a_small_claim() -> None:
    lines = pd.DataFrame([claim_line("holds"), claim_line("contradicted", comparison="c − d")])
    views = ledger_view.claim_views(data(claims=lines), CLAIMS)
    table = ledger_view.ledger(views, "generative")
    assert [line[2].badge for line in table.rows] == ["holds", "contradicted", "not measured"]
    assert table.rows[0][0].link == "generative.html#g01"
    assert table.rows[0][4].text == "0.500 [0.400, 0.600] nats"
    assert [line[0].text for line in table.rows] == ["G01", "", "G02"]


def test_ledger_sums_up_a_claim_with_many_verdicts() -> None:
    many = [claim_line("holds", effect=float(k), comparison=str(k)) for k in range(1, 6)]
    lines = pd.DataFrame([*many, claim_line("undecided", effect=-1.0)])
    (first, *_) = ledger_view.claim_views(data(claims=lines), CLAIMS)
    assert first.badges == [("holds", 5), ("undecided", 1)]
    table = ledger_view.ledger([first], "generative")
    assert [line[2].badge for line in table.rows] == ["holds", "undecided"]
    assert table.rows[0][3].note == "5 of 6 comparisons"
    assert table.rows[0][4].text == "1.00 to 5.00 nats"


def test_totals_count_an_unmeasured_claim_once() -> None:
    lines = pd.DataFrame([claim_line("holds"), claim_line("holds", comparison="other")])
    views = ledger_view.claim_views(data(claims=lines), CLAIMS)
    assert ledger_view.totals(views) == {
        "holds": 2, "contradicted": 0, "undecided": 0, "not measured": 1,
    }  # fmt: skip


def test_identity_shows_its_tolerance() -> None:
    lines = pd.DataFrame(
        [claim_line("holds", kind="identity", effect=1e-9, margin=1e-6, unit="1", n_seeds=0)]
    )
    cells = ledger_view.verdict_cells(lines.iloc[0])
    assert (cells[2].text, cells[3].text, cells[3].note) == ("1·10⁻⁹", "1·10⁻⁶", "tolerance")
    assert cells[4].text == "exact"


def test_markdown_escapes_and_marks() -> None:
    table = Table(
        "Two", ("a", "b|c"), ((Cell("x|y", link="p.html"), Cell("1", number=True, best=True)),)
    )
    lines = markdown.table(table).splitlines()
    assert lines[2:] == ["| a | b\\|c |", "| --- | ---: |", "| [x\\|y](p.html) | **1** |"]


@pytest.mark.parametrize(
    ("name", "current"),
    [
        ("graphs/gcn/karate/0-4/train", True),
        ("graphs/gcn/karate/9/train", False),
        ("graphs/old/karate/0-4/evaluate", False),
        ("identities/graphs", True),
        ("instruments/extractor/digits/0", True),
    ],
)
def test_provenance_leaves_out_dropped_jobs(name: str, current: bool) -> None:
    assert provenance.is_current(name, ["graphs/gcn/karate/0-4"]) is current


def test_costs_add_up_and_survive_what_could_not_be_sampled(tmp_path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "benchmarks").mkdir()
    (tmp_path / "benchmarks/collect.jsonl").write_text(
        '{"s": 2.5, "cpu_time": "NA", "max_rss": 10}\n'
        '{"s": 0.5, "cpu_time": 1, "max_rss": 30}\nhalf a li'
    )
    lines = provenance.read_benchmarks(tmp_path, [])
    table = provenance._rule_costs(lines)
    assert texts(table) == [["collect", "2", "3.0", "1.0", "30"]]


def test_hardware_and_totals_of_runs() -> None:
    def run(name: str, wall: float, peak: float) -> provenance.Run:
        return provenance.Run(
            name,
            {
                "git": {"commit": "a" * 40, "dirty": False}, "versions": {"torch": "2"},
                "hardware": {"processor": "P", "device": "cpu"}, "inputs": {"data/x": "b" * 64},
                "time": {"wall_seconds": wall, "cpu_seconds": wall / 2, "peak_memory_mb": peak},
            },
        )  # fmt: skip

    runs = [run("one", 10.0, 100.0), run("two", 20.0, 50.0)]
    found = {table.caption: table for table in provenance.tables(runs, [])}
    assert texts(found["Cost of every job"])[-1] == [
        "total (memory: highest)",
        "30.0",
        "15.0",
        "100",
        "",
    ]
    assert texts(found["Code"]) == [["a" * 12, "clean", "2"]]
    assert texts(found["Data"]) == [["data/x", "b" * 12]]
    assert "2 jobs computed for 30.0 s" in provenance.summary(runs, [])
