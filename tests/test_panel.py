"""One panel alone: its tables, verdicts and pages, and nothing of the others touched."""

import csv
import json
from pathlib import Path

import pytest

from triptych import panel, records
from triptych.claims.base import Check
from triptych.claims.identities import write_checks
from triptych.files import write_json
from triptych.records import Record


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("panel")
    jobs = []
    for model, base in (("gcn", 0.9), ("mlp", 0.7)):
        job = root / f"results/graphs/{model}/karate/0-1"
        rows = [
            Record(
                "graphs", "node classification", "karate", model, seed, "test", "accuracy",
                base + 0.01 * seed, "fraction", "exact", 30, "split: random",
            )
            for seed in (0, 1)
        ]  # fmt: skip
        rows += [
            Record(
                "graphs", "node classification", "karate", model, seed, "all", metric, value,
                "fraction", "exact", 78, "",
            )
            for seed in (0, 1)
            for metric, value in (("homophily", 0.86), ("homophily/chance", 0.5))
        ]  # fmt: skip
        records.write(job / "evaluate/records.csv", rows)
        records.write(job / "evaluate/timings.csv", [])
        (job / "train").mkdir()
        (job / "train/curves.csv").write_text("seed,part,step,split,metric,value,time\n")
        jobs.append(job)
    other = root / "results/generative/vae/digits/0/evaluate/records.csv"
    records.write(other, [])
    checks = root / "results/identities/graphs/checks.csv"
    write_checks(checks, [("N01", Check("karate", 1e-9, 1e-6, "1", "two forms", 3))])
    conf = {
        "title": "Triptych", "figure_dpi": 50, "panels": ["graphs"],
        "jobs": [f"graphs/{job.parts[-3]}/karate/0-1" for job in jobs],
        "records": [str(job / "evaluate/records.csv") for job in jobs],
        "timings": [str(job / "evaluate/timings.csv") for job in jobs],
        "curves": [str(job / "train/curves.csv") for job in jobs],
    }  # fmt: skip
    write_json(root / "panel.json", conf)
    panel.run(root / "panel.json", checks, root / "reports/panels/graphs")
    return root


def test_claims_of_the_panel_alone_are_judged(folder: Path) -> None:
    with (folder / "reports/panels/graphs/claims.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert {row["panel"] for row in rows} == {"graphs"}
    verdicts = {(row["id"], row["dataset"]): row["verdict"] for row in rows}
    assert verdicts["N01", "karate"] == verdicts["N02", "karate"] == "holds"
    assert verdicts["N19", ""] == "not measured"


def test_only_its_own_page_is_written_and_linked(folder: Path) -> None:
    pages = folder / "reports/panels/graphs"
    assert (pages / "graphs.html").exists() and not (pages / "uncertainty.html").exists()
    assert "uncertainty.html" not in (pages / "index.html").read_text(encoding="utf-8")
    drawn = json.loads((pages / "figures/manifest.json").read_text())
    assert "graphs_accuracy" in json.dumps(drawn) and "generative_" not in json.dumps(drawn)


def test_results_of_other_panels_stay(folder: Path) -> None:
    assert (folder / "results/generative/vae/digits/0/evaluate/records.csv").exists()
