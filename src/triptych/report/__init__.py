"""The report: pages, figures and tables, computed from records by pure functions."""

from pathlib import Path

FOLDER = Path(__file__).parent


def modules() -> list[str]:
    """Entry modules of the verb: the site, every figure and every claim (their words are printed).

    Lists files and imports nothing, so that the parse of a Snakefile stays fast.
    """
    from triptych.claims import files
    from triptych.registry import PANELS

    figures = sorted(
        p.stem for p in (FOLDER / "figures").glob("*.py") if not p.stem.startswith("_")
    )
    return [
        "triptych.report.site",
        *(f"triptych.report.figures.{name}" for name in figures),
        *(module for panel in PANELS for module in files.modules(panel)),
    ]
