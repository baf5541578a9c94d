"""Where the numbers come from: code, data, machine and cost of every job that made them."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from triptych.errors import UserError
from triptych.files import read_json
from triptych.registry import PANELS
from triptych.report import numbers
from triptych.report.tables import Cell, Table

SHORT = 12  # characters of a digest: enough to tell any two apart here


@dataclass(frozen=True)
class Run:
    """One ``run.json``: where it lies below the results, and what it says."""

    name: str
    values: Mapping[str, Any]


def read_runs(results: Path, jobs: Sequence[str]) -> list[Run]:
    """Every ``run.json`` below the results, those of dropped jobs and damaged ones left out."""
    found = []
    for path in sorted(results.rglob("run.json")):
        name = path.parent.relative_to(results).as_posix()
        if not is_current(name, jobs):
            continue
        try:
            found.append(Run(name, read_json(path)))
        except UserError:
            continue
    return found


def is_current(name: str, jobs: Sequence[str]) -> bool:
    """Whether a path below the results belongs to a job of the plan, or to no panel at all."""
    parts = name.split("/")
    return parts[0] not in PANELS or "/".join(parts[:4]) in jobs


def read_benchmarks(results: Path, jobs: Sequence[str]) -> list[dict[str, Any]]:
    """Lines of Snakemake's benchmark files below the results, each with its ``place``."""
    lines = []
    for path in sorted(results.rglob("*.jsonl")):
        place = path.relative_to(results).as_posix()
        if is_current(place, jobs):
            lines += [line | {"place": place} for line in _benchmark_lines(path)]
    return lines


def _benchmark_lines(path: Path) -> Iterator[dict[str, Any]]:
    for text in path.read_text(encoding="utf-8").splitlines():
        try:
            line = json.loads(text)
        except json.JSONDecodeError:  # a job was killed while it wrote
            continue
        if isinstance(line, dict):
            yield line


def tables(runs: Sequence[Run], benchmarks: Sequence[Mapping[str, Any]]) -> list[Table]:
    """All tables of the page."""
    found = [_code(runs), _versions(runs), _hardware(runs), _data(runs), _job_costs(runs)]
    if benchmarks:
        found.append(_rule_costs(benchmarks))
    return [table for table in found if table.rows]


def summary(runs: Sequence[Run], benchmarks: Sequence[Mapping[str, Any]]) -> str:
    """One sentence: what the whole run cost."""
    wall = sum(float(run.values["time"]["wall_seconds"]) for run in runs)
    cpu = sum(float(run.values["time"]["cpu_seconds"]) for run in runs)
    peak = max((float(run.values["time"]["peak_memory_mb"]) for run in runs), default=0.0)
    text = (
        f"{numbers.count(len(runs), 'job')} computed for {numbers.duration(wall)} (sum over jobs), "
        f"used {numbers.duration(cpu)} of processor time and at most {peak:.0f} MiB of memory each."
    )
    if benchmarks:
        total = sum(_number(line.get("s")) for line in benchmarks)
        text += f" Start-up of processes included, Snakemake measured {numbers.duration(total)}."
    return text


def _code(runs: Sequence[Run]) -> Table:
    found: dict[tuple[str, str], int] = {}
    for run in runs:
        git = run.values["git"]
        state = {True: "with uncommitted changes", False: "clean"}.get(git["dirty"], "unknown")
        key = (str(git["commit"]), state)
        found[key] = found.get(key, 0) + 1
    rows = tuple(
        (Cell(commit[:SHORT]), Cell(state), Cell(str(n), number=True))
        for (commit, state), n in sorted(found.items())
    )
    return Table("Code", ("commit", "working tree", "jobs"), rows)


def _versions(runs: Sequence[Run]) -> Table:
    found: dict[str, set[str]] = {}
    for run in runs:
        for name, version in run.values["versions"].items():
            found.setdefault(name, set()).add(str(version))
    rows = tuple((Cell(name), Cell(", ".join(sorted(found[name])))) for name in sorted(found))
    return Table("Software", ("library", "version"), rows)


HARDWARE = ("processor", "cores", "threads", "device", "gpu", "machine", "system")


def _hardware(runs: Sequence[Run]) -> Table:
    found: dict[tuple[str, ...], int] = {}
    for run in runs:
        key = tuple(str(run.values["hardware"].get(name, numbers.MISSING)) for name in HARDWARE)
        found[key] = found.get(key, 0) + 1
    rows = tuple(
        (*(Cell(value) for value in key), Cell(str(n), number=True))
        for key, n in sorted(found.items())
    )
    headers = (
        "processor",
        "cores",
        "threads per job",
        "device",
        "GPU",
        "machine",
        "system",
        "jobs",
    )
    return Table("Hardware", headers, rows)


def _data(runs: Sequence[Run]) -> Table:
    """Digests of the data files that jobs read."""
    found: dict[str, set[str]] = {}
    for run in runs:
        for name, digest in run.values["inputs"].items():
            if Path(name).parts[:1] == ("data",):
                found.setdefault(name, set()).add(str(digest)[:SHORT])
    rows = tuple((Cell(name), Cell(", ".join(sorted(found[name])))) for name in sorted(found))
    return Table(
        "Data", ("file", "SHA-256 (first 12 digits)"), rows,
        note="Two digests for one file would mean that jobs read different versions of it.",
    )  # fmt: skip


COST = ("wall s", "CPU s", "peak MiB")


def _job_costs(runs: Sequence[Run]) -> Table:
    rows = []
    totals = [0.0, 0.0, 0.0]
    for run in runs:
        time = run.values["time"]
        cost = [float(time[k]) for k in ("wall_seconds", "cpu_seconds", "peak_memory_mb")]
        totals = [totals[0] + cost[0], totals[1] + cost[1], max(totals[2], cost[2])]
        rows.append(
            (Cell(run.name), *_cost_cells(cost), Cell(str(run.values["hardware"]["device"])))
        )
    rows.append((Cell("total (memory: highest)", best=True), *_cost_cells(totals), Cell("")))
    return Table("Cost of every job", ("job", *COST, "device"), tuple(rows) if runs else ())


def _cost_cells(cost: Iterable[float]) -> tuple[Cell, ...]:
    wall, cpu, peak = cost
    return (
        Cell(f"{wall:.1f}", number=True),
        Cell(f"{cpu:.1f}", number=True),
        Cell(f"{peak:.0f}", number=True),
    )


def _rule_costs(benchmarks: Sequence[Mapping[str, Any]]) -> Table:
    """Snakemake's own measurements, by rule."""
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for line in benchmarks:
        place = str(line["place"]).removesuffix(".jsonl").removesuffix("/benchmark")
        name = str(line.get("rule_name") or place.rsplit("/", 1)[-1])
        groups.setdefault(name, []).append(line)
    rows = []
    for name, lines in sorted(groups.items()):
        seconds = [_number(line.get("s")) for line in lines]
        cost = (
            sum(seconds), sum(_number(line.get("cpu_time")) for line in lines),
            max(_number(line.get("max_rss")) for line in lines),
        )  # fmt: skip
        rows.append((Cell(name), Cell(str(len(lines)), number=True), *_cost_cells(cost)))
    return Table(
        "Cost by rule, measured by Snakemake", ("rule", "jobs", *COST), tuple(rows),
        note="Processes too short to be sampled count no CPU time and no memory.",
    )  # fmt: skip


def _number(value: object) -> float:
    """A benchmark's number; Snakemake writes NA where it could not sample."""
    try:
        return float(str(value))
    except ValueError:
        return 0.0
