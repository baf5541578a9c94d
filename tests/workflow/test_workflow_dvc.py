"""Snakemake and DVC on the same files: neither undoes the other, nothing stale is published."""

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from triptych.files import sha256_file, sha256_json
from workflow_project import COLLECTED, Project, copy

pytestmark = pytest.mark.workflow

Copy = Callable[[Project], Project]
VAE = "generative/vae/digits/0-1"


def statuses(project: Project) -> str:
    return project.dvc("status")


CLEAN = "Data and pipelines are up to date."


def rows(project: Project, name: str) -> list[dict[str, str]]:
    with (project / name).open(newline="") as stream:
        return list(csv.DictReader(stream))


def values(project: Project, model: str) -> dict[str, str]:
    """Every number of a model."""
    return {
        f"{r['seed']} {r['split']} {r['metric']}": r["value"]
        for r in rows(project, "reports/records.csv")
        if r["model"] == model
    }


def assert_nothing_stale(project: Project) -> None:
    """Every result was computed from the parameters that are here now."""
    checked = 0
    for path in (project / "results").rglob("run.json"):
        run = json.loads(path.read_text())
        now = project.json(run["conf"]["path"])
        assert run["conf"]["sha256"] == sha256_json(now), path
        checked += 1
    assert checked > 30


# ---- one machine


def test_repro_after_snakemake_runs_no_job(computed: Project, copy_of: Copy) -> None:
    project = copy_of(computed)
    before = project.marks()
    said = project.dvc("repro")
    assert "Running stage 'generative@vae'" in said  # DVC asks Snakemake, which knows better
    assert project.ran_since(before) == set()
    assert CLEAN in statuses(project)
    again = project.dvc("repro")
    assert "Running stage" not in again and "didn't change, skipping" in again
    assert project.pending() == set()


def test_commit_after_snakemake_leaves_nothing_to_do(finished: Project, copy_of: Copy) -> None:
    project = copy_of(finished)
    assert CLEAN in statuses(project)
    assert project.pending() == set()


def test_files_above_the_checksum_threshold_do_not_retrain(
    computed: Project, copy_of: Copy
) -> None:
    """Their times decide, and DVC or a copy may renew those: a manifest carries the edge."""
    project = copy_of(computed)
    profile = project / "profiles/default/profile.yaml"
    text, count = re.subn(r"(max-checksum-file-size:) \S+", r"\1 2KB", profile.read_text())
    assert count == 1
    profile.write_text(text)
    big = project / "data/prepared/digits/arrays.safetensors"
    assert big.stat().st_size > 2000
    big.touch()
    project.dvc("commit", "--force", "--quiet")
    assert not [n for n in project.pending() if n.split("/")[0] not in ("claims", "report")]


# ---- a second machine: one clone, in the order of a working day


