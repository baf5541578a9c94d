"""After a run: nothing to do, commands that work by hand, equal bits after a kill, verify."""

import os
import re
import signal
import sqlite3
import subprocess
import time
import zipfile
from collections.abc import Callable

import pytest
from safetensors import safe_open

from workflow_project import PROGRAMS, Project, checkout, copy

pytestmark = pytest.mark.workflow

Copy = Callable[[Project], Project]


@pytest.fixture(scope="module")
def project(finished: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Results on which each test leaves all but its own files as they were."""
    return copy(finished, tmp_path_factory.mktemp("run") / "project")


def test_nothing_is_left_to_do_and_it_is_said_soon(project: Project) -> None:
    started = time.monotonic()
    said = project.run("snakemake", "all", "--dry-run")
    seconds = time.monotonic() - started
    assert "Nothing to be done" in said
    assert seconds < 15  # 1.6 s on a quiet machine; the aim is 5 s


def test_a_machine_without_a_gpu_granted_has_nothing_to_do_either(project: Project) -> None:
    said = project.run("snakemake", "all", "--dry-run", "--resources", "gpu=0")
    assert "Nothing to be done" in said


BY_HAND = (
    "collect",
    "claims",  # before any job below takes other seconds, about which there are claims too
    "split/karate",
    "train/generative/pca/digits/0-1",
    "train/graphs/gcn/karate/0-1",
    "evaluate/graphs/gcn/karate/0-1",
    "predict/single/digits/0-1",
)
NOT_REPEATED = ("run.json", "timings.csv", "curves.csv")  # hold times


@pytest.mark.parametrize("name", BY_HAND)
def test_a_command_from_the_log_works_by_hand(project: Project, name: str) -> None:
    log = max((project / ".snakemake" / "log").glob("*.snakemake.log"), key=os.path.getsize)
    commands = re.findall(r"^Shell command: (.+)$", log.read_text(), flags=re.MULTILINE)
    (command,) = [c for c in commands if f"> logs/{name}.log" in c]
    (job,) = [j for j in project.jobs() if f"logs/{name}.log" in j["log"]]
    assert job["shell"] == command
    kept = [
        path
        for path in map(project.__truediv__, job["output"])
        if path.name not in NOT_REPEATED or path.parent.name == "reports"
    ]
    kept = [path for path in kept if path.name != "timings.csv"]
    before = {path: path.read_bytes() for path in kept}
    assert kept
    for path in kept:
        path.unlink()
    project.run("bash", "-c", command)
    assert {path: path.read_bytes() for path in kept} == before


# ---- a second run, killed on its way

# What draws in a way of its own: noise of a chain, a game, links and nodes that are sampled, masks
# at prediction, data made up. The others would compute for three minutes to say it again.
AGAIN = ("ddpm", "gan", "gae", "sampled_gcn", "mc_dropout", "mean_variance")


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, str]:
    """A second run in another folder, killed while a network trains; and its checkpoint's key."""
    project = checkout(tmp_path_factory.mktemp("killed") / "project")
    for panel in ("generative", "graphs", "uncertainty"):
        entries = project.params()[panel]["models"]
        kept = {name: entry for name, entry in entries.items() if name in AGAIN}
        project.set((f"{panel}.models", kept))
    with (project / "snakemake.txt").open("w") as words:
        process = subprocess.Popen(
            [
                str(PROGRAMS / "snakemake"),
                "results/generative/ddpm/digits/0-1/train/run.json",
                "--cores",
                "1",
            ],
            cwd=project.folder,
            env=project.environment(TRIPTYCH_CHECKPOINT_SECONDS="0"),
            stdout=words,
            stderr=words,
            start_new_session=True,
        )
        try:
            found = None
            while found is None and process.poll() is None:
                found = next((project / "checkpoints").glob("*.safetensors"), None)
                time.sleep(0.002)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    assert found is not None, (project / "snakemake.txt").read_text()
    with safe_open(found, framework="np") as handle:
        return project, handle.metadata()["key"]


def test_a_killed_run_continues_and_ends_with_the_same_bits(
    killed: tuple[Project, str], computed: Project
) -> None:
    project, key = killed
    trained = project / "results/generative/ddpm/digits/0-1/train"
    assert not (trained / "run.json").exists()
    project.run("snakemake", "--unlock")  # a killed Snakemake leaves its lock
    project.snakemake("reports/records.csv")
    # The checkpoint was that very job's, so that its run continued it, and it is gone.
    assert project.json("results/generative/ddpm/digits/0-1/train/run.json")["key"] == key
    assert not list((project / "checkpoints").glob("*.safetensors"))
    weights = "results/generative/ddpm/digits/0-1/train/weights.safetensors"
    assert (project / weights).read_bytes() == (computed / weights).read_bytes()
    for table in ("records.csv", "curves.csv"):
        assert lines(project, table) == lines(computed, table), table
    metrics = "reports/metrics.json"
    assert of_models(project.json(metrics)) == of_models(computed.json(metrics))


def lines(project: Project, table: str) -> list[str]:
    """The lines of a table about the models of the second run, as they are written."""
    head, *rows = (project / "reports" / table).read_text().splitlines()
    model = head.split(",").index("model")
    kept = [row for row in rows if row.split(",")[model] in AGAIN]
    assert {row.split(",")[model] for row in kept} == set(AGAIN)
    return [head, *kept]


def of_models(metrics: dict[str, dict[str, dict[str, object]]]) -> dict[tuple[str, str], object]:
    """The same of the headline numbers."""
    return {
        (dataset, model): numbers
        for datasets in metrics.values()
        for dataset, models in datasets.items()
        for model, numbers in models.items()
        if model in AGAIN
    }


# ---- verify


def test_verify_passes_on_its_own_reference_and_names_what_was_tampered_with(
    finished: Project, copy_of: Copy
) -> None:
    project = copy_of(finished)
    (project / "reports/reference").exists() or (project / "reports/reference").mkdir()
    project.run("triptych", "verify", "--update")
    assert "verify: passed" in project.run("triptych", "verify")

    table = project / "reports/records.csv"
    honest = table.read_text()
    line = next(x for x in honest.splitlines() if ",vae,0,test,bits_per_dim," in x)
    value = line.split(",")[7]
    table.write_text(honest.replace(line, line.replace(value, repr(float(value) + 0.5))))
    said = project.run("triptych", "verify", fails=True)
    assert "FAILED" in said and "1 moved" in said
    assert "vae" in said and "bits_per_dim" in said
    table.write_text(honest)

    # A number may be right and yet not come from what is here: parameters, code, inputs.
    conf = project / "conf/generative/gan/digits/0-1/train.json"
    conf.write_text(conf.read_text().replace('"steps": 30', '"steps": 31'))
    said = project.run("triptych", "verify", fails=True)
    assert "generative/gan/digits/0-1" in said and "vae" not in said


# ---- what else a run leaves


def test_one_tracked_run_a_job_and_a_second_sync_adds_nothing(
    finished: Project, copy_of: Copy
) -> None:
    project = copy_of(finished)
    jobs = [path.parent.parent for path in (project / "results").glob("*/*/*/*/evaluate/run.json")]
    names = sorted(str(path.relative_to(project / "results")) for path in jobs)
    assert len(names) > 10
    assert tracked(project) == names
    metrics = count(project, "metrics")
    (project / "results/tracking/receipt.json").unlink()
    before = project.marks()
    project.snakemake()
    assert project.ran_since(before) == {"track"}
    assert tracked(project) == names and count(project, "metrics") == metrics


def tracked(project: Project) -> list[str]:
    with sqlite3.connect(project / "mlflow/mlflow.db") as store:
        rows = store.execute(
            "select value from tags join runs using (run_uuid) "
            "where key = 'mlflow.runName' and lifecycle_stage = 'active'"
        )
        return sorted(name for (name,) in rows)


def count(project: Project, table: str) -> int:
    with sqlite3.connect(project / "mlflow/mlflow.db") as store:
        return int(store.execute(f"select count(*) from {table}").fetchone()[0])


def test_snakemake_builds_its_own_report(project: Project) -> None:
    target = project / "snakemake-report.zip"
    project.run("snakemake", "all", "--report", target.name)
    with zipfile.ZipFile(target) as archive:
        names = archive.namelist()
    target.unlink()
    assert any(name.endswith("report.html") for name in names)
    assert any(name.endswith("index.html") for name in names)


def test_every_result_embeds_what_made_it(project: Project) -> None:
    from triptych.files import sha256_json

    runs = list((project / "results").rglob("run.json"))
    assert len(runs) > 30
    for path in runs:
        run = project.json(str(path.relative_to(project.folder)))
        values = project.json(run["conf"]["path"])
        assert run["conf"]["sha256"] == sha256_json(values), path
        assert all(name.startswith("src/triptych/") for name in run["code"]["files"]), path
