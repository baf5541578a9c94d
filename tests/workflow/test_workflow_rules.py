"""What can be said of the rules without running them."""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from workflow_project import ROOT, Job, Project, as_yaml, matching, name_of

TEST_PART = "/test.safetensors"
# The last evaluation: shifted test sets and logits are its first steps.
EVALUATION = {
    "shift", "shift_uncorrupted", "predict", "generative_evaluate", "graphs_evaluate",
    "uncertainty_evaluate",
}  # fmt: skip
READS_TEST = EVALUATION - {"uncertainty_evaluate"}  # which reads logits
LEARNING = {"train", "extractor"}


@pytest.fixture(scope="module")
def answers(fresh: Project) -> dict[str, list[Any]]:
    """The jobs of every target that a test names, and "rules", by one process."""
    targets = {
        "all": None,
        **dict.fromkeys(TARGETS),
        **dict.fromkeys(map(target, dvc_stages(fresh))),
    }
    found = fresh.ask({"about": "rules"}, *({"target": name} for name in targets))
    return dict(zip(["rules", *targets], found, strict=True))


@pytest.fixture(scope="module")
def graph(answers: dict[str, list[Any]]) -> list[Job]:
    """Every job of a first run."""
    return answers["all"]


def ancestors(graph: list[Job], job: Job) -> list[Job]:
    """The jobs that a job depends on, directly or not."""
    maker = {name: other for other in graph for name in other["output"]}
    found: dict[int, Job] = {}
    waiting = [job]
    while waiting:
        for name in waiting.pop()["input"]:
            other = maker.get(name)
            if other is not None and id(other) not in found:
                found[id(other)] = other
                waiting.append(other)
    return list(found.values())


def test_the_test_part_is_read_by_the_last_evaluation_alone(graph: list[Job]) -> None:
    readers = {job["rule"] for job in graph for name in job["input"] if name.endswith(TEST_PART)}
    assert readers == READS_TEST


def test_nothing_that_learns_depends_on_an_evaluation_or_a_test_part(graph: list[Job]) -> None:
    learning = [job for job in graph if job["rule"] in LEARNING]
    assert {job["rule"] for job in learning} == LEARNING
    for job in learning:
        above = ancestors(graph, job)
        assert above and not {other["rule"] for other in above} & EVALUATION
        read = [name for other in [job, *above] for name in other["input"]]
        assert not [name for name in read if name.endswith(TEST_PART)], name_of(job)
        assert not [name for name in read if name.startswith("data/shifted/")], name_of(job)


def test_every_job_has_a_log_of_its_own(graph: list[Job]) -> None:
    jobs = [job for job in graph if job["shell"]]
    assert len({name_of(job) for job in jobs}) == len(jobs)


def test_parameters_and_code_are_inputs_and_no_command_names_a_value(
    fresh: Project, graph: list[Job]
) -> None:
    """What a result depends on is a file, or Snakemake would miss it in a clone without history."""
    for job in graph:
        if not job["shell"]:
            continue
        conf = [Path(name).parts for name in job["input"] if name.startswith("conf/")]
        assert any(parts[1] == "code" for parts in conf), name_of(job)
        if job["rule"] != "claims":  # which has no parameters
            assert any(parts[1] != "code" for parts in conf), name_of(job)
        absolute = [name for name in job["input"] + job["output"] if Path(name).is_absolute()]
        assert not absolute, name_of(job)
        assert str(fresh.folder) not in job["shell"], name_of(job)


def test_every_rule_says_what_a_scheduler_and_a_person_need(
    answers: dict[str, list[Any]],
) -> None:
    working = [rule for rule in answers["rules"] if rule["shell"]]
    assert len(working) > 10
    for rule in working:
        missing = [key for key in ("log", "benchmark", "message") if not rule[key]]
        # Snakemake keeps `threads:` as the resource _cores.
        wanted = {"_cores", "mem_mb", "runtime", "gpu"}
        assert not missing and wanted <= set(rule["resources"]), (rule["name"], missing)


def test_the_linter_misses_containers_alone(fresh: Project) -> None:
    """Read from the text: ``--lint json`` prints text too, or fails (Snakemake 9.27)."""
    said = fresh.run("snakemake", "--lint", fails=True)
    titles = re.findall(r"^    \* (.+)$", said, flags=re.MULTILINE)
    assert set(titles) == {"Specify a conda environment or container for each rule.:"}, said


