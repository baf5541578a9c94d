"""The tables of traps, and of promises, name tests that exist."""

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
README = (TESTS / "README.md").read_text(encoding="utf-8")
PROMISES = (TESTS.parent / "docs" / "reliability.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("text", [README, PROMISES], ids=["traps", "promises"])
def test_every_named_test_exists(text):
    named = re.findall(r"`([\w/]+\.py)(?:::(\w+))?`", text)
    assert len(named) > 30
    missing = [
        f"{file}::{name}"
        for file, name in named
        if not (TESTS / file).is_file()
        or (name and f"def {name}(" not in (TESTS / file).read_text())
    ]
    assert missing == []


TRAPS = {  # heading: numbers of its rows
    "generative models": [
        *map(str, range(1, 15)),
        *("14b", "15", "16", "16b"),
        *map(str, range(17, 34)),
        "33b",
        *map(str, range(34, 51)),
    ],
    "graph networks": [*map(str, range(1, 29))],
    "uncertainty under shift": [*map(str, range(1, 23))],
}


def test_every_trap_has_a_line():
    for subject, numbers in TRAPS.items():
        section = README.split(f"\n## Known traps of {subject}\n")[1].split("\n## ")[0]
        assert re.findall(r"^\| (\d+b?) \|", section, flags=re.MULTILINE) == numbers, subject
