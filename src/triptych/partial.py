"""The verb ``partial``: a report of what there is, where some jobs failed.

Snakemake makes the report only when every job is done. After a run with failures this verb shows
the rest and names each missing job with the reason; claims that need those are not measured.
"""

import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from triptych import collect, provenance, thinned
from triptych.claims import evaluate, ledger
from triptych.files import read_json
from triptych.registry import PANELS
from triptych.report import site
from triptych.report.missing import Missing

NAME = "partial"
DATA, LOGS, RESULTS = Path("data"), Path("logs"), Path("results")


@dataclass(frozen=True)
class Step:
    """What has to be there before a job is done.

    Attributes:
        label: In words.
        product: The file that its rule makes last.
        log: Where it says what happened.
    """

    label: str
    product: Path
    log: Path


def run(conf: Path, out: Path) -> int:
    """Collect, judge and render what finished jobs left.

    Args:
        conf: Folder of the jobs' parameter files, with ``report.json`` and ``panels/``.
        out: ``reports/partial``; replaced.

    Returns:
        How many jobs are missing from it.
    """
    plan = read_json(conf / "report.json")
    stale = {found.job for found in provenance.check(RESULTS).mismatches}
    missing = [gap for name in plan["jobs"] for gap in _first_gap(name, conf, stale)]
    absent = {gap.job for gap in missing}
    whole = [name for name in plan["jobs"] if name not in absent]
    # A run of one panel fails in that panel: the others were not asked for.
    panels = [p for p in PANELS if any(name.startswith(f"{p}/") for name in whole)]
    missing = [gap for gap in missing if gap.job.split("/")[0] in panels]
    missing += _unchecked(panels)
    if not missing or not whole:
        discard(out.parent)
        return len(missing)
    shutil.rmtree(out, ignore_errors=True)
    _render(plan, conf, out, panels, whole, missing)
    print(
        f"{len(missing)} jobs are missing: {out}/index.html names them, and shows the "
        f"{len(whole)} that are done"
    )
    return len(missing)


def discard(reports: Path) -> None:
    """Remove the report of an earlier, failed run: the whole one is there."""
    shutil.rmtree(reports / NAME, ignore_errors=True)


def _render(
    plan: Mapping[str, Any],
    conf: Path,
    out: Path,
    panels: list[str],
    whole: list[str],
    missing: list[Missing],
) -> None:
    claims = [claim for claim in ledger.every_claim() if claim.panel in panels]
    collect.write_tables(_tables(conf, panels, whole), out)
    there = [path for path in map(_checks, panels) if path.exists()]
    evaluate.run(out / "records.csv", out / "timings.csv", there, out / "claims.csv", claims)
    thinned.mark(
        out / "claims.csv",
        claims,
        evaluate.read_tables(out / "records.csv", out / "timings.csv"),
        [_absent(gap.job, conf) for gap in missing if gap.job in plan["jobs"]],
        [panel for panel in panels if not _checks(panel).exists()],
        {name.split("/")[1]: _kind(name, conf) for name in whole},
    )
    values = {**plan, "jobs": whole, "panels": panels}
    site.make(values, out, RESULTS, claims, missing)


def _absent(name: str, conf: Path) -> thinned.Absent:
    panel, model, dataset, _ = name.split("/")
    verb = "predict" if panel == "uncertainty" else "evaluate"
    left = RESULTS / name / "evaluate/records.csv", RESULTS / name / verb / "timings.csv"
    seeds = tuple(read_json(conf / name / "train.json")["seeds"])
    tables = tuple(path for path in left if path.exists())
    return thinned.Absent(panel, model, _kind(name, conf), dataset, seeds, tables)


def _kind(name: str, conf: Path) -> str:
    kind: str = read_json(conf / name / "train.json")["kind"]
    return kind


def _tables(conf: Path, panels: Iterable[str], whole: Iterable[str]) -> dict[str, list[str]]:
    """The tables of these jobs, as the plan lists them."""
    wanted = set(whole)
    lists: dict[str, list[str]] = {"records": [], "timings": [], "curves": []}
    for panel in panels:
        planned = read_json(conf / "panels" / f"{panel}.json")
        for kind, paths in lists.items():
            paths += [path for path in planned[kind] if "/".join(path.split("/")[1:-2]) in wanted]
    return lists


def _first_gap(name: str, conf: Path, stale: set[str]) -> Iterator[Missing]:
    """The first step of a job that is not done, if any, and why."""
    for step in _steps(name, conf):
        if not step.product.exists():
            yield Missing(name, step.label, _reason(step.log), str(step.log))
            return
        if step.product.parent.as_posix() in stale:
            why = "what is there was made with other parameters, code or data, and not made again"
            yield Missing(name, step.label, why, str(step.log))
            return


def _steps(name: str, conf: Path) -> Iterator[Step]:
    """What a job needs and does, in order."""
    panel, model, dataset, seeds = name.split("/")
    job = read_json(conf / name / "train.json")
    if not read_json(conf / "data" / f"{dataset}.json")["embedded"]:
        raw = DATA / "raw" / dataset / "manifest.json"
        yield Step("fetching its data", raw, LOGS / "fetch" / f"{dataset}.log")
    prepared = DATA / "prepared" / dataset / "manifest.json"
    yield Step("preparing its data", prepared, LOGS / "prepare" / f"{dataset}.log")
    split = DATA / "splits" / dataset / "run.json"
    yield Step("splitting its data", split, LOGS / "split" / f"{dataset}.log")
    trained = RESULTS / name / "train" / "run.json"
    yield Step("training", trained, LOGS / "train" / f"{name}.log")
    for seed in job["seeds"]:
        if panel == "generative":
            instrument = RESULTS / "instruments" / "extractor" / dataset / str(seed) / "run.json"
            log = LOGS / "extractor" / dataset / f"{seed}.log"
            yield Step("training the feature extractor", instrument, log)
        if panel == "uncertainty":
            shifted = DATA / "shifted" / dataset / str(seed) / "run.json"
            yield Step("shifting its test set", shifted, LOGS / "shift" / dataset / f"{seed}.log")
    if panel == "uncertainty":
        predicted = RESULTS / name / "predict" / "run.json"
        log = LOGS / "predict" / model / dataset / f"{seeds}.log"
        yield Step("predicting", predicted, log)
    measured = RESULTS / name / "evaluate" / "run.json"
    yield Step("measuring", measured, LOGS / "evaluate" / f"{name}.log")


def _checks(panel: str) -> Path:
    return RESULTS / "identities" / panel / "checks.csv"


def _unchecked(panels: Iterable[str]) -> list[Missing]:
    """Panels whose identities have not been checked."""
    logs = {panel: LOGS / "identities" / f"{panel}.log" for panel in panels}
    return [
        Missing(f"identities/{panel}", "checking identities", _reason(log), str(log))
        for panel, log in logs.items()
        if not _checks(panel).exists()
    ]


def _reason(log: Path) -> str:
    """The last words of a log."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").split("\n")
    except OSError:
        return "not begun"
    said = [line.strip() for line in lines if line.strip()]
    return said[-1].removeprefix("triptych: ") if said else "ended without a word: was it killed?"
