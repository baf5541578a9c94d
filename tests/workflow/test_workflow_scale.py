"""Two thousand jobs: every model and data set with twenty seeds, planned from nothing and again."""

import re
import resource

import pytest

from workflow_project import Project, as_yaml, checkout

pytestmark = pytest.mark.workflow

SEEDS = list(range(20))
TOGETHER = 4  # seeds of a process: 1809 jobs of Snakemake
# Seconds promised on a machine that plans two thousand bare jobs in 2.8 s of computing.
BARE_SECONDS, FROM_NOTHING, UP_TO_DATE = 2.8, 10.0, 20.0
TOUCH = """
from snakemake.cli import main
from snakemake.executors.touch import Executor
Executor.SLEEPING_TIME = 0  # a tenth of a second a job: here three minutes of sleep
main(["--touch", "--forceall", "--cores", "1", "--quiet", "all", "--", "all"])
"""
BARE = """
rule all:
    input: expand("{i}.done", i=range(1000))
rule train:
    input: "start"
    output: "{i}.weights"
    shell: "touch {output}"
rule evaluate:
    input: "{i}.weights"
    output: "{i}.done"
    shell: "touch {output}"
"""


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Every entry of the pocket scale, with more seeds; nothing computed."""
    project = checkout(tmp_path_factory.mktemp("sweep") / "project", small=False)
    tree = project.params()
    for panel in ("generative", "graphs", "uncertainty"):
        tree[panel]["seeds"] = SEEDS
        for name, entry in tree[panel]["models"].items():
            tree[panel]["models"][name] = {**(entry or {}), "seeds_per_job": TOGETHER}
    (project / "params.yaml").write_text(as_yaml(tree))
    return project


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> float:
    """Seconds for a graph of two thousand jobs without anything to them."""
    project = Project(tmp_path_factory.mktemp("bare"))
    (project / "Snakefile").write_text(BARE)
    (project / "start").touch()
    taken, said = seconds(project, "snakemake", "-n")
    assert planned(said) == 2001
    return taken


def seconds(project: Project, *command: str) -> tuple[float, str]:
    """Processor seconds of a program, which other programs stretch least, and what it said."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    said = project.run(*command)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, said


def planned(said: str) -> int:
    """How many jobs a dry run counts."""
    return max(int(n) for n in re.findall(r"^total\s+(\d+)$", said, flags=re.MULTILINE))


def test_a_sweep_is_planned_from_nothing_within_seconds(sweep: Project, bare: float) -> None:
    """Parameters were checked before: the first reading of new ones takes some seconds more."""
    sweep.run("snakemake", "--list-rules")
    taken, said = seconds(sweep, "snakemake", "-n")
    print(f"{planned(said)} jobs planned in {taken:.1f} s, 2001 bare ones in {bare:.1f} s")
    assert planned(said) > 1800
    assert taken * BARE_SECONDS / bare < FROM_NOTHING


def test_a_finished_sweep_is_found_up_to_date_within_seconds(sweep: Project, bare: float) -> None:
    for job in sweep.jobs():
        for name in [*job["output"], *job["log"], job["benchmark"]]:
            if name:
                (sweep / name).parent.mkdir(parents=True, exist_ok=True)
                (sweep / name).write_text("{}")
    sweep.run("python", "-c", TOUCH)
    taken, said = seconds(sweep, "snakemake", "-n")
    print(f"found up to date in {taken:.1f} s")
    assert "Nothing to be done" in said
    assert taken * BARE_SECONDS / bare < UP_TO_DATE
