"""Trap 21: torch from one index and torchvision from another break each other when imported."""

import ast
import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
FRAGILE = {"torchvision", "torchmetrics", "kornia", "imagecorruptions", "numba"}


def imported(path: Path) -> set[str]:
    """Top-level names of everything that a file imports, inside functions too."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name.split(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


def test_nothing_imports_what_breaks_with_another_torch() -> None:
    files = sorted((ROOT / "src").rglob("*.py"))
    assert len(files) > 100
    names = {name for path in files for name in imported(path)}
    assert "torch" in names
    assert not names & FRAGILE


def test_nothing_asks_for_it_to_be_installed() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    wanted = {re.split(r"[^\w-]", line)[0] for group in groups for line in group}
    assert "torch" in wanted
    assert not wanted & FRAGILE
