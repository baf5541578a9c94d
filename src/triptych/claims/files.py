"""Where claims lie: one file each, named after its id. Lists files and imports nothing heavy."""

from pathlib import Path

FOLDER = Path(__file__).parent
UNMEASURED = FOLDER / "unmeasured.yaml"


def stems(panel: str) -> list[str]:
    """Names of a panel's claim files, without the ending, in order ("g01_codes")."""
    folder = FOLDER / panel
    return sorted(path.stem for path in folder.glob("*.py") if not path.stem.startswith("_"))


def modules(panel: str) -> list[str]:
    """Dotted modules of a panel's claim files."""
    return [f"triptych.claims.{panel}.{stem}" for stem in stems(panel)]


def ids(panel: str) -> list[str]:
    """Ids of the claims that a panel measures, read off the file names.

    Example:
        A file ``claims/graphs/n01_update.py`` gives "N01".
    """
    return sorted({stem.split("_", 1)[0].upper() for stem in stems(panel)})


def identity_modules(panel: str) -> list[str]:
    """Entry modules of a panel's identities: their verb, the claims, and what those find by file.

    An identity may run over every model (or operator) of its panel, which no import names.
    """
    from triptych.registry import PACKAGE

    found = [
        ".".join(("triptych", *path.relative_to(PACKAGE).with_suffix("").parts))
        for folder in ("models", "operators")
        for path in sorted((PACKAGE / panel / folder).glob("*.py"))
        if path.stem != "__init__"
    ]
    return ["triptych.claims.identities", *modules(panel), *found]
