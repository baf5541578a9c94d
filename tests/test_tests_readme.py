"""The tables of traps name tests that exist."""

import re
from pathlib import Path

TESTS = Path(__file__).parent
README = (TESTS / "README.md").read_text(encoding="utf-8")


def test_every_named_test_exists():
    named = re.findall(r"`([\w/]+\.py)(?:::(\w+))?`", README)
    assert len(named) > 30
    missing = [
        f"{file}::{name}"
        for file, name in named
        if not (TESTS / file).is_file()
        or (name and f"def {name}(" not in (TESTS / file).read_text())
    ]
    assert missing == []


TRAPS = {  # heading: numbers of its rows
    "generative models": [*map(str, range(1, 17)), "16b", *map(str, range(17, 51))],
    "graph networks": [*map(str, range(1, 29))],
    "uncertainty under shift": [*map(str, range(1, 22))],
}


def test_every_trap_has_a_line():
    for subject, numbers in TRAPS.items():
        section = README.split(f"\n## Known traps of {subject}\n")[1].split("\n## ")[0]
        assert re.findall(r"^\| (\d+b?) \|", section, flags=re.MULTILINE) == numbers, subject
