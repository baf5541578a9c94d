"""The verb ``collect``: the numbers of every job in one table, and nothing of jobs that are gone.

The jobs are listed explicitly by the plan. A folder left over from a dropped seed or model is not
read, so it disappears from every table; :func:`prune` deletes it.
"""

import csv
import io
import math
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from triptych import records
from triptych.errors import UserError
from triptych.files import read_json, write_json, write_text
from triptych.records import Record
from triptych.registry import PANELS

DIGITS = 6  # of headline numbers: enough to see a change, short enough to read in a diff
CURVE_COLUMNS = (
    "panel", "model", "dataset", "metric", "split", "step", "value", "std", "n",
)  # fmt: skip


def modules() -> list[str]:
    """Entry modules of the verb."""
    return ["triptych.collect"]


def run(conf: Path, out: Path) -> None:
    """Join the tables of all jobs, then delete the results of jobs that are gone.

    Args:
        conf: ``conf/collect.json``: paths in ``records``, ``timings`` and ``curves``.
        out: ``reports``; gets ``records.csv``, ``timings.csv``, ``curves.csv``, ``metrics.json``.
    """
    values = read_json(conf)
    rows = write_tables(values, out)
    write_json(out / "metrics.json", headline(rows))
    prune_all(conf)


def write_tables(values: Mapping[str, Any], out: Path) -> list[Record]:
    """Join the listed tables into ``records.csv``, ``timings.csv`` and ``curves.csv`` of ``out``.

    Args:
        values: Paths in ``records``, ``timings`` and ``curves``.
        out: Folder.

    Returns:
        The records.
    """
    rows = join(values["records"])
    records.write(out / "records.csv", rows)
    records.write(out / "timings.csv", join(values["timings"]))
    write_curves(out / "curves.csv", values.get("curves", []))
    return rows


def prune_all(conf: Path) -> None:
    """The verb ``prune``: delete the results of jobs that are gone, without collecting.

    Args:
        conf: ``conf/collect.json``, which names the tables of every job and the folders of every
            seed.
    """
    values = read_json(conf)
    for root, jobs in _jobs(values["records"]).items():
        prune(jobs, root)
    prune_seeds(map(Path, values.get("seeds", [])))


def _jobs(paths: Iterable[str]) -> dict[Path, list[str]]:
    """Root -> job names, from ``<root>/<panel>/<model>/<dataset>/<seeds>/<verb>/records.csv``."""
    found: dict[Path, list[str]] = {}
    for path in map(Path, paths):
        found.setdefault(Path(*path.parts[:-6]), []).append("/".join(path.parts[-6:-2]))
    return found


def join(paths: Iterable[str]) -> list[Record]:
    """All records of an explicit list of files.

    Raises:
        UserError: A file is missing or damaged.
    """
    return [record for path in sorted(set(paths)) for record in records.read(path)]


def headline(rows: Iterable[Record]) -> dict[str, Any]:
    """Panel -> data set -> model -> metric -> mean over seeds, for ``dvc metrics diff``.

    Headline numbers are those on the clean test set or the whole data set; sweeps (a metric named
    ".../code=8") and shifted test sets stay in the table. A seed that diverged has no value.
    """
    values: dict[tuple[str, str, str, str], list[float]] = {}
    for row in rows:
        if row.split in ("test", "all") and "=" not in row.metric:
            key = (row.panel, row.dataset, row.model, row.metric)
            values.setdefault(key, []).append(row.value)
    tree: dict[str, Any] = {}
    for (panel, dataset, model, metric), found in sorted(values.items()):
        finite = [value for value in found if math.isfinite(value)]
        if finite:
            branch = tree.setdefault(panel, {}).setdefault(dataset, {}).setdefault(model, {})
            branch[metric] = round(math.fsum(finite) / len(finite), DIGITS)
    return tree


def write_curves(path: Path, curve_files: Iterable[str]) -> None:
    """Average the training curves of each model over its seeds and parts (members of an ensemble).

    Wall-clock times are left out, so that equal runs give equal bytes.
    """
    tables = [_curve_table(Path(name)) for name in sorted(set(curve_files))]
    tables = [table for table in tables if len(table)]
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(CURVE_COLUMNS)
    if tables:
        keys = list(CURVE_COLUMNS[:6])
        for key, group in pd.concat(tables).groupby(keys, sort=True)["value"]:
            spread = float(group.std(ddof=1)) if len(group) > 1 else 0.0
            writer.writerow([*key, repr(float(group.mean())), repr(spread), len(group)])
    write_text(path, stream.getvalue())


def _curve_table(path: Path) -> pd.DataFrame:
    """One job's ``curves.csv`` with the names that its place gives it."""
    if not path.exists():
        raise UserError(
            f"{path}: expected training curves, found none; run the job that makes them"
        )
    panel, model, dataset = path.parts[-6:-3]  # results/<panel>/<model>/<dataset>/<seeds>/train/
    return pd.read_csv(path).assign(panel=panel, model=model, dataset=dataset)


def prune(jobs: Iterable[str], root: Path = Path("results")) -> list[Path]:
    """Delete the result folders of no job, and say which.

    Only folders ``<panel>/<model>/<dataset>/<seeds>`` below ``root`` are looked at; what else lies
    there (instruments, identities) is left alone, and links are removed without following them.

    Args:
        jobs: Names ``<panel>/<model>/<dataset>/<seeds>`` that exist.
        root: Folder of results.

    Returns:
        What was deleted.
    """
    wanted = set(jobs)
    if not wanted:
        raise UserError(
            "prune: expected the names of the jobs to keep, found none; nothing deleted"
        )
    gone: list[Path] = []
    for panel in PANELS:
        for folder in sorted((root / panel).glob("*/*/*")):
            if str(folder.relative_to(root)) not in wanted:
                _remove(folder)
                gone.append(folder)
        _remove_empty(root / panel)
    for folder in gone:
        print(f"removed {folder} (no job has this name any more)")
    return gone


def prune_seeds(folders: Iterable[Path]) -> list[Path]:
    """Delete splits, shifted sets and instruments of seeds that no job has, and say which.

    Args:
        folders: ``<root>/<dataset>/<seed>`` of every seed that some job has; only data sets and
            seeds below these roots are looked at.

    Returns:
        What was deleted.
    """
    wanted = set(folders)
    datasets = {folder.parent for folder in wanted}
    gone: list[Path] = []
    for root in sorted({folder.parent for folder in datasets}):
        for dataset in sorted(path for path in root.glob("*") if path.is_dir()):
            if dataset not in datasets:
                gone.append(dataset)
                continue
            seeds = (path for path in sorted(dataset.iterdir()) if path.name.isdigit())
            gone += [seed for seed in seeds if seed not in wanted]
    for path in gone:
        _remove(path)
        print(f"removed {path} (no job reads it any more)")
    return gone


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def _remove_empty(panel: Path) -> None:
    """Remove folders of models and data sets that nothing is left in."""
    for pattern in ("*/*", "*"):
        for folder in sorted(panel.glob(pattern)):
            if folder.is_dir() and not folder.is_symlink() and not any(folder.iterdir()):
                folder.rmdir()
