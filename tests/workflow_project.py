"""A copy of the project in a folder of its own, and what its tools say about it."""

import fnmatch
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
PROGRAMS = Path(sys.executable).parent
PROBE = Path(__file__).with_name("workflow_probe.py")
IDENTITY = {
    f"GIT_{role}_{what}": value
    for role in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "Test"), ("EMAIL", "test@example.org"))
}
# A machine's own settings must not decide what these tests see.
FOREIGN = ("SNAKEMAKE_PROFILE", "MLFLOW_TRACKING_URI", "TRIPTYCH_MIRROR", "TRIPTYCH_GPUS")
COLLECTED = ("collect", "claims", "report", "track")  # what follows any changed number

Job = dict[str, Any]


@dataclass(frozen=True)
class Project:
    """A folder with the project in it."""

    folder: Path

    def __truediv__(self, name: str) -> Path:
        return self.folder / name

    # ---- programs

    def environment(self, **more: str) -> dict[str, str]:
        """The variables of every program: this copy's code, this interpreter's programs."""
        kept = {name: value for name, value in os.environ.items() if name not in FOREIGN}
        return (
            kept
            | IDENTITY
            | {
                "PATH": os.pathsep.join([str(PROGRAMS), os.environ.get("PATH", os.defpath)]),
                "PYTHONPATH": str(self / "src"),
                "OMP_NUM_THREADS": "1",
                "GIT_CONFIG_GLOBAL": os.devnull,
                "DVC_NO_ANALYTICS": "1",
                "CI": "true",  # DVC then does not ask the network for a newer version of itself
            }
            | more
        )

    def run(self, *command: str, fails: bool = False, **variables: str) -> str:
        """Run a program and return all it printed; its words are shown if it ends otherwise."""
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment(**variables),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert (done.returncode != 0) == fails, (
            f"{' '.join(command)} in {self.folder} ended with {done.returncode}:\n{done.stdout}"
        )
        return done.stdout

    def snakemake(self, *arguments: str) -> str:
        """Compute."""
        return self.run("snakemake", *(arguments or ("all",)), "--cores", "2")

    def dvc(self, *arguments: str) -> str:
        """Run DVC."""
        return self.run("dvc", *arguments)

    def git(self, *arguments: str) -> str:
        """Run git."""
        return self.run("git", *arguments)

    def commit(self, message: str) -> None:
        """Commit every file that git does not ignore."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)

    # ---- what would run, what ran

    def ask(self, *questions: Mapping[str, Any]) -> list[Any]:
        """Answers of ``workflow_probe.py``, one process for all; each is a graph of jobs.

        Parameters of a question (``params``, a tree) stay in place.
        """
        texts = [{k: as_yaml(v) if k == "params" else v for k, v in q.items()} for q in questions]
        done = subprocess.run(
            [sys.executable, str(PROBE)],
            input="".join(f"{json.dumps(question)}\n" for question in texts),
            cwd=self.folder,
            env=self.environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        answers = done.stdout.splitlines()
        assert done.returncode == 0 and len(answers) == len(questions), done.stdout + done.stderr
        return [json.loads(line) for line in answers]

    def jobs(self) -> list[Job]:
        """The graph of jobs of everything, as things are."""
        jobs: list[Job] = self.ask({})[0]
        return jobs

    def pending(self) -> set[str]:
        """Names of the jobs that Snakemake would run now."""
        return running(self.jobs())

    def marks(self) -> dict[str, int]:
        """Name of each job that ever ran here -> when: every job writes its log."""
        return {
            str(path.relative_to(self / "logs").with_suffix("")): path.stat().st_mtime_ns
            for path in (self / "logs").rglob("*.log")
        }

    def ran_since(self, before: Mapping[str, int]) -> set[str]:
        """Names of the jobs that ran after ``before`` was taken."""
        return {name for name, time in self.marks().items() if before.get(name) != time}

    # ---- files

    def params(self) -> dict[str, Any]:
        """The parameters, as written."""
        tree: dict[str, Any] = yaml.safe_load((self / "params.yaml").read_text())
        return tree

    def set(self, *changes: tuple[str, Any]) -> None:
        """Change parameters by dotted path."""
        tree = self.params()
        for path, value in changes:
            change(tree, path, value)
        (self / "params.yaml").write_text(as_yaml(tree))

    def json(self, name: str) -> Any:
        """A JSON file."""
        return json.loads((self / name).read_text())

    def edit(self, name: str, text: str) -> None:
        """Append ``text`` to a file."""
        path = self / name
        path.write_text(path.read_text() + text)


def asked_for() -> dict[str, tuple[int, int, int]]:
    """Rule -> megabytes, minutes and GPUs that its jobs ask a cluster for, as the README says."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    table = readme.split("\n| rule |")[1].split("\n\n")[0]
    rows = [line.strip("| ").split(" | ") for line in table.splitlines()[2:]]
    return {
        rule.strip(" `"): (int(memory), int(minutes), int(gpus))
        for rules, memory, minutes, gpus in rows
        for rule in rules.split(",")
    }


