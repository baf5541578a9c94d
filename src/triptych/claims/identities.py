"""The verb ``identities``: run the exact checks of a panel as a job and keep their outcome."""

import csv
import io
from collections.abc import Iterable
from pathlib import Path

from triptych import jobs
from triptych.claims import files
from triptych.claims.base import Check
from triptych.errors import UserError
from triptych.files import read_json, write_text

COLUMNS = ("id", "dataset", "comparison", "discrepancy", "tolerance", "unit", "n")


def run(conf: Path, out: Path) -> None:
    """Run every identity of a panel; write ``checks.csv`` and ``run.json``.

    Args:
        conf: ``conf/identities/<panel>.json``: ``panel`` and the ids in ``claims``.
        out: ``results/identities/<panel>``.
    """
    from triptych.claims import ledger

    values = read_json(conf)
    panel = values["panel"]
    with jobs.running("identities", conf, [], out, files.identity_modules(panel)) as job:
        rows: list[tuple[str, Check]] = []
        for claim in ledger.identities(panel, values.get("claims")):
            rows += [(claim.id, check) for check in claim.check()]
        write_checks(out / "checks.csv", rows)
        job.facts["checks"] = len(rows)


def write_checks(path: Path, rows: Iterable[tuple[str, Check]]) -> None:
    """Write (claim id, check) pairs atomically, sorted."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    for claim, check in sorted(rows, key=lambda row: (row[0], row[1].dataset, row[1].comparison)):
        writer.writerow(
            [
                claim, check.dataset, check.comparison, repr(float(check.discrepancy)),
                repr(float(check.tolerance)), check.unit, check.n,
            ]
        )  # fmt: skip
    write_text(path, stream.getvalue())


def read_checks(path: Path) -> list[tuple[str, Check]]:
    """Read what :func:`write_checks` wrote.

    Raises:
        UserError: The file is missing or has other columns.
    """
    if not path.exists():
        raise UserError(f"{path}: expected the outcome of identities, found none; run their job")
    with path.open(newline="", encoding="utf-8") as stream:
        reader = csv.DictReader(stream)
        if tuple(reader.fieldnames or ()) != COLUMNS:
            raise UserError(
                f"{path}: expected the columns {', '.join(COLUMNS)}; delete it and run its job"
            )
        return [
            (
                row["id"],
                Check(
                    dataset=row["dataset"],
                    discrepancy=float(row["discrepancy"]),
                    tolerance=float(row["tolerance"]),
                    unit=row["unit"],
                    comparison=row["comparison"],
                    n=int(row["n"]),
                ),
            )
            for row in reader
        ]
