"""SIGKILL at random points: nothing half-written is read, progress is kept, bits are the same."""

import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from safetensors import safe_open

from workflow_project import PROGRAMS, Project, copy

pytestmark = pytest.mark.workflow

Braved = Callable[[str, int], None]
JOB = "generative/ddpm/digits/0-1"
INTERVAL = 0.2  # seconds between checkpoints
PATIENCE = 120.0  # seconds after which a test gives up


@pytest.fixture(scope="module")
def undisturbed(prepared: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The same, trained and measured without a disturbance."""
    project = copy(prepared, tmp_path_factory.mktemp("undisturbed") / "project")
    project.snakemake(f"results/{JOB}/evaluate/run.json")
    return project


def start(project: Project, *command: str) -> subprocess.Popen[bytes]:
    """Start a program whose jobs keep checkpoints often; it leads a process group of its own."""
    with (project / "words.txt").open("ab") as words:
        return subprocess.Popen(
            [str(PROGRAMS / command[0]), *command[1:]],
            cwd=project.folder,
            env=project.environment(TRIPTYCH_CHECKPOINT_SECONDS=str(INTERVAL)),
            stdout=words,
            stderr=words,
            start_new_session=True,
        )


def checkpoints(project: Project) -> dict[str, int]:
    """File -> time of every checkpoint, each of which can be read: none is half-written."""
    found = {}
    for path in sorted((project / "checkpoints").glob("*.safetensors")):
        with safe_open(path, framework="np") as handle:
            assert handle.metadata()["key"]
        found[path.name] = path.stat().st_mtime_ns
    return found


def wait_for(condition: Callable[[], bool], process: subprocess.Popen[bytes]) -> bool:
    """Whether the condition came true before the process ended."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "nothing happened"
        if process.poll() is not None:
            return False
        time.sleep(0.005)
    return True


def kill(process: subprocess.Popen[bytes], *, group: bool) -> None:
    """End a process, or it and all it started, as a lack of power would."""
    if process.poll() is None:
        (os.killpg if group else os.kill)(process.pid, signal.SIGKILL)
    process.wait()


def assert_same(project: Project, other: Project) -> None:
    """Weights, records and samples, bit for bit."""
    for name in ("train/weights.safetensors", "evaluate/records.csv"):
        left, right = (p / f"results/{JOB}/{name}" for p in (project, other))
        assert left.read_bytes() == right.read_bytes(), name


def test_a_training_job_killed_again_and_again_ends_with_the_same_bits(
    prepared: Project,
    undisturbed: Project,
    tmp_path: Path,
    pytestconfig: pytest.Config,
    braved: Braved,
) -> None:
    """At random points: while it starts, steps, writes a checkpoint, writes its results."""
    project, chance = copy(prepared, tmp_path / "project"), random.Random(0)
    train = (
        "triptych", "train", "--conf", f"conf/{JOB}/train.json", "--splits", "data/splits/digits",
        "--out", f"results/{JOB}/train",
    )  # fmt: skip
    kills = 0
    while kills < pytestconfig.getoption("--kills"):
        before = checkpoints(project)
        process = start(project, *train)
        # Every other kill falls after progress, so that the whole is not one start after another.
        if kills % 2 == 0 and not wait_for(lambda b=before: checkpoints(project) != b, process):
            break  # it got to its end
        time.sleep(chance.uniform(0, 3 * INTERVAL))
        if process.poll() is not None:
            break
        kill(process, group=True)
        kills += 1
        after = checkpoints(project)
        assert all(after[name] >= before[name] for name in before), "progress was lost"
        if not (project / f"results/{JOB}/train/run.json").exists():
            # Whatever is there is whole; and without run.json nobody takes it for a result.
            weights = project / f"results/{JOB}/train/weights.safetensors"
            if weights.exists():
                with safe_open(weights, framework="np") as handle:
                    assert list(handle.keys())
    assert kills, "the job ended before it could be killed"
    project.run(*train)
    assert not checkpoints(project)
    assert not list((project / f"results/{JOB}/train").glob(".*.part"))
    project.snakemake(f"results/{JOB}/evaluate/run.json")
    assert_same(project, undisturbed)
    braved("kills survived", kills)


def test_snakemake_killed_with_its_jobs_completes_when_asked_again(
    prepared: Project, undisturbed: Project, tmp_path: Path, braved: Braved
) -> None:
    project = copy(prepared, tmp_path / "project")
    target = f"results/{JOB}/evaluate/run.json"
    process = start(project, "snakemake", target, "--cores", "2")
    assert wait_for(lambda: bool(checkpoints(project)), process)
    kill(process, group=True)
    said = project.run("snakemake", target, "--cores", "2", fails=True)
    assert "--unlock" in said  # the message says what to type
    project.run("snakemake", "--unlock")
    project.snakemake(target)
    assert_same(project, undisturbed)
    braved("kills survived", 1)


def test_a_job_that_outlives_its_snakemake_does_no_harm(
    prepared: Project, undisturbed: Project, tmp_path: Path, braved: Braved
) -> None:
    """Snakemake alone is killed; the same command starts the job while the old one still runs."""
    project = copy(prepared, tmp_path / "project")
    target = f"results/{JOB}/evaluate/run.json"
    process = start(project, "snakemake", target, "--cores", "2")
    assert wait_for(lambda: bool(checkpoints(project)), process)
    kill(process, group=False)
    try:
        project.run("snakemake", "--unlock")
        project.snakemake(target)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # what is left of the first run
    assert_same(project, undisturbed)
    braved("kills survived", 1)


def test_two_snakemakes_in_one_folder(prepared: Project, tmp_path: Path, braved: Braved) -> None:
    """The second is refused with a sentence, and the first ends well."""
    project = copy(prepared, tmp_path / "project")
    target = f"results/{JOB}/train/run.json"
    process = start(project, "snakemake", target, "--cores", "1")
    assert wait_for(lambda: bool(checkpoints(project)), process)
    said = project.run("snakemake", target, "--cores", "1", fails=True)
    assert "cannot be locked" in said and "--unlock" in said
    assert process.wait(PATIENCE) == 0, (project / "words.txt").read_text()
    assert (project / target).exists()
    braved("faults injected", 1)
    shutil.rmtree(project.folder)
