"""The verbs on sampled networks and on neighbourhoods: what lands in which table."""

from pathlib import Path
from typing import Any

import pytest

from triptych import records, train
from triptych.files import write_json
from triptych.graphs import evaluate
from triptych.params import split_stages
from triptych.registry import model_class

SMALL: dict[str, Any] = {
    "steps": 4, "batch_size": 4, "hidden": 4, "validate_every": 2, "budgets": [4],
    "samplers": ["full", "graphsage", "as_gcn"], "shares": [0.5, 1.0], "error_budgets": [4],
    "error_draws": 1, "cost_batches": 1,
}  # fmt: skip


def run(root: Path, kind: str, folders: list[Path], **entry: Any) -> Path:
    params, late = split_stages(model_class("graphs", kind).Params(model=kind, **entry))
    head = {
        "panel": "graphs", "model": kind, "kind": kind, "dataset": "toy", "seeds": [0, 1],
        "device": "cpu",
    }  # fmt: skip
    write_json(root / "train.json", head | {"params": params})
    write_json(root / "evaluate.json", head | {"params": late, "measure": {}})
    train.run(root / "train.json", folders, root / "train")
    evaluate.run(root / "evaluate.json", root / "train", folders, root / "evaluate")
    return root / "evaluate"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_seconds_go_to_the_timings_and_all_else_repeats(
    tmp_path: Path, folders: list[Path]
) -> None:
    outs = [run(tmp_path / name, "sampled_gcn", folders, **SMALL) for name in ("a", "b")]
    assert (outs[0] / "records.csv").read_bytes() == (outs[1] / "records.csv").read_bytes()
    rows = records.read(outs[0] / "records.csv")
    assert all(row.unit != "s" for row in rows)
    timed = {row.metric for row in records.read(outs[0] / "timings.csv")}
    assert timed == {
        "train_seconds", "batch_seconds/full", "batch_seconds/full,share=0.5",
        "batch_seconds/graphsage,fanout=5", "batch_seconds/graphsage,fanout=5,share=0.5",
    }  # fmt: skip
    assert all(row.unit == "s" for row in records.read(outs[0] / "timings.csv"))
    assert {row.metric for row in rows} >= {
        "sampled_accuracy/full", "sampled_accuracy/as_gcn,budget=4", "nodes_per_batch/full",
        "sum_error/as_gcn,budget=4", "n_train", "homophily",
    }  # fmt: skip
    assert "accuracy" not in {row.metric for row in rows}  # never beside another protocol's


def test_what_only_the_evaluation_reads_does_not_train_again() -> None:
    kind = model_class("graphs", "sampled_gcn")
    one, two = (
        split_stages(kind.Params(model="sampled_gcn", error_draws=draws)) for draws in (1, 2)
    )
    assert one[0] == two[0] and one[1] != two[1]


def test_neighbourhoods_need_no_training(tmp_path: Path, folders: list[Path]) -> None:
    out = run(tmp_path, "neighbourhood", folders, hops=2)
    rows = {(row.metric, row.seed): row for row in records.read(out / "records.csv")}
    assert rows["neighbours/hops=2", 0].value > rows["neighbours/hops=1", 0].value > 1
    assert rows["graph_size/nodes", 1].value == 40
    assert rows["parameters", 0].value == 0
