"""Shifted test sets that are no corruption: each is one file in ``sets/``, found by name.

Nothing here imports torch, so that parameters are checked quickly.
"""

from triptych.data.shifts.base import KINDS, LABELLED, Made, Shift, Source
from triptych.data.shifts.registry import applicable, companions, find, modules, names

__all__ = [
    "KINDS", "LABELLED", "Made", "Shift", "Source", "applicable", "companions", "find", "modules",
    "names",
]  # fmt: skip
