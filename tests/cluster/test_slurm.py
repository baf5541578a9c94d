"""A run on a real Slurm: what jobs asked for, a cancelled job, and the same bits as without it."""

import csv
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest
import slurm_node
from safetensors import safe_open

from triptych.files import sha256_json
from triptych.registry import PANELS
from workflow_project import PROGRAMS, Project, asked_for, checkout, copy

pytestmark = pytest.mark.cluster

TARGETS = ("reports/records.csv", "results/identities/generative/checks.csv")
ON_THE_CLUSTER = {
    "train", "extractor", "shift", "shift_uncorrupted", "predict", "identities",
    "generative_evaluate", "graphs_evaluate", "uncertainty_evaluate",
}  # fmt: skip
CANCELLED = "train_wildcards_generative_ddpm"
WEIGHTS = "results/generative/ddpm/digits/0-1/train/weights.safetensors"
STEPS = 200  # of the job that is cancelled: some seconds, so that it has not ended by then
SECONDS = 2400  # a run takes some five minutes of two cores where nothing else computes

Asked = dict[str, str]


class Run:
    """What is left of a run through the profile during which one job was cancelled."""

    def __init__(self, project: Project, key: str, jobs: list[Asked]) -> None:
        self.project, self.key, self.jobs = project, key, jobs

    def of(self, comment: str) -> list[Asked]:
        """The submissions whose comment (rule and wildcards) begins so, in their order."""
        return [job for job in self.jobs if job["Comment"].startswith(f"rule_{comment}")]


@pytest.fixture(scope="module")
def run(slurm: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The ten-second scale by ``--profile profiles/slurm``, edited as for any other cluster."""
    pytest.importorskip("snakemake_executor_plugin_slurm", reason="comes with the extra slurm")
    project = checkout(tmp_path_factory.mktemp("cluster") / "project")
    project.set(("generative.models.ddpm.steps", STEPS))
    edit(project / "profiles/slurm/profile.yaml", 'slurm_account: ""', "slurm_account: lab")
    with (project / "snakemake.txt").open("w") as words, submitting(project, words) as process:
        key = cancel_midway(project, slurm, process)
        process.wait(timeout=SECONDS)
    assert process.returncode == 0, (project / "snakemake.txt").read_text()
    listed = slurm_node.run(slurm, "scontrol", "--oneliner", "show", "job")
    jobs = [dict(re.findall(r"(\w+)=(\S+)", line)) for line in listed.splitlines()]
    return Run(project, key, jobs)


@pytest.fixture(scope="module")
def here(computed: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The same parameters without Slurm, and nothing cancelled."""
    project = copy(computed, tmp_path_factory.mktemp("here") / "project")
    project.set(("generative.models.ddpm.steps", STEPS))
    project.snakemake("reports/records.csv")
    return project


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@contextmanager
def submitting(project: Project, words: IO[str]) -> Iterator[subprocess.Popen[str]]:
    """A Snakemake that submits jobs; told to end, and to cancel them, if the block fails."""
    programs = project / "programs"
    programs.mkdir()
    # Without a database Slurm knows no accounts; the plugin asks this program for them.
    (programs / "sacctmgr").write_text("#!/bin/sh\necho lab\n")
    (programs / "sacctmgr").chmod(0o755)
    # No database, hence squeue; short waits because the jobs are short.
    options = ["--slurm-status-command", "squeue", "--latency-wait", "20"]
    options += ["--slurm-init-seconds-before-status-checks", "3"]
    with subprocess.Popen(
        [PROGRAMS / "snakemake", *TARGETS, "--profile", "profiles/slurm", *options],
        cwd=project.folder,
        env=project.environment(
            PATH=f"{programs}:{PROGRAMS}:{slurm_node.search_path()}",
            TRIPTYCH_CHECKPOINT_SECONDS="0",
        ),
        stdout=words,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
                try:
                    process.wait(timeout=60)
                except subprocess.TimeoutExpired:
                    process.kill()


def cancel_midway(project: Project, slurm: Path, process: subprocess.Popen[str]) -> str:
    """Cancel the training job as soon as its checkpoint exists; returns the checkpoint's key."""
    name = sha256_json([str(Path(WEIGHTS).parent), "0/model"])[:24]
    checkpoint = project / f"checkpoints/{name}.safetensors"
    while not checkpoint.exists():
        assert process.poll() is None, (project / "snakemake.txt").read_text()
        time.sleep(0.01)
    listed = slurm_node.run(slurm, "squeue", "--noheader", "--format=%i %k", "--states=running")
    (number,) = [line.split()[0] for line in listed.splitlines() if CANCELLED in line]
    slurm_node.run(slurm, "scancel", number)
    with safe_open(checkpoint, framework="np") as handle:
        key: str = handle.metadata()["key"]
    return key


def test_every_record_equals_that_of_a_run_on_one_machine(run: Run, here: Project) -> None:
    there = rows(run.project)
    entries = {name for panel in PANELS for name in run.project.params()[panel]["models"]}
    assert {row["model"] for row in there} == entries
    assert there == rows(here)


def rows(project: Project) -> list[dict[str, str]]:
    with (project / "reports/records.csv").open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_a_cancelled_job_is_submitted_again_and_continues(
    run: Run, here: Project, braved: Callable[[str, int], None]
) -> None:
    first, second = run.of(CANCELLED)
    assert (first["JobState"], second["JobState"]) == ("CANCELLED", "COMPLETED")
    # The checkpoint was that very job's, so that the second attempt continued it, and it is gone.
    trained = run.project.json(str(Path(WEIGHTS).with_name("run.json")))
    assert trained["key"] == run.key
    assert not list((run.project / "checkpoints").glob("*.safetensors"))
    assert (run.project / WEIGHTS).read_bytes() == (here / WEIGHTS).read_bytes()
    braved("kills survived", 1)


def test_a_second_attempt_asks_for_more(run: Run) -> None:
    asked = [(job["MinMemoryNode"], job["TimeLimit"]) for job in run.of(CANCELLED)]
    assert asked == [("4000M", "08:00:00"), ("8000M", "16:00:00")]


def test_light_jobs_stay_and_the_others_are_submitted(run: Run) -> None:
    kinds = {re.match(r"rule_(.+?)(_wildcards|$)", job["Comment"])[1] for job in run.jobs}  # type: ignore[index]
    assert kinds == ON_THE_CLUSTER
    assert "identities_wildcards_generative" in {
        j["Comment"].removeprefix("rule_") for j in run.jobs
    }


def test_jobs_ask_for_what_the_readme_says(run: Run) -> None:
    for rule, (memory, minutes, gpu) in asked_for().items():
        job = run.of(f"{rule}_wildcards")[0]
        assert job["MinMemoryNode"] == f"{memory}M", rule
        assert job["TimeLimit"] == f"{minutes // 60:02}:{minutes % 60:02}:00", rule
        assert job.get("TresPerJob") == ("gres:gpu:1" if gpu else None), rule
        assert job["Partition"] == ("gpu" if gpu else "cpu"), rule
        assert job["NumCPUs"] == "1" and job["Account"] == "lab", rule
