"""Which source files a verb depends on, from the import statements alone.

Snakemake sees the text of a shell command, not the modules that it runs. Every rule therefore takes
as inputs the files found here, and ``run.json`` embeds their digest.
"""

import ast
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from triptych.errors import UserError
from triptych.files import read_json, sha256_bytes, sha256_file, sha256_json, write_json

ROOT = Path(__file__).parent
ABOVE = f"{ROOT.parent.absolute()}{os.sep}"
NAME = __package__ or "triptych"
MEMORY = Path(".triptych", "imports.json")
MANY = 5000  # texts remembered; beyond it most are of the past
_NEW: set[str] = set()


def closure(*modules: str) -> list[str]:
    """Files of this package that ``modules`` import, directly or not, the modules included.

    Imports inside functions count. Imports for type checkers alone do not: no run sees them. Nor do
    imports by computed name, so callers name those modules (a model's own file) themselves; a
    package that sets ``BY_NAME = True`` brings all of its files along.

    Returns:
        Sorted paths, relative to the working directory where they lie below it.
    """
    seen: set[str] = set()
    waiting = list(modules)
    while waiting:
        module = waiting.pop()
        if module in seen:
            continue
        if _file(module) is None:
            raise ModuleNotFoundError(f"{module}: no such module in {ROOT}")
        seen.add(module)
        waiting.extend(_imports(module))
    paths = {_file(module) for module in seen}
    return sorted(_relative(path) for path in paths if path is not None)


def digest(files: Iterable[str]) -> str:
    """One SHA-256 over the names (below the package) and contents of ``files``."""
    return sha256_json({package_name(name): sha256_file(name) for name in files})


def package_name(name: str) -> str:
    """A file's name below the package, the same wherever the package lies."""
    whole = str(Path(name).absolute())
    # A thousand times at each start, and following links takes long.
    if whole.startswith(ABOVE) and ".." not in whole:
        return whole[len(ABOVE) :]
    path = Path(name).resolve()
    return str(path.relative_to(ROOT.parent)) if path.is_relative_to(ROOT.parent) else str(name)


@cache
def _file(module: str) -> Path | None:
    parts = module.split(".")
    if parts[0] != NAME:
        return None
    base = ROOT.joinpath(*parts[1:])
    if base.with_suffix(".py").is_file():
        return base.with_suffix(".py")
    return base / "__init__.py" if (base / "__init__.py").is_file() else None


@cache
def _imports(module: str) -> tuple[str, ...]:
    path = _file(module)
    assert path is not None
    found, by_name = _scanned(path)
    if by_name:
        found = [*found, *(f"{module}.{each.stem}" for each in path.parent.glob("[!_]*.py"))]
    parents = {
        ".".join(name.split(".")[:k]) for name in found for k in range(1, name.count(".") + 2)
    }
    return tuple(sorted(name for name in parents if _file(name) is not None))


def _scanned(path: Path) -> tuple[list[str], bool]:
    """Names that a file imports, and whether it is a package that brings all of its files along.

    Parsing all files takes a second, which every start of Snakemake would pay, on a cluster twice a
    job: what a content was found to import is remembered.
    """
    content = path.read_bytes()
    known, key = _remembered(), sha256_bytes(content)
    if key not in known:
        known[key] = _scan(content.decode())
        _NEW.add(key)
    names, by_name = known[key]
    return list(names), bool(by_name)


def _scan(source: str) -> tuple[list[str], bool]:
    found: set[str] = set()
    tree = ast.parse(source)
    assigned = (ast.unparse(node) for node in tree.body if isinstance(node, ast.Assign))
    by_name = "BY_NAME = True" in assigned
    for node in _executed(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return sorted(name for name in found if name.split(".")[0] == NAME), by_name


@cache
def _remembered() -> dict[str, Any]:
    """SHA-256 of a source text -> what :func:`_scan` says of it; of this code alone."""
    try:
        memory = read_json(MEMORY)
        known = memory["known"] if memory["by"] == sha256_file(__file__) else {}
        return dict(known) if len(known) < MANY else {}
    except (UserError, OSError, KeyError, TypeError, ValueError):
        return {}


def remember() -> None:
    """Keep what was parsed for the next process; where that cannot be written, it parses again."""
    if not _NEW:
        return
    with suppress(OSError):
        write_json(MEMORY, {"by": sha256_file(__file__), "known": _remembered()})
        _NEW.clear()


def _executed(tree: ast.AST) -> Iterator[ast.AST]:
    """All nodes but those below ``if TYPE_CHECKING:``."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            continue
        yield node
        yield from _executed(node)


def _relative(path: Path) -> str:
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative
