"""Restore: what stops it, in which order, with which words."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from triptych import restore
from triptych.errors import UserError
from triptych.restore import Step


def git(*arguments: str) -> None:
    identity = ["-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run(["git", *identity, *arguments], check=True, capture_output=True)


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with the committed files, and its own dvc and snakemake first on PATH."""
    monkeypatch.chdir(tmp_path)
    git("init", "--quiet")
    for name in restore.COMMITTED:
        Path(name).write_text(f"{name}: 1\n")
    git("add", ".")
    git("commit", "--quiet", "--message", "results")
    return tmp_path


class Fake:
    """Runs git; answers for dvc and snakemake, and remembers what was asked."""

    def __init__(self, **answers: tuple[int, str]) -> None:
        self.answers = answers
        self.asked: list[str] = []

    def __call__(self, step: Step) -> "subprocess.CompletedProcess[str]":
        if step.command[0] == "git":
            return restore._execute(step)
        self.asked.append(" ".join(step.command))
        done = (0, "Nothing to be done") if "--dry-run" in step.command else (0, "")
        name = f"{step.command[0]}_{step.command[1]}" if step.command[0] == "dvc" else "dry_run"
        if step.command[0] == "dvc" or "--dry-run" in step.command:
            done = self.answers.get(name, done)
        return subprocess.CompletedProcess(step.command, done[0], "", done[1])


def attempt(fake: Fake) -> str:
    with pytest.raises(UserError) as caught:
        restore.restore(fake, restore.steps())
    return str(caught.value)


def test_a_clean_clone_is_pulled_checked_touched_and_checked(clone: Path) -> None:
    fake = Fake()
    restore.restore(fake, restore.steps())
    assert fake.asked == [
        "dvc pull",
        "dvc status --quiet",
        "snakemake all --touch --forceall --cores 1 --quiet all",
        "snakemake reports/index.html --dry-run",
        "snakemake results/tracking/receipt.json --cores 1 --quiet all --allowed-rules track",
    ]


@pytest.mark.parametrize("name", restore.COMMITTED)
def test_changed_parameters_or_lock_stop_it_before_anything_is_pulled(
    clone: Path, name: str
) -> None:
    Path(name).write_text("other: 2\n")
    fake = Fake()
    message = attempt(fake)
    assert fake.asked == []
    assert name in message  # in git's own words, and which command undoes it
    assert "git checkout HEAD" in message


def test_a_staged_change_counts_too(clone: Path) -> None:
    Path("params.yaml").write_text("other: 2\n")
    git("add", "params.yaml")
    assert "as committed" in attempt(Fake())


def test_without_a_committed_lock_there_is_nothing_to_restore(clone: Path) -> None:
    git("rm", "--cached", "--quiet", "dvc.lock")
    fake = Fake()
    message = attempt(fake)
    assert fake.asked == []
    assert "dvc.lock" in message
    assert "dvc commit" in message


def test_outside_a_repository_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert "not a git repository" in attempt(Fake())


@pytest.mark.parametrize(
    ("words", "advice"),
    [
        ("No remote provided and no default remote set.", "dvc remote add"),
        ("WARNING: Missing cache files:\nmd5: 12", "dvc push"),
        ("ERROR: Can't remove the following unsaved files without confirmation.", "move them"),
        ("ERROR: failed to transfer '12' - The specified key does not exist.", "dvc push"),
        ("ERROR: failed to transfer '12' - [Errno 2] No such file or directory: 'x'", "dvc push"),
        ("ERROR: failed to connect to s3 (b) - Forbidden: An error", "AWS_ACCESS_KEY_ID"),
        ("ERROR: failed to connect to s3 (b) - Unable to locate credentials", "AWS_ACCESS_KEY_ID"),
        ("ERROR: failed to connect to s3 (b) - Could not connect to the endpoint", "the network"),
        ("ERROR: URL 's3://b' requires these missing dependencies: ['dvc-s3']", "'.[s3]'"),
        ("ERROR: something nobody foresaw", "dvc remote list"),
    ],
)
def test_a_failed_pull_gets_the_fitting_advice(clone: Path, words: str, advice: str) -> None:
    fake = Fake(dvc_pull=(1, words))
    message = attempt(fake)
    assert words.splitlines()[-1] in message
    assert advice in message
    assert not any("snakemake" in command for command in fake.asked)


