"""Jobs that a report does without, and why: said where the reader looks first."""

from collections.abc import Sequence
from dataclasses import dataclass

from triptych.report.tables import Cell, Table


@dataclass(frozen=True)
class Missing:
    """A job of the plan that left no numbers.

    Attributes:
        job: ``<panel>/<model>/<dataset>/<seeds>``.
        step: What it did not get done, in words.
        reason: The last words of its log.
        log: Where they stand.
    """

    job: str
    step: str
    reason: str
    log: str


def table(missing: Sequence[Missing], planned: int) -> Table | None:
    """The jobs that are missing; None where none is."""
    if not missing:
        return None
    return Table(
        caption=f"{len(missing)} of {planned} jobs are missing from this report",
        columns=("job", "failed at", "reason", "log"),
        rows=tuple(
            (Cell(gap.job), Cell(gap.step), Cell(gap.reason), Cell(gap.log)) for gap in missing
        ),
        note="Numbers and verdicts below are of the other jobs alone; a claim that needs a missing "
        "one says so on each of its rows, or is not measured. The same Snakemake command runs what "
        "is missing.",
    )
