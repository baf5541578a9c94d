"""Verbs with arguments that make no sense: a line that begins with "triptych", no traceback."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from triptych import cli

CONF = {"panel": "graphs", "model": "gcn", "kind": "gcn", "dataset": "karate", "seeds": [0]}
FILES = {
    "list.json": "[1]", "text.json": '"x"', "null.json": "null", "empty.json": "", "half.json": "{",
    "deep.json": "[" * 100_000, "object.json": "{}", "other.json": '{"verb": "train"}',
    "seeds.json": json.dumps(CONF | {"seeds": "012", "params": {}, "measure": {}}),
    "job.json": json.dumps(CONF | {"params": {}, "measure": {}}),
    "table.csv": "a,b\n1,2\n", "bytes": "\udcff\udcfe",
}  # fmt: skip
PATHS = [
    *FILES,
    "none",
    "folder",
    "folder/none/none",
    "job.json/below",
    "/dev/null",
    "",
    "é",
    "a b",
]
WORDS = [*PATHS, "digits", "nonsense", "-1", "0", "--", "--gpus", "{x}", "\n", "-x", "../.."]
WITH_CONF = [
    "split", "shift", "train", "extractor", "evaluate-generative", "evaluate-graphs", "predict",
    "evaluate-uncertainty", "identities", "collect", "report", "panel", "prune", "track",
]  # fmt: skip
OPTIONS: dict[str, list[str]] = {
    "fetch": ["--root", "--mirror", "--mirror-of"], "prepare": ["--raw", "--out"],
    "split": ["--conf", "--out", "--prepared", "--seeds", "--seeds-of"],
    "shift": ["--conf", "--out", "--test", "--prepared"],
    "train": ["--conf", "--out", "--splits"],
    "evaluate-graphs": ["--conf", "--out", "--splits", "--train"],
    "collect": ["--conf", "--out"], "prune": ["--conf"],
    "claims": ["--records", "--timings", "--checks", "--out"],
    "report": ["--conf", "--out"], "panel": ["--conf", "--out", "--checks"],
    "verify": ["--reports", "--results", "--reference"], "schema": ["--out"],
}  # fmt: skip
PLACE = "out"  # every verb that writes is told to write here


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with files of the wrong kind, the working directory."""
    inner = tmp_path / "project"
    (inner / "folder").mkdir(parents=True)
    for name, text in FILES.items():
        (inner / name).write_text(text, errors="surrogateescape")
    monkeypatch.chdir(inner)
    monkeypatch.delenv("TRIPTYCH_MIRROR", raising=False)
    return inner


def status(arguments: list[str]) -> int:
    """Exit status of a verb; argparse ends by itself."""
    try:
        return cli.main(arguments)
    except SystemExit as end:
        return int(end.code or 0)


def test_every_verb_with_a_parameter_file_refuses_all_others(
    place: Path, capsys: pytest.CaptureFixture[str], braved: Callable[[str, int], None]
) -> None:
    wrong = [path for path in PATHS if path not in ("job.json", "")]
    for verb in WITH_CONF:
        for path in wrong:
            arguments = [verb, "--conf", path]
            given = {"--splits", "--train", "--predict", "--parts", "--shifted", "--extractors",
                     "--prepared", "--test", "--checks", "--out"}  # fmt: skip
            arguments += [
                part for option in sorted(given & required(verb)) for part in (option, "none")
            ]
            arguments += ["--seeds", "0"] if verb == "split" else []
            arguments += ["--jobs", "none"] if verb == "track" else []
            assert status(arguments) == 2, arguments
            printed = capsys.readouterr().err
            assert printed.startswith("triptych: ") and path in printed, (arguments, printed)
            braved("faults injected", 1)
    assert sorted(p.name for p in place.iterdir()) == sorted([*FILES, "folder"])


def required(verb: str) -> set[str]:
    """Options without which a verb does not start."""
    import argparse

    (verbs,) = (a for a in cli._parser()._actions if isinstance(a, argparse._SubParsersAction))
    actions = verbs.choices[verb]._actions
    return {action.option_strings[0] for action in actions if action.required}


def test_nonsense(place: Path, fuzz: Any, capsys: pytest.CaptureFixture[str]) -> None:
    word = st.sampled_from(WORDS)

    def call(verb: str) -> st.SearchStrategy[list[str]]:
        options = st.fixed_dictionaries({}, optional=dict.fromkeys(OPTIONS[verb], word))
        return st.tuples(options, st.lists(word, max_size=2)).map(
            lambda given: [verb, *given[1], *(part for pair in given[0].items() for part in pair)]
        )

    def run(arguments: list[str]) -> None:
        ended = status(kept_inside(arguments))
        printed = capsys.readouterr().err
        assert "Traceback" not in printed
        if ended:
            assert ended == 2 and "triptych" in printed, (arguments, printed)
            raise cli.UserError(printed)

    fuzz(st.sampled_from(sorted(OPTIONS)).flatmap(call), run)
    assert [path.name for path in place.parent.iterdir()] == ["project"]


def kept_inside(arguments: list[str]) -> list[str]:
    """The arguments with one place to write to: where a verb is told to write, it may."""
    kept, at = [], 0
    while at < len(arguments):
        writes = arguments[at] in ("--out", "--root")
        kept += [arguments[at], PLACE] if writes else [arguments[at]]
        at += 2 if writes else 1
    return kept
