"""Which source files a verb depends on, from the import statements alone.

Snakemake sees the text of a shell command, not the modules that it runs. Every rule therefore takes
as inputs the files found here, and ``run.json`` embeds their digest.
"""

import ast
import os
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from triptych.files import sha256_file, sha256_json

ROOT = Path(__file__).parent
NAME = __package__ or "triptych"


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
    return sha256_json({_package_name(name): sha256_file(name) for name in files})


def _package_name(name: str) -> str:
    path = Path(name).resolve()
    return str(path.relative_to(ROOT.parent)) if path.is_relative_to(ROOT.parent) else str(name)


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
    found: set[str] = set()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assigned = (ast.unparse(node) for node in tree.body if isinstance(node, ast.Assign))
    if "BY_NAME = True" in assigned:
        found |= {f"{module}.{each.stem}" for each in path.parent.glob("[!_]*.py")}
    for node in _executed(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    parents = {
        ".".join(name.split(".")[:k]) for name in found for k in range(1, name.count(".") + 2)
    }
    return tuple(sorted(name for name in parents if _file(name) is not None))


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
