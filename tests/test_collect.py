import csv
import json
import math
from pathlib import Path

import pytest

from triptych import collect, records
from triptych.errors import UserError
from triptych.records import Record


def record(model: str, seed: int, value: float, **changes: object) -> Record:
    values: dict[str, object] = {
        "panel": "graphs", "task": "node classification", "dataset": "karate", "model": model,
        "seed": seed, "split": "test", "metric": "accuracy", "value": value, "unit": "fraction",
        "kind": "exact", "n": 30, "protocol": "random split",
    }  # fmt: skip
    return Record(**(values | changes))  # type: ignore[arg-type]


CURVES = """seed,part,step,split,metric,value,time
0,model,10,train,loss,1.0,1700000000.5
0,model,20,train,loss,0.5,1700000001.5
1,model,10,train,loss,3.0,1700000002.5
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for model, base in (("gcn", 0.9), ("mlp", 0.7)):
        job = Path("results/graphs") / model / "karate/0-1"
        rows = [record(model, seed, base + 0.1 * seed) for seed in (0, 1)]
        records.write(job / "evaluate/records.csv", rows)
        seconds = record(model, 0, 2.0, metric="train_seconds", unit="s")
        records.write(job / "evaluate/timings.csv", [seconds])
    curves = Path("results/graphs/gcn/karate/0-1/train/curves.csv")
    curves.parent.mkdir(parents=True)
    curves.write_text(CURVES)
    jobs = [f"results/graphs/{model}/karate/0-1" for model in ("mlp", "gcn")]
    conf = {
        "records": [f"{job}/evaluate/records.csv" for job in jobs],
        "timings": [f"{job}/evaluate/timings.csv" for job in jobs],
        "curves": [str(curves)],
    }
    Path("collect.json").write_text(json.dumps(conf))
    return tmp_path


def run() -> None:
    collect.run(Path("collect.json"), Path("reports"))


@pytest.mark.usefixtures("folder")
def test_folders_of_dropped_seeds_and_data_sets_go() -> None:
    """Else they fill the disk, travel to the remote, and `verify` calls them stale for ever."""
    roots = ("data/splits", "data/shifted", "results/instruments/extractor")
    kept = [f"{root}/digits/0" for root in roots]
    gone = [*(f"{root}/digits/1" for root in roots), "data/splits/karate/0"]
    for name in (*kept, *gone):
        Path(name).mkdir(parents=True)
    shared = Path("data/splits/digits/graph.safetensors")
    shared.touch()
    conf = json.loads(Path("collect.json").read_text())
    Path("collect.json").write_text(json.dumps(conf | {"seeds": kept}))
    collect.prune_all(Path("collect.json"))
    assert shared.exists() and all(Path(name).is_dir() for name in kept)
    assert not any(Path(name).exists() for name in gone)
    assert not Path("data/splits/karate").exists()


@pytest.mark.usefixtures("folder")
class TestRun:
    def test_tables_hold_every_row_in_one_order(self) -> None:
        run()
        rows = records.read("reports/records.csv")
        assert [(row.model, row.seed) for row in rows] == [
            ("gcn", 0), ("gcn", 1), ("mlp", 0), ("mlp", 1),
        ]  # fmt: skip
        assert {row.unit for row in records.read("reports/timings.csv")} == {"s"}

    def test_order_of_the_list_does_not_matter(self) -> None:
        run()
        names = ("records.csv", "timings.csv", "curves.csv", "metrics.json")
        first = [Path("reports", name).read_bytes() for name in names]
        conf = json.loads(Path("collect.json").read_text())
        turned = {key: list(reversed(paths)) for key, paths in conf.items()}
        Path("collect.json").write_text(json.dumps(turned))
        run()
        assert [Path("reports", name).read_bytes() for name in names] == first

    def test_headline_is_the_mean_over_seeds(self) -> None:
        run()
        assert json.loads(Path("reports/metrics.json").read_text()) == {
            "graphs": {"karate": {"gcn": {"accuracy": 0.95}, "mlp": {"accuracy": 0.75}}}
        }

    def test_a_job_that_is_not_listed_is_not_read(self) -> None:
        conf = json.loads(Path("collect.json").read_text())
        conf["records"] = [path for path in conf["records"] if "mlp" not in path]
        Path("collect.json").write_text(json.dumps(conf))
        run()
        assert {row.model for row in records.read("reports/records.csv")} == {"gcn"}
        assert not Path("results/graphs/mlp").exists()
        assert Path("results/graphs/gcn/karate/0-1/train/curves.csv").exists()

    def test_missing_file_is_named(self) -> None:
        Path("results/graphs/mlp/karate/0-1/evaluate/records.csv").unlink()
        with pytest.raises(UserError, match=r"mlp/karate/0-1/evaluate/records\.csv"):
            run()

    def test_curves_are_averaged_without_times(self) -> None:
        run()
        with Path("reports/curves.csv").open(newline="") as stream:
            rows = list(csv.DictReader(stream))
        assert [(r["model"], r["step"], r["value"], r["n"]) for r in rows] == [
            ("gcn", "10", "2.0", "2"), ("gcn", "20", "0.5", "1"),
        ]  # fmt: skip
        assert float(rows[0]["std"]) == pytest.approx(math.sqrt(2), rel=1e-12)
        assert "time" not in rows[0]


def test_headline_leaves_out_sweeps_shifts_and_diverged_seeds() -> None:
    rows = [
        record("gcn", 0, 0.5),
        record("gcn", 1, math.nan),
        record("gcn", 0, 0.1, split="test+rotate@3"),
        record("gcn", 0, 0.2, metric="accuracy/code=2"),
        record("mlp", 0, math.nan),
    ]
    assert collect.headline(rows) == {"graphs": {"karate": {"gcn": {"accuracy": 0.5}}}}


def test_headline_is_rounded_to_six_digits() -> None:
    tree = collect.headline([record("gcn", seed, 1 / 3) for seed in range(3)])
    assert tree["graphs"]["karate"]["gcn"]["accuracy"] == 0.333333


@pytest.mark.usefixtures("folder")
class TestPrune:
    def test_removes_folders_of_no_job_and_says_so(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        kept = Path("results/identities/graphs/checks.csv")
        kept.parent.mkdir(parents=True)
        kept.write_text("")
        gone = collect.prune(["graphs/gcn/karate/0-1"])
        assert gone == [Path("results/graphs/mlp/karate/0-1")]
        assert "results/graphs/mlp/karate/0-1" in capsys.readouterr().out
        assert not Path("results/graphs/mlp").exists()
        assert Path("results/graphs/gcn/karate/0-1/evaluate/records.csv").exists()
        assert kept.exists()

    def test_does_not_follow_links(self) -> None:
        outside = Path("precious")
        outside.mkdir()
        (outside / "file").write_text("keep me")
        Path("results/graphs/gcn/karate/9").symlink_to(outside.resolve())
        collect.prune(["graphs/gcn/karate/0-1", "graphs/mlp/karate/0-1"])
        assert not Path("results/graphs/gcn/karate/9").is_symlink()
        assert (outside / "file").read_text() == "keep me"

    def test_an_empty_list_deletes_nothing(self) -> None:
        with pytest.raises(UserError, match="nothing deleted"):
            collect.prune([])
        assert Path("results/graphs/mlp/karate/0-1").exists()

    def test_nothing_to_do(self) -> None:
        assert collect.prune(["graphs/gcn/karate/0-1", "graphs/mlp/karate/0-1"]) == []
