"""Parameter files with tricks, as Snakemake meets them: an error that says where and what to do.

Snakemake merges an overlay (``--configfile``) before it reads the Snakefile; the default profile,
which it reads before that, looks at overlays first.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from workflow_project import Project, copy

pytestmark = pytest.mark.workflow

PROBE = Path(__file__).with_name("dry_runs.py")


def bomb(first: str, following: Callable[[int], str]) -> str:
    return "\n".join([f"a0: &a0 {first}", *(f"a{n}: &a{n} {following(n)}" for n in range(1, 10))])


LISTS = bomb("[x]", lambda n: f"[{', '.join([f'*a{n - 1}'] * 10)}]")
MAPPINGS = bomb("{k: x}", lambda n: f"{{{', '.join(f'k{i}: *a{n - 1}' for i in range(10))}}}")
MERGES = bomb("{k: x}", lambda n: f"{{<<: [{', '.join([f'*a{n - 1}'] * 10)}]}}")

# What is appended to params.yaml -> what the error names.
APPENDED: dict[str, tuple[str, tuple[str, ...]]] = {
    "an alias bomb of lists": (LISTS, ("params.yaml, line", "aliases that stand for more")),
    "an alias bomb of mappings": (MAPPINGS, ("params.yaml, line", "aliases that stand for more")),
    "an alias bomb of merges": (MERGES, ("params.yaml, line", "aliases that stand for more")),
    "an alias inside of itself": ("a: &a [*a]", ("params.yaml, line", "found *a inside of &a")),
    "a call": ("a: !!python/object/apply:os.system [touch mark]", ("params.yaml, line", "the tag")),
    "a name of Python": ("a: !!python/name:os.system", ("params.yaml, line", "the tag")),
    "an unknown tag": ("a: !secret x", ("params.yaml, line", "the tag !secret")),
    "a template": ("__use_yte__: true\n?open('mark', 'w'): 1", ("'__use_yte__'; take it away",)),
    "a key twice": ("report: {title: A, title: B}", ("each key once, found 'title'",)),
    "a section twice": ("report: {title: A}\nreport: {title: B}", ("found 'report' again",)),
    "a merge of a section": ("x: &x {a: 1}\ny: {<<: *x}", ("x: unknown parameter", "y: unknown")),
    "a tab": ("x:\n\ty: 1", ("params.yaml, line", "indent with spaces, not tabs")),
    "bytes that are not UTF-8": ("report: {title: caf\xe9}", ("params.yaml", "save it as UTF-8")),
    "a key that is no text": ("5: 1", ("params.yaml", "the key 5: put quotes around it")),
    "a date": ("report: {title: 2026-01-01}", ("params.yaml: report.title", "found the date")),
    "a month 13": ("report: {title: 2026-13-01}", ("params.yaml", "month must be in 1..12")),
    "infinity": ("report: {figure_dpi: .inf}", ("report.figure_dpi: expected", "the float inf")),
    "a number of 5000 digits": (f"report: {{figure_dpi: {'9' * 5000}}}", ("params.yaml", "digits")),
    "a section of Snakemake": ("pathvars: 5", ("params.yaml", "'pathvars'; take it away")),
    "10 000 levels": (f"x: {'[' * 10_000}", ("params.yaml, line", "at most 32 levels")),
    "2 MB": ("# " + "x" * 2_000_000, ("params.yaml", "at most 1000000 bytes")),
}  # fmt: skip

WHOLE: dict[str, tuple[str, tuple[str, ...]]] = {
    "nothing": ("", ("params.yaml: expected sections of parameters by name, found nothing",)),
    "a list": ("- 1\n- 2", ("params.yaml: expected sections", "found a list")),
    "a text": ("hello", ("params.yaml: expected sections", "found a str")),
    "two documents": ("a: 1\n---\nb: 2", ("params.yaml, line 2", "another document")),
}

NAMES = [
    "has space", "a/b", "../up", "line\nbreak", "-dash", "{x}", "vaé", "VAE", "x" * 300, "", "a.b",
    "*", "$(touch mark)", "'", "_", "0", "\u202egnp", "con ",
]  # fmt: skip

ARGUMENTS: dict[str, tuple[dict[str, str], list[str], tuple[str, ...]]] = {
    "an overlay with a key twice": (
        {"overlay.yaml": "report: {title: A, title: B}"}, ["--configfile", "overlay.yaml"],
        ("overlay.yaml, line 1", "found 'title' again"),
    ),
    "an overlay with a bomb of lists": (
        {"overlay.yaml": LISTS}, ["--configfile", "overlay.yaml"],
        ("overlay.yaml, line", "aliases that stand for more"),
    ),
    "an overlay with a bomb of mappings": (
        {"overlay.yaml": MAPPINGS}, ["--configfile", "overlay.yaml"],
        ("overlay.yaml, line", "aliases that stand for more"),
    ),
    "a second overlay with a bomb of merges": (
        {"overlay.yaml": "report: {title: A}", "second.yaml": MERGES},
        ["--configfile", "overlay.yaml", "second.yaml"],
        ("second.yaml, line", "aliases that stand for more"),
    ),
    "an overlay that is missing": (
        {}, ["--configfile", "nowhere.yaml"], ("nowhere.yaml: expected a YAML file, found none",),
    ),
    "an overlay with a call": (
        {"overlay.yaml": "a: !!python/object/apply:os.system [touch mark]"},
        ["--configfile", "overlay.yaml"], ("overlay.yaml, line 1", "the tag"),
    ),
    "a misspelt overlay": (
        {"overlay.yaml": "reprot: {}"}, ["--configfile", "overlay.yaml"],
        ("reprot: unknown parameter", "'report'"),
    ),
    "a wrong value": ({}, ["--config", "generative={seeds: [x]}"], ("generative.seeds[0]", "'x'")),
    "a wrong section": ({}, ["--config", "generative=5"], ("generative: expected", "found 5")),
    "a value that is not finite": ({}, ["--config", "report=nan"], ("parameters: report", "nan")),
    "an unknown section": ({}, ["--config", "reprot=5"], ("reprot: unknown", "'report'")),
}  # fmt: skip


@pytest.fixture(scope="module")
def asked(
    fresh: Project, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, Any], list[str]]:
    """The answer to every question, and what lies beside the project afterwards."""
    around = tmp_path_factory.mktemp("faults")
    project = copy(fresh, around / "project")
    good = (project / "params.yaml").read_text()
    # As latin-1, so that a text can hold any bytes.
    start = good.encode().decode("latin-1")
    questions: dict[str, dict[str, Any]] = {"as it is": {"params": start}}
    for what, (text, _) in APPENDED.items():
        section = text.split(":")[0] + ":"
        kept = "\n".join(_without(start, section)) if text.count("\nreport:") == 0 else start
        questions[what] = {"params": f"{kept}\n{text}\n"}
    for what, (text, _) in WHOLE.items():
        questions[what] = {"params": text}
    # One question for all names: every mistake has its line, and making models takes seconds.
    models = json.dumps({"graphs": {"models": {name: {"model": "mlp"} for name in NAMES}}})
    overlay = ["--configfile", "overlay.yaml"]
    questions["names"] = {"params": start, "files": {"overlay.yaml": models}, "arguments": overlay}
    for what, (files, arguments, _) in ARGUMENTS.items():
        questions[what] = {"params": start, "files": files, "arguments": arguments}
    done = subprocess.run(
        [sys.executable, str(PROBE)],
        input="".join(f"{json.dumps(question)}\n" for question in questions.values()),
        cwd=project.folder,
        env=project.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == len(questions), done.stderr
    beside = [str(p.relative_to(around)) for p in around.rglob("*") if p.name == "mark"]
    return dict(zip(questions, answers, strict=True)), [
        *(p.name for p in around.iterdir()),
        *beside,
    ]


def _without(text: str, section: str) -> list[str]:
    """The lines but those of one top-level section."""
    kept, inside = [], False
    for line in text.splitlines():
        inside = line.startswith(section) or (inside and line.startswith((" ", "-")))
        if not inside:
            kept.append(line)
    return kept


def test_the_untouched_file_passes(asked: tuple[dict[str, Any], list[str]]) -> None:
    answer = asked[0]["as it is"]
    assert answer["status"] == 0, answer["output"]


@pytest.mark.parametrize("what", [*APPENDED, *WHOLE, *ARGUMENTS])
def test_the_error_says_where_and_what(
    what: str, asked: tuple[dict[str, Any], list[str]], braved: Callable[[str, int], None]
) -> None:
    answer = asked[0][what]
    _, expected = (APPENDED | WHOLE).get(what) or (None, ARGUMENTS[what][2])
    assert answer["status"] == 1, answer
    for text in expected:
        assert text in answer["output"], answer["output"]
    assert "Traceback" not in answer["output"] and len(answer["output"]) < 10_000
    braved("faults injected", 1)


def test_names_that_are_no_names(
    asked: tuple[dict[str, Any], list[str]], braved: Callable[[str, int], None]
) -> None:
    answer = asked[0]["names"]
    assert answer["status"] == 1, answer
    lines = [x for x in answer["output"].splitlines() if "expected a name of at most 64" in x]
    assert len(lines) == len(NAMES), answer["output"]
    for name, line in zip(NAMES, lines, strict=True):
        assert line.startswith("  graphs.models: ") and repr(name)[:90] in line
    braved("faults injected", len(NAMES))


def test_nothing_is_written_beside_the_project(asked: tuple[dict[str, Any], list[str]]) -> None:
    assert asked[1] == ["project"]
