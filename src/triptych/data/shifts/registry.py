"""Shifted test sets by name: ``sets/<name>.py`` defines ``SHIFT``."""

import importlib
from collections.abc import Iterable
from pathlib import Path

from triptych.data.catalogue import DataSet
from triptych.data.shifts.base import Shift
from triptych.errors import UserError, nearest

FOLDER = Path(__file__).parent / "sets"


def names() -> list[str]:
    """Every set, in alphabetical order."""
    return sorted(path.stem for path in FOLDER.glob("*.py") if not path.stem.startswith("_"))


def find(name: str) -> Shift:
    """The shift of that name.

    Raises:
        UserError: There is no such set; the message names the nearest.
    """
    if name not in names():
        raise UserError(f"no shifted test set {name!r}; {nearest(name, names())}")
    shift = importlib.import_module(_module(name)).SHIFT
    if not isinstance(shift, Shift):
        raise TypeError(f"{_module(name)}.SHIFT: expected a Shift, found {shift!r}")
    return shift


def applicable(wanted: Iterable[str], dataset: DataSet) -> list[str]:
    """Those of the wanted sets that mean something on a data set, in their order."""
    return [name for name in wanted if find(name).applies(dataset)]


def companions(wanted: Iterable[str], dataset: DataSet) -> list[str]:
    """Data sets whose prepared arrays the wanted sets need, each once, by name."""
    needed = (find(name).companions(dataset) for name in wanted)
    return sorted({name for one in needed for name in one})


def modules(wanted: Iterable[str]) -> list[str]:
    """Dotted modules of sets; a job that makes them depends on these files and on no others."""
    return [_module(name) for name in sorted(wanted)]


def _module(name: str) -> str:
    return f"triptych.data.shifts.sets.{name}"
