"""One machine, GPUs, clusters: what jobs ask for, how many run at once, what the profiles say."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from workflow_project import ROOT, Project, asked_for, copy

pytestmark = pytest.mark.workflow

PROFILES = ROOT / "profiles"


def test_the_readme_says_what_each_rule_asks_of_a_cluster(fresh: Project) -> None:
    tree = fresh.params()
    tree["runtime"]["device"] = "cuda"  # so that every rule asks for the GPU that it can use
    before = (fresh / "params.yaml").read_text()
    try:
        (jobs,) = fresh.ask({"params": tree})
    finally:
        (fresh / "params.yaml").write_text(before)
    asked = {job["rule"]: tuple(job["asks"].values()) for job in jobs if not job["local"]}
    assert asked == asked_for()


def test_what_needs_the_network_or_a_moment_stays_where_snakemake_runs(fresh: Project) -> None:
    (jobs,) = fresh.ask({})
    local = {job["rule"] for job in jobs if job["local"]}
    assert {"prepare", "split_digits", "collect", "claims", "report", "track", "all"} <= local


@pytest.mark.parametrize("name", ["cpu", "gpus", "slurm"])
def test_a_profile_holds_the_settings_of_the_default_one(name: str) -> None:
    """``--workflow-profile`` replaces the default profile, ``--profile`` adds to it.

    (What the default one does, a look at overlays, is none; ``docs/reliability.md`` says so.)
    """
    whole = yaml.safe_load((PROFILES / "default/profile.yaml").read_text())
    default = {key: value for key, value in whole.items() if not key.startswith("__")}
    profile = yaml.safe_load((PROFILES / name / "profile.yaml").read_text())
    assert default.items() <= profile.items()
    assert "resources" not in default and "cores" not in default  # would overrule --profile


# ---- how many GPUs, in a workflow of two jobs that asks as ours does

WORKFLOW = f"""
import os
from pathlib import Path
from types import SimpleNamespace

PLAN = SimpleNamespace(sections={{"runtime": {{"device": "auto"}}}})
include: "{ROOT}/workflow/rules/resources.smk"

rule all:
    input: "a.txt", "b.txt"

rule job:
    output: "{{name}}.txt"
    resources: gpu=GPUS, mem_mb=grown(100)
    shell:
        "echo {{resources.gpu}} {{resources.mem_mb}} >> {{wildcards.name}}.log; "
        "test -e {{wildcards.name}}.once || (touch {{wildcards.name}}.once; false); "
        "touch {{output}}"
