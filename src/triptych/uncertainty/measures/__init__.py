"""What is measured on cached predictions, one file per group of numbers, found by name.

A file defines ``measure(prediction) -> list[Number]`` and may say where it applies:

``TASKS``: tasks of the data ("classification" by default, or "regression");
``ON``: kinds of shift (``data/shifts/base.py``; "" stands for the validation part, the clean test
part and the corruptions). By default all whose examples have labels.

Listing them imports nothing heavy: rules are parsed with it.
"""

import importlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from triptych import registry
from triptych.data import corruptions

PLAIN = ""  # validation, clean test part, corruptions
LABELLED = (PLAIN, "covariate", "subpopulation", "label")
CLASSIFICATION = "classification"


def names() -> list[str]:
    """Every measure file, by name."""
    folder = Path(__file__).parent
    return sorted(p.stem for p in folder.glob("*.py") if p.stem not in ("__init__", "base"))


def chosen(task: str, shift: str = PLAIN) -> list[Callable[[Any], list[Any]]]:
    """The functions ``measure`` for one task on one kind of shift, in the order of their names."""
    found = [importlib.import_module(f"{__name__}.{name}") for name in names()]
    return [
        module.measure
        for module in found
        if task in getattr(module, "TASKS", (CLASSIFICATION,))
        and shift in getattr(module, "ON", LABELLED)
    ]


def modules(kind: str, kinds: Iterable[str]) -> list[str]:
    """Entry modules of an evaluation: the verb, the measures, the method's file, the corruptions'.

    (A corruption's file says whether it enters the mean over kinds.)
    """
    return [
        "triptych.uncertainty.evaluate",
        *(f"{__name__}.{name}" for name in names()),
        registry.model_module("uncertainty", kind),
        *corruptions.modules(kinds),
    ]