def copy(project: Project, folder: Path) -> Project:
    """A copy with all times kept, on which nothing needs to run if nothing did on the original."""
    shutil.copytree(project.folder, folder, symlinks=True)
    return Project(folder)


def checkout(folder: Path, small: bool = True) -> Project:
    """The project as it is in the working tree, committed to git; at the ten-second scale."""
    names = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\0")
    for name in names:
        if name and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    if small:
        (folder / "params.yaml").write_text(as_yaml(small_tree(folder)))
    project = Project(folder)
    project.git("init", "--quiet", "--initial-branch", "main")
    project.commit("start")
    return project


def small_tree(folder: Path) -> dict[str, Any]:
    """The parameters at the ten-second scale, without the entries that it leaves out."""
    tree: dict[str, Any] = merged(
        yaml.safe_load((folder / "params.yaml").read_text()),
        yaml.safe_load((folder / "params" / "test.yaml").read_text()),
    )
    for panel in tree.values():
        only = panel.pop("only", None)
        if only is not None:
            panel["models"] = {name: panel["models"][name] for name in only}
    return tree


def merged(tree: Any, overlay: Any) -> Any:
    """Mappings key by key, anything else replaced: what ``--configfile`` does."""
    if isinstance(tree, dict) and isinstance(overlay, dict):
        keys = [*tree, *(key for key in overlay if key not in tree)]
        return {
            key: merged(tree.get(key), overlay[key]) if key in overlay else tree[key]
            for key in keys
        }
    return overlay


def as_yaml(tree: Any) -> str:
    """YAML in the order of the keys."""
    return yaml.safe_dump(tree, sort_keys=False)


def change(tree: dict[str, Any], path: str, value: Any) -> None:
    """Set a value by dotted path; None as value of a model removes it."""
    *parents, last = path.split(".")
    for part in parents:
        tree = tree[part]
    tree[last] = value


def name_of(job: Job) -> str:
    """A job's name: its log, without folder and ending ("train/generative/vae/digits/0-1")."""
    (log,) = job["log"]
    return str(Path(log).relative_to("logs").with_suffix(""))


def running(jobs: Iterable[Job]) -> set[str]:
    """Names of the jobs that would run; targets without a command are none."""
    return {name_of(job) for job in jobs if job["runs"] and job["shell"]}


def matching(jobs: Iterable[Job], patterns: Iterable[str]) -> set[str]:
    """Names of the jobs that any of the patterns names; each pattern must name one."""
    names = {name_of(job) for job in jobs if job["shell"]}
    found: set[str] = set()
    for pattern in patterns:
        some = set(fnmatch.filter(names, pattern))
        assert some, f"no job is named {pattern}"
        found |= some
    return found
