"""Names to classes, per panel, found by file: ``<panel>/models/<name>.py`` defines class ``Entry``.

Listing names reads the folder and imports nothing, so that the parse of a Snakefile stays fast.
"""

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, cast

from triptych.errors import UserError, nearest

if TYPE_CHECKING:
    from triptych.model import Model

PANELS = ("generative", "graphs", "uncertainty")
PACKAGE = Path(__file__).parent


def model_names(panel: str) -> list[str]:
    """Every model file of a panel, by name."""
    folder = PACKAGE / panel / "models"
    return sorted(path.stem for path in folder.glob("*.py") if not path.stem.startswith("_"))


def model_module(panel: str, name: str) -> str:
    """Dotted module of a model.

    Raises:
        UserError: The panel has no such file; the message names the nearest.
    """
    if name not in model_names(panel):
        raise UserError(
            f"{panel}.models: no file {panel}/models/{name}.py; {nearest(name, model_names(panel))}"
        )
    return f"triptych.{panel}.models.{name}"


def model_class(panel: str, name: str) -> "type[Model]":
    """The class ``Entry`` of a model file."""
    module = importlib.import_module(model_module(panel, name))
    if not hasattr(module, "Entry"):
        raise UserError(
            f"{module.__file__}: expected a class named Entry (the model that params.yaml names), "
            "found none; name the model's class Entry or add `Entry = YourClass`"
        )
    return cast("type[Model]", module.Entry)
