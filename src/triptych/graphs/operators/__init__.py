"""Graph operators, one per file; each file defines a class ``Layer``.

Models import the operators that they use. Only what runs over all of them (the identities that
compare their forms) looks them up here, by file.
"""

import importlib
from pathlib import Path
from typing import cast

from triptych.graphs.layer import GraphLayer


def names() -> list[str]:
    """Every operator of this folder."""
    files = Path(__file__).parent.glob("*.py")
    return sorted(path.stem for path in files if not path.stem.startswith("_"))


def layer_class(name: str) -> type[GraphLayer]:
    """The layer that a file of this folder defines."""
    module = importlib.import_module(f"{__name__}.{name}")
    return cast("type[GraphLayer]", module.Layer)
