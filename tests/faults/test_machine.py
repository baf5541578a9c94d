"""The machine fails: a full disk, a read-only folder, no memory; and training that diverges."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest

from workflow_project import PROGRAMS, Project, copy

pytestmark = pytest.mark.workflow

Braved = Callable[[str, int], None]
JOB = "generative/ddpm/digits/0-1"
ROOM = 64 * 1024  # bytes of the small disk: less than the weights and a checkpoint of the job


@pytest.fixture(scope="module")
def ready(prepared: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project with one job to run, of few steps. Only to be copied."""
    project = copy(prepared, tmp_path_factory.mktemp("ready") / "project")
    project.set(("generative.models.ddpm.steps", 20))
    project.run("snakemake", "--cores", "1", "--dry-run", "all")  # writes the parameter files
    return project


@pytest.fixture
def project(ready: Project, tmp_path: Path) -> Project:
    """The same, for one test."""
    return copy(ready, tmp_path / "project")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, that is soon full."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={ROOM}", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True).returncode != 0:
        pytest.skip("a small file system can be mounted by root alone")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def train(out: str, job: str = JOB) -> tuple[str, ...]:
    """The command of a job, writing to another folder."""
    return (
        "triptych", "train", "--conf", f"conf/{job}/train.json", "--splits", "data/splits/digits",
        "--out", out,
    )  # fmt: skip


def sentence(said: str) -> str:
    """What was said, which holds no traceback."""
    assert "Traceback" not in said, said
    return said


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_a_full_disk_under_the_results(project: Project, disk: Path, braved: Braved) -> None:
    """Nothing half-written stays; with room again the same command ends with the same bits."""
    project.run(*train("whole"))
    said = sentence(project.run(*train(str(disk / "train")), fails=True))
    assert "full disk" in said and "free some space" in said
    assert not files(disk)
    subprocess.run(["mount", "-o", "remount,size=64M", str(disk)], check=True)
    project.run(*train(str(disk / "train")))
    for name in ("weights.safetensors",):
        assert (disk / "train" / name).read_bytes() == (project / "whole" / name).read_bytes()
    braved("faults injected", 1)


def test_a_full_disk_under_the_checkpoints(project: Project, disk: Path, braved: Braved) -> None:
    shutil.rmtree(project / "checkpoints", ignore_errors=True)
    (project / "checkpoints").symlink_to(disk)
    said = sentence(project.run(*train("out"), fails=True, TRIPTYCH_CHECKPOINT_SECONDS="0"))
    assert "full disk" in said
    assert not (project / "out").exists() or not files(project / "out")
    assert not list(disk.glob(".*.part"))
    subprocess.run(["mount", "-o", "remount,size=64M", str(disk)], check=True)
    project.run(*train("out"), TRIPTYCH_CHECKPOINT_SECONDS="0")
    project.run(*train("whole"))
    weights = (project / name / "weights.safetensors" for name in ("out", "whole"))
    assert len({path.read_bytes() for path in weights}) == 1
    braved("faults injected", 1)


def test_a_read_only_results_folder(project: Project, disk: Path, braved: Braved) -> None:
    (disk / "results").mkdir()
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    said = sentence(project.run(*train(str(disk / "results/train")), fails=True))
    assert "read-only" in said and str(disk) in said
    braved("faults injected", 1)


def test_a_snakemake_run_on_a_read_only_folder_says_so(
    project: Project, disk: Path, braved: Braved
) -> None:
    """Jobs fail one by one, in words; with the folder writable again, all is made."""
    shutil.rmtree(project / "results" / "generative", ignore_errors=True)
    (project / "results" / "generative").symlink_to(disk)
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    target = "results/generative/pca/digits/0-1/train/run.json"
    said = project.run("snakemake", target, "--cores", "1", fails=True)
    assert "Read-only file system" in said or "read-only" in said
    subprocess.run(["mount", "-o", "remount,rw,size=64M", str(disk)], check=True)
    project.snakemake(target)
    assert (project / target).exists()
    braved("faults injected", 1)


def test_too_little_memory(project: Project, braved: Braved) -> None:
    """An address space with room for the libraries and half a gigabyte; the network needs one."""
    project.set(("generative.models.vae.hidden", [16384, 16384]))
    project.run("snakemake", "--cores", "1", "--dry-run", "all")
    inside = "import resource, sys; from triptych import cli; import torch, triptych.train; "
    inside += "held = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize(); "
    inside += "resource.setrlimit(resource.RLIMIT_AS, (held + 2**29,) * 2); "
    inside += "sys.exit(cli.main(sys.argv[1:]))"
    command = train("out", "generative/vae/digits/0-1")[1:]
    said = project.run(str(PROGRAMS / "python"), "-c", inside, *command, fails=True)
    assert "enough memory" in sentence(said) and "mem_mb" in said
    assert not (project / "out/run.json").exists()
    braved("faults injected", 1)


def test_a_model_that_diverges_is_reported_and_stops_nobody(
    project: Project, braved: Braved
) -> None:
    """A seed that diverged is counted, no number is made up for it, and the job ends well."""
    project.set(("generative.models.vae.learning_rate", 1.0))
    job = "generative/vae/digits/0-1"
    project.snakemake(f"results/{job}/evaluate/run.json")
    rows = pd.read_csv(project / f"results/{job}/evaluate/records.csv")
    diverged = set(rows[(rows["metric"] == "diverged") & (rows["value"] == 1)]["seed"])
    measured = set(rows[rows["metric"] == "bits_per_dim"]["seed"])
    assert diverged and not diverged & measured and diverged | measured == {0, 1}
    braved("faults injected", 1)