@pytest.fixture(scope="module")
def pushed(finished: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The finished project with its results in a remote."""
    folder = tmp_path_factory.mktemp("pushed")
    project = copy(finished, folder / "project")
    project.dvc("remote", "add", "--default", "store", str(folder / "store"))
    project.dvc("push", "--quiet")
    project.commit("remote")
    return project


def clone(origin: Project, folder: Path) -> Project:
    origin.git("clone", "--quiet", str(origin.folder), str(folder))
    return Project(folder)


@pytest.fixture(scope="module")
def restored(pushed: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A clone with results restored, not computed. The tests below work on it one after another."""
    project = clone(pushed, tmp_path_factory.mktemp("restored") / "project")
    project.run("triptych", "restore")
    return project


def test_a_restored_clone_has_nothing_to_do(restored: Project, finished: Project) -> None:
    assert restored.pending() == set()
    assert CLEAN in statuses(restored)
    table = "reports/records.csv"
    assert (restored / table).read_bytes() == (finished / table).read_bytes()
    # Nothing was computed: each result names the second in which the other machine made it.
    for path in (restored / "results").glob("*/*/*/*/*/run.json"):
        name = str(path.relative_to(restored.folder))
        assert path.read_bytes() == (finished / name).read_bytes(), name
    assert restored.json("results/tracking/receipt.json")["status"] == "synced"


def test_a_changed_parameter_under_snakemake(restored: Project) -> None:
    before, marks = values(restored, "vae"), restored.marks()
    restored.set(("generative.models.vae.learning_rate", 0.01))
    restored.snakemake()
    jobs = {f"train/{VAE}", f"evaluate/{VAE}", *COLLECTED}
    assert restored.ran_since(marks) == jobs
    after = values(restored, "vae")
    assert before.keys() == after.keys()
    name = "0 test bits_per_dim"
    assert before[name] != after[name]
    assert_nothing_stale(restored)


def test_the_change_is_shown_by_dvc(restored: Project) -> None:
    """After the test above: DVC runs no job, and shows what the change did."""
    marks = restored.marks()
    restored.dvc("repro")
    assert restored.ran_since(marks) == set()
    moved = json.loads(restored.dvc("metrics", "diff", "HEAD", "--json"))["reports/metrics.json"]
    assert "generative.digits.vae.bits_per_dim" in moved
    assert not [name for name in moved if ".vae." not in name]
    page = restored.folder / "plots"
    restored.dvc("plots", "diff", "HEAD", "--out", page.name)
    text = (page / "index.html").read_text()
    assert "vega" in text and "generative_tradeoff.png" in text
    restored.run("rm", "-r", page.name)
    restored.commit("learning rate")


def test_a_changed_parameter_under_dvc(restored: Project) -> None:
    marks = restored.marks()
    restored.set(("uncertainty.calibration.bins", 7))
    said = restored.dvc("repro")
    entries = restored.params()["uncertainty"]["models"]
    jobs = {f"evaluate/uncertainty/{m}/{d}/0-1" for m, e in entries.items() for d in e["datasets"]}
    assert restored.ran_since(marks) == {*jobs, *COLLECTED} - {"track"}
    assert "Running stage 'generative@vae'" not in said
    assert_nothing_stale(restored)
    assert CLEAN in statuses(restored)
    restored.commit("bins")


def test_a_dropped_seed_and_a_dropped_model_leave_every_table(restored: Project) -> None:
    """They also leave the folders, before DVC notes what is in them."""
    params = restored.params()
    params["graphs"]["seeds"] = [1]
    del params["generative"]["models"]["gan"]
    restored.set(("graphs", params["graphs"]), ("generative", params["generative"]))
    marks = restored.marks()
    restored.dvc("repro")
    ran = restored.ran_since(marks)
    computed = {name for name in ran - set(COLLECTED) if "/graphs/" not in name}
    assert ran > set(COLLECTED) - {"track"}
    assert computed == set()

    records = rows(restored, "reports/records.csv") + rows(restored, "reports/timings.csv")
    assert {r["seed"] for r in records if r["panel"] == "graphs"} == {"1"}
    assert "gan" not in {r["model"] for r in records}
    for name in ("records.csv", "curves.csv", "metrics.json", "effects.csv"):
        text = (restored / "reports" / name).read_text()
        assert not re.search(r"\bgan\b", text), name
    for name in ("index.html", "generative.html", "report.md"):
        assert not re.search(r">gan<|\| gan \|", (restored / "reports" / name).read_text()), name
    effects = [r for r in rows(restored, "reports/effects.csv") if r["panel"] == "graphs"]
    assert {r["seed"] for r in effects} == {"1"}

    assert not (restored / "results/generative/gan").exists()
    assert {path.name for path in (restored / "results/graphs").glob("*/*/*")} == {"1"}
    assert CLEAN in statuses(restored)
    assert restored.pending() <= {"track"}
    assert_nothing_stale(restored)
    restored.commit("fewer")


def test_old_parameters_and_their_results_come_back(restored: Project) -> None:
    """May compute too much where an output did not differ; never shows a stale number."""
    wanted = "learning rate"
    commit = restored.git("log", "--format=%H", f"--grep=^{wanted}$").strip()
    restored.git("checkout", "--quiet", commit)
    restored.dvc("checkout", "--quiet")
    pending = restored.pending()
    restored.snakemake()
    assert_nothing_stale(restored)
    assert "gan" in {r["model"] for r in rows(restored, "reports/records.csv")}
    assert {r["seed"] for r in rows(restored, "reports/records.csv") if r["panel"] == "graphs"} == {
        "0",
        "1",
    }
    # Results are those of the commit, whatever was computed again.
    assert not json.loads(restored.dvc("metrics", "diff", "HEAD", "--json") or "{}"), pending
    restored.git("checkout", "--quiet", "main")


# ---- no history at all


def test_a_clone_without_history_never_shows_a_stale_number(
    pushed: Project, finished: Project, tmp_path: Path
) -> None:
    """Results pulled, Snakemake's records absent, one parameter changed."""
    project = clone(pushed, tmp_path / "project")
    project.dvc("pull", "--quiet")
    assert not (project / ".snakemake").exists()
    project.set(("generative.models.vae.learning_rate", 0.01))
    project.run("snakemake", "results/generative/vae/digits/0-1/evaluate/run.json", "--cores", "2")
    now = project.json(f"results/{VAE}/train/run.json")
    assert now["conf"]["values"]["params"]["learning_rate"] == 0.01
    assert now["conf"]["sha256"] == sha256_json(project.json(f"conf/{VAE}/train.json"))
    table = f"results/{VAE}/evaluate/records.csv"
    assert (project / table).read_text() != (finished / table).read_text()


def test_an_experiment_in_a_folder_of_its_own(pushed: Project, tmp_path: Path) -> None:
    """It has neither Snakemake's records nor this folder's code by any path but its own."""
    project = clone(pushed, tmp_path / "project")
    project.dvc("pull", "--quiet")
    change = ("--set-param", "generative.models.vae.latent=3")
    project.dvc("exp", "run", "generative@vae", "--temp", *change, "--name", "small")
    assert project.params()["generative"]["models"]["vae"]["latent"] != 3
    project.dvc("exp", "apply", "small")
    run = project.json(f"results/{VAE}/train/run.json")
    assert run["conf"]["values"]["params"]["latent"] == 3
    assert run["conf"]["sha256"] == sha256_json(run["conf"]["values"])
    assert all(name.startswith("src/") for name in run["code"]["files"])
    evaluated = project.json(f"results/{VAE}/evaluate/run.json")
    weights = f"results/{VAE}/train/weights.safetensors"
    assert evaluated["inputs"][weights] == sha256_file(project / weights)
    project.pending()  # writes the parameter files of what was applied
    assert_nothing_stale(project)
