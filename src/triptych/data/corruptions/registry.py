"""Kinds of corruption by name: ``kinds/<name>.py`` defines ``CORRUPTION``."""

import importlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from triptych.data.corruptions.base import CONSTANT_SETS, Corruption
from triptych.errors import UserError, nearest

FOLDER = Path(__file__).parent / "kinds"


@cache
def names(constants: str) -> list[str]:
    """Kinds that a constant set defines, in alphabetical order.

    Raises:
        UserError: There is no such constant set.
    """
    if constants not in CONSTANT_SETS:
        raise UserError(f"constants: no set {constants!r}; {nearest(constants, CONSTANT_SETS)}")
    return [kind for kind in _files() if constants in find(kind).constants]


def find(kind: str) -> Corruption:
    """The corruption of that name.

    Raises:
        UserError: There is no such kind; the message names the nearest.
    """
    if kind not in _files():
        raise UserError(f"no corruption {kind!r}; {nearest(kind, _files())}")
    corruption = importlib.import_module(_module(kind)).CORRUPTION
    if not isinstance(corruption, Corruption):
        raise TypeError(f"{_module(kind)}.CORRUPTION: expected a Corruption, found {corruption!r}")
    return corruption


def averaged(kinds: Iterable[str], constants: str) -> list[str]:
    """The kinds that enter the mean over kinds: those that are not for validation in this set."""
    return [kind for kind in kinds if constants not in find(kind).validation_in]


def companions(kinds: Iterable[str]) -> list[str]:
    """Data sets of pictures that the kinds need, each once, by name."""
    return sorted({name for name in (find(kind).companion for kind in kinds) if name})


def modules(kinds: Iterable[str]) -> list[str]:
    """Dotted modules of kinds; a job that applies them depends on these files and on no others."""
    return [_module(kind) for kind in sorted(kinds)]


def _module(kind: str) -> str:
    return f"triptych.data.corruptions.kinds.{kind}"


def _files() -> list[str]:
    return sorted(path.stem for path in FOLDER.glob("*.py") if not path.stem.startswith("_"))