def test_a_dirty_status_is_never_blessed(clone: Path) -> None:
    fake = Fake(dvc_status=(1, "train@vae:\n  changed deps:\n    modified: src/model.py"))
    message = attempt(fake)
    assert "src/model.py" in message
    assert not any("--touch" in command for command in fake.asked)


def test_work_left_after_touching_is_an_error(clone: Path) -> None:
    fake = Fake(dry_run=(0, "rule evaluate:\n  output: x"))
    assert "rule evaluate" in attempt(fake)
    assert "--dry-run" in fake.asked[-1]  # nothing is tracked then


def test_programs_come_from_this_environment_first() -> None:
    path = restore.environment({"PATH": "/usr/bin", "HOME": "/h"})
    assert path["PATH"].split(os.pathsep) == [str(Path(sys.executable).parent), "/usr/bin"]
    assert path["HOME"] == "/h"


def test_a_missing_program_is_named() -> None:
    with pytest.raises(UserError, match="expected the program no-such-program"):
        restore._execute(Step(("no-such-program",), "", ""))


SNAKEFILE = """
rule all:
    input: "reports/index.html", "results/tracking/receipt.json"
rule number:
    input: "params.yaml"
    output: "results/number"
    shell: "cp {input} {output}; echo {output} >> computed"
rule report:
    input: "results/number"
    output: "reports/index.html"
    shell: "cp {input} {output}; echo {output} >> computed"
rule track:
    input: "results/number"
    output: "results/tracking/receipt.json"
    shell: "cp {input} {output}; echo {output} >> computed"
"""
STAGE = """
stages:
  x:
    cmd: snakemake all --cores 1
    params: [a]
    outs: [{reports: {persist: true}}, {results/number: {persist: true}}]
"""


@pytest.mark.workflow
@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_with_the_real_tools_a_clone_is_restored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", restore.environment(os.environ)["PATH"])
    monkeypatch.setenv("DVC_NO_ANALYTICS", "1")
    origin = tmp_path / "origin"
    origin.mkdir()
    monkeypatch.chdir(origin)
    git("init", "--quiet")
    Path("params.yaml").write_text("a: 1\n")
    Path("dvc.yaml").write_text(STAGE)
    Path("Snakefile").write_text(SNAKEFILE)
    Path(".gitignore").write_text(".snakemake/\ncomputed\nresults/tracking\n")
    for command in ("init", "repro", f"remote add --default here {tmp_path}/remote", "push"):
        subprocess.run(["dvc", *command.split(), "--quiet"], check=True)
    git("add", ".")
    git("commit", "--quiet", "--message", "results")
    git("clone", "--quiet", str(origin), str(tmp_path / "clone"))

    monkeypatch.chdir(tmp_path / "clone")
    restore.run()
    assert Path("reports/index.html").read_text() == "a: 1\n"
    # Only the tracking, which no clone carries, was done here; now nothing is left.
    assert Path("computed").read_text() == "results/tracking/receipt.json\n"
    left = subprocess.run(["snakemake", "--dry-run"], capture_output=True, text=True, check=True)
    assert "Nothing to be done" in left.stdout + left.stderr

    # Without the remote's files a second clone says what is missing.
    shutil.rmtree(tmp_path / "remote")
    (tmp_path / "remote").mkdir()
    git("clone", "--quiet", str(origin), str(tmp_path / "second"))
    monkeypatch.chdir(tmp_path / "second")
    with pytest.raises(UserError, match="dvc push"):
        restore.run()