"""


def run(folder: Path, visible: str, *options: str) -> tuple[list[str], str]:
    """Numbers of jobs that started together, and what the first attempt of one was given."""
    (folder / "Snakefile").write_text(WORKFLOW)
    for name in "ab":
        (folder / f"{name}.once").touch()
    project = Project(folder)
    said = project.run(
        "snakemake", "--cores", "2", *options, CUDA_VISIBLE_DEVICES=visible, PYTHONPATH=""
    )
    started = [line.split()[1] for line in said.splitlines() if line.startswith("Execute ")]
    return started[:-1], (folder / "a.log").read_text()  # the last is the target itself


@pytest.mark.parametrize(
    ("visible", "options", "started", "gpus"),
    [
        pytest.param("0", [], ["1", "1"], 1, id="one GPU: one after the other"),
        pytest.param("3,5", [], ["2"], 1, id="two GPUs: both at once"),
        pytest.param("3,5", ["--resources", "gpu=1"], ["1", "1"], 1, id="two GPUs, one wanted"),
        pytest.param("3,5", ["--profile", f"{PROFILES}/cpu"], ["2"], 0, id="two GPUs, CPU wanted"),
        pytest.param("0", ["--profile", f"{PROFILES}/gpus"], ["2"], 1, id="more wanted than seen"),
        pytest.param("", [], ["2"], 0, id="no GPU"),
    ],
)
def test_jobs_take_as_many_gpus_as_there_are(
    tmp_path: Path, visible: str, options: list[str], started: list[str], gpus: int
) -> None:
    assert run(tmp_path, visible, *options) == (started, f"{gpus} 100\n")


def test_a_second_attempt_asks_for_twice_as_much(tmp_path: Path) -> None:
    (tmp_path / "Snakefile").write_text(WORKFLOW)
    Project(tmp_path).run(
        "snakemake", "--cores", "1", "--retries", "1", CUDA_VISIBLE_DEVICES="", PYTHONPATH=""
    )
    assert (tmp_path / "a.log").read_text() == "0 100\n0 200\n"


def test_a_cluster_is_asked_for_gpus_that_the_login_node_has_not(tmp_path: Path) -> None:
    (tmp_path / "Snakefile").write_text(WORKFLOW)
    pytest.importorskip("snakemake_executor_plugin_slurm", reason="comes with the extra slurm")
    options = ["--dry-run", "--printshellcmds", "--jobs", "9", "--executor", "slurm"]
    said = Project(tmp_path).run("snakemake", *options, CUDA_VISIBLE_DEVICES="", PYTHONPATH="")
    assert "echo 1 100" in said


# ---- every job of a cluster reads the workflow anew

PARSE = """
import json, sys, time
from pathlib import Path
start = time.process_time()
import snakemake.cli
from snakemake.api import SnakemakeApi
from snakemake.settings.types import DAGSettings, OutputSettings, Quietness, ResourceSettings
imported, before = time.process_time(), set(sys.modules)
with SnakemakeApi(OutputSettings(quiet={Quietness.ALL})) as api:
    workflow = api.workflow(ResourceSettings(cores=2), snakefile=Path("Snakefile"))
    graph = workflow.dag(DAGSettings(targets={"all"}))
    workflow._workflow
    parsed = time.process_time()
    graph.execute_workflow(executor="dryrun")
planned = time.process_time()
print(json.dumps({
    "parse": (parsed - imported) / (imported - start),
    "plan": (planned - parsed) / (imported - start),
    "heavy": sorted({"torch", "pandas", "mlflow", "matplotlib"} & (set(sys.modules) - before)),
}))
"""


@pytest.mark.parametrize(("scale", "plan"), [("ten seconds", 4), ("pocket", 15)])
def test_the_workflow_is_read_soon_and_without_heavy_libraries(
    fresh: Project, tmp_path: Path, scale: str, plan: float
) -> None:
    """Against the time that Snakemake takes to start: 0.6 for the former, 1 and 3 for the plan."""
    project = copy(fresh, tmp_path / "project")
    if scale == "pocket":
        (project / "params.yaml").write_text((ROOT / "params.yaml").read_text())
    found = {}
    for _ in range(2):  # the first checks the parameters, and for that loads the models
        done = subprocess.run(
            [sys.executable, "-c", PARSE],
            cwd=project.folder,
            env=project.environment(),
            capture_output=True,
            text=True,
            check=True,
        )
        found = json.loads(done.stdout.splitlines()[-1])
    assert found["heavy"] == []
    assert found["parse"] < 2 and found["plan"] < plan


def test_a_job_of_a_cluster_leaves_its_parameters_as_they_were_written(
    fresh: Project, tmp_path: Path
) -> None:
    """It reads the rules as well, perhaps after someone changed parameters or code."""
    project = copy(fresh, tmp_path / "project")
    ask = ("snakemake", "-n", "data/prepared/digits/manifest.json")
    project.run(*ask)
    written = [project / "conf/collect.json", project / "conf/code/collect.json"]
    wanted = [path.read_bytes() for path in written]
    for path in written:
        path.write_text("{}")
    project.run(*ask, "--mode", "remote")
    assert [path.read_text() for path in written] == ["{}", "{}"]
    project.run(*ask)
    assert [path.read_bytes() for path in written] == wanted
