"""All figures of a report, by as many processes as it was given."""

import multiprocessing
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from triptych.report.data import ReportData
from triptych.report.figure import Drawn, Figure, render

_Task = tuple[Sequence[Figure], ReportData, Path, int]
# What the processes draw. They are copies of this one and find it here: a figure holds functions,
# which cannot be sent.
_task: list[_Task] = []


def render_all(
    figures: Sequence[Figure], data: ReportData, folder: Path, dpi: int, processes: int = 1
) -> list[Drawn]:
    """Draw figures to ``folder``; the same bytes for any number of processes.

    Args:
        figures: What to draw, with names of their own.
        data: The report's tables.
        folder: Where SVG and PNG files go.
        dpi: Of the PNG files.
        processes: How many draw at once. One where processes cannot be copied (Windows).

    Returns:
        In the order of ``figures``.
    """
    if min(processes, len(figures)) <= 1 or "fork" not in multiprocessing.get_all_start_methods():
        return [render(figure, data, folder, dpi) for figure in figures]
    _task.append((figures, data, folder, dpi))
    try:
        with ProcessPoolExecutor(processes, multiprocessing.get_context("fork")) as pool:
            found = list(pool.map(_draw, range(len(figures))))
    finally:
        _task.pop()
    return [Drawn(figure, *each) for figure, each in zip(figures, found, strict=True)]


def _draw(index: int) -> tuple[str, int, str]:
    figures, data, folder, dpi = _task[-1]
    drawn = render(figures[index], data, folder, dpi)
    return drawn.svg, drawn.width, drawn.note
