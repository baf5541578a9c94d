"""The verb ``panel``: one panel alone, from the tables of its jobs to its page.

For a run of ``snakemake graphs`` and the like: nothing of the other panels is read or deleted, and
the report of the whole run stays as it is.
"""

from pathlib import Path

from triptych import collect
from triptych.claims import evaluate, ledger
from triptych.files import read_json
from triptych.report import site


def run(conf: Path, checks: Path, out: Path, processes: int = 1) -> None:
    """Collect, judge and render.

    Args:
        conf: ``conf/panels/<panel>.json``: ``panels`` with the one panel, ``records``, ``timings``,
            ``curves`` and ``jobs`` of its own, and the settings of the report.
        checks: Its ``checks.csv``.
        out: ``reports/panels/<panel>``.
        processes: How many draw figures at once.
    """
    values = read_json(conf)
    own = [claim for claim in ledger.every_claim() if claim.panel in values["panels"]]
    collect.write_tables(values, out)
    tables = out / "records.csv", out / "timings.csv"
    evaluate.run(*tables, [checks], out / "claims.csv", own)
    site.run(conf, out, claims=own, processes=processes)
