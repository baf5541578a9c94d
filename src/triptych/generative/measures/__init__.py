"""Measures of a trained generative model, one file each, found by name.

A file defines ``measure(trained)`` (see :mod:`triptych.generative.measures.base`) and skips models
that lack the capability it needs. Listing them imports nothing heavy: rules are parsed with it.
"""

from pathlib import Path

from triptych import registry


def names() -> list[str]:
    """Every measure file, by name."""
    folder = Path(__file__).parent
    return sorted(p.stem for p in folder.glob("*.py") if p.stem not in ("__init__", "base"))


def modules(kind: str) -> list[str]:
    """Entry modules of an evaluation: the verb, the measures, the model's own file."""
    measures = [f"{__name__}.{name}" for name in names()]
    return ["triptych.generative.evaluate", *measures, registry.model_module("generative", kind)]
