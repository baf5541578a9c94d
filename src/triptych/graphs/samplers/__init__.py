"""Samplers of neighbours, one per file; each file defines a class ``Sampler``, found by name."""

import importlib
from functools import cache
from pathlib import Path
from typing import cast

from triptych.errors import UserError, nearest
from triptych.graphs import sampling

BY_NAME = True  # whoever imports this folder depends on every file in it (see triptych.closure)


@cache
def names() -> list[str]:
    """Every sampler of this folder."""
    files = Path(__file__).parent.glob("*.py")
    return sorted(path.stem for path in files if not path.stem.startswith("_"))


def find(name: str) -> type[sampling.Sampler]:
    """The sampler that a file of this folder defines.

    Raises:
        UserError: There is no such file; the message names the nearest.
    """
    if name not in names():
        raise UserError(f"no sampler {name!r}; {nearest(name, names())}")
    module = importlib.import_module(f"{__name__}.{name}")
    return cast("type[sampling.Sampler]", module.Sampler)
