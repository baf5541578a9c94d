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


def test_every_trap_has_a_line():
    _, *panels = re.split(r"^## Known traps of (.+)$", README, flags=re.MULTILINE)
    found = {
        name: re.findall(r"^\| (\d+b?) \|", text, flags=re.MULTILINE)
        for name, text in zip(panels[::2], panels[1::2], strict=True)
    }
    assert found == {
        "generative models": [*map(str, range(1, 17)), "16b", *map(str, range(17, 51))],
        "graph networks": [*map(str, range(1, 29))],
    }
