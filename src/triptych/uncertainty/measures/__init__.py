"""What is measured on cached predictions, one file per group of numbers, found by name.

A file defines ``measure(prediction) -> list[Number]``. Listing them imports nothing heavy:
rules are parsed with it.
"""

from collections.abc import Iterable
from pathlib import Path

from triptych import registry
from triptych.data import corruptions


def names() -> list[str]:
    """Every measure file, by name."""
    folder = Path(__file__).parent
    return sorted(p.stem for p in folder.glob("*.py") if p.stem not in ("__init__", "base"))


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