def test_the_rules_are_formatted() -> None:
    pytest.importorskip("snakefmt", reason="snakefmt comes with the extra dev")
    done = subprocess.run(
        [sys.executable, "-m", "snakefmt", "--check", "--diff", "Snakefile", "workflow/rules"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


TARGETS = {  # -> patterns of jobs that belong to it, and of some that do not
    "generative": (["evaluate/generative/*", "identities/generative"], ["evaluate/graphs/*"]),
    "graphs": (["evaluate/graphs/*", "identities/graphs"], ["evaluate/generative/*"]),
    "uncertainty": (["evaluate/uncertainty/*", "shift/*"], ["extractor/*", "collect"]),
    "vae": (["evaluate/generative/vae/*", "extractor/*"], ["train/generative/gan/*"]),
    "mc_dropout": (["evaluate/uncertainty/mc_dropout/*"], ["train/uncertainty/single/*"]),
    "data": (["split/*", "prepare/*"], ["train/*"]),
    "instruments": (["extractor/*", "shift/*"], ["train/*"]),
    "identity_checks": (["identities/*"], ["train/*"]),
    "claims": (["claims", "collect"], ["report", "track"]),
    "report": (["report", "claims"], ["track"]),
}


def test_targets(answers: dict[str, list[Any]], graph: list[Job]) -> None:
    for target, (inside, outside) in TARGETS.items():
        names = {name_of(job) for job in answers[target] if job["shell"]}
        assert matching(graph, inside) <= names, target
        assert not matching(graph, outside) & names, target


def test_a_panel_target_ends_with_its_own_report(answers: dict[str, list[Any]]) -> None:
    jobs = answers["graphs"]
    made = {path for job in jobs for path in job["output"]}
    assert "reports/panels/graphs/graphs.html" in made and "reports/index.html" not in made
    (report,) = (job for job in jobs if "reports/panels/graphs/graphs.html" in job["output"])
    read = [path for path in report["input"] if path.startswith("results/")]
    assert read and all(path.split("/")[1] in ("graphs", "identities") for path in read)


def test_every_panel_and_every_model_is_a_target(
    fresh: Project, answers: dict[str, list[Any]]
) -> None:
    names = {rule["name"] for rule in answers["rules"]}
    panels = ("generative", "graphs", "uncertainty")
    models = {model for panel in panels for model in fresh.params()[panel]["models"]}
    assert {"all", *panels, *models} <= names


def test_dvc_passes_over_no_change_of_code(fresh: Project, answers: dict[str, list[Any]]) -> None:
    """Dependencies of a stage may be wider than what its jobs run, never narrower."""
    for stage in dvc_stages(fresh):
        jobs = answers[target(stage)]
        outs = [next(iter(out)) for out in stage["outs"]]
        own = [j for j in jobs if any(covers(out, made) for out in outs for made in j["output"])]
        digests = {path for job in own for path in job["input"] if path.startswith("conf/code/")}
        code = {f"src/{path}" for name in digests for path in fresh.json(name)}
        missing = {path for path in code if not any(covers(d, path) for d in stage["deps"])}
        assert code and not missing, f"dvc.yaml, {stage['cmd']}: {sorted(missing)}"


def test_dvc_outputs_are_made_by_their_own_stage(
    fresh: Project, answers: dict[str, list[Any]], graph: list[Job]
) -> None:
    """Or a later stage would change what an earlier one has committed."""
    everything = {name for job in graph for name in job["output"]}
    for stage in dvc_stages(fresh):
        own = {name for job in answers[target(stage)] for name in job["output"]}
        for out in (next(iter(out)) for out in stage["outs"]):
            wanted = {name for name in everything if covers(out, name)}
            # figures are listed in a manifest, which alone Snakemake knows
            assert wanted, out
            assert wanted <= own, f"{stage['cmd']}: {sorted(wanted - own)}"


def dvc_stages(project: Project) -> Iterator[dict[str, Any]]:
    """The stages of ``dvc.yaml``, those over models written out."""
    for panel, stage in yaml.safe_load((project / "dvc.yaml").read_text())["stages"].items():
        if "foreach" not in stage:
            yield stage
            continue
        for model in project.params()[panel]["models"]:
            yield json.loads(json.dumps(stage["do"]).replace("${key}", model))


def target(stage: dict[str, Any]) -> str:
    """What a stage asks Snakemake for."""
    name: str = stage["cmd"].split()[-1]
    return name


def covers(path: str, other: str) -> bool:
    return other == path or other.startswith(f"{path}/")


def spoil_models(tree: dict[str, Any]) -> None:
    tree["generative"]["models"]["vae"]["latnet"] = 3
    tree["generative"]["models"]["gan"]["steps"] = "many"
    tree["uncertainty"]["models"]["mc_dropout"]["dropout"] = 1.5
    tree["graphs"]["models"]["gcnn"] = {}
    tree["generative"]["datasets"] = ["digit"]


def spoil_sections(tree: dict[str, Any]) -> None:
    tree["uncertainty"]["calibratoin"] = {"bins": 5}
    tree["graphs"]["seeds"] = [0, "one"]


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        pytest.param(
            spoil_models,
            [
                "5 mistakes",
                "generative.models.vae.latnet",
                "did you mean 'latent'",
                "generative.models.gan.steps",
                "'many'",
                "uncertainty.models.mc_dropout.dropout",
                "1.5",
                "graphs.models.gcnn",
                "did you mean 'gcn'",
                "generative.datasets",
                "did you mean 'digits'",
            ],
            id="models",
        ),
        pytest.param(
            spoil_sections,
            ["uncertainty.calibratoin", "did you mean 'calibration'", "graphs.seeds[1]", "'one'"],
            id="sections",
        ),
    ],
)
def test_mistakes_in_the_parameters_stop_before_any_job(
    fresh: Project,
    copy_of: Callable[[Project], Project],
    spoil: Callable[[dict[str, Any]], None],
    words: list[str],
) -> None:
    project = copy_of(fresh)
    tree = project.params()
    spoil(tree)
    (project / "params.yaml").write_text(as_yaml(tree))
    said = project.run("snakemake", "all", "--cores", "1", fails=True)
    missing = [word for word in words if word not in said]
    assert not missing, said
    assert "Traceback" not in said
    assert not (project / "results").exists() and not (project / "logs").exists()
