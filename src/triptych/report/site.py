"""The verb ``report``: the pages, the Markdown and the figure files."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd

from triptych import __version__
from triptych.claims import ledger
from triptych.claims.base import Claim
from triptych.errors import UserError
from triptych.files import read_json, write_json, write_text
from triptych.registry import PANELS
from triptych.report import figure as figures
from triptych.report import (
    graph_tables,
    ledger_view,
    markdown,
    missing,
    numbers,
    provenance,
    published,
    tables,
)
from triptych.report.data import ReportData
from triptych.report.drawing import render_all
from triptych.report.figure import Drawn
from triptych.report.forest import forest_figure
from triptych.report.ledger_view import ClaimView
from triptych.report.missing import Missing

TEMPLATES = Path(__file__).parent / "templates"
PANEL_TEXT = {
    "generative": (
        "Generative models",
        "Ways to model images: what they can be asked, how well they answer, and what it costs.",
    ),
    "graphs": (
        "Graph neural networks",
        "When do the neighbours of a node help, and how much does the graph know by itself?",
    ),
    "uncertainty": (
        "Uncertainty under shift",
        "How sure predictions are, whether they should be, and what happens as the data moves "
        "away.",
    ),
}
LEAD = (
    "Two lecture decks make {claims} claims about generative models, graph neural networks and "
    "uncertainty. Here models are trained, what the decks claim is measured, and every claim "
    "gets a verdict with its interval, its data and its number of seeds."
)
RULE = (
    "A claim holds where the 95 % interval of its effect over seeds lies wholly on the claimed "
    "side of the margin, is contradicted where it lies wholly on the other side, and is "
    "undecided otherwise. An identity holds where two independent computations agree within a "
    "tolerance. No verdict is fixed beforehand: a claim that does not hold on some data is a "
    "finding."
)


@dataclass(frozen=True)
class Site:
    """Everything that the templates show."""

    title: str
    data: ReportData
    views: tuple[ClaimView, ...]
    drawn: tuple[Drawn, ...]
    runs: tuple[provenance.Run, ...]
    benchmarks: tuple[Mapping[str, Any], ...]
    panels: tuple[str, ...] = PANELS
    missing: tuple[Missing, ...] = ()

    def panel_views(self, panel: str) -> list[ClaimView]:
        """Claims of one panel, the measured ones first."""
        own = [view for view in self.views if view.panel == panel]
        return sorted(own, key=lambda view: (not view.measured, view.id))

    def panel_figures(self, panel: str) -> list[Drawn]:
        """Pictures of one panel, in order; those without data carry a note."""
        return [drawn for drawn in self.drawn if drawn.figure.panel == panel]


def run(
    conf: Path,
    out: Path,
    results: Path = Path("results"),
    claims: Iterable[Claim] | None = None,
    processes: int = 1,
) -> None:
    """Render the report.

    Args:
        conf: ``conf/report.json``: ``title``, ``figure_dpi`` and, in the plan's order, ``jobs``;
            ``panels`` where not all are shown.
        out: ``reports``: the tables are read from it, the pages are written to it.
        results: Root of the job folders.
        claims: Every claim; by default those of the ledger.
        processes: How many draw figures at once.
    """
    values = read_json(conf)
    everything = ledger.every_claim() if claims is None else list(claims)
    jobs = {"jobs": job_names(values, conf)}
    make({**values, **jobs}, out, results, everything, processes=processes)


def make(
    values: Mapping[str, Any],
    out: Path,
    results: Path,
    claims: Iterable[Claim],
    absent: Sequence[Missing] = (),
    processes: int = 1,
) -> None:
    """Render the report of these jobs from the tables in ``out``.

    Args:
        values: As in ``conf/report.json``, with ``jobs``.
        out: Folder of the tables and of the pages.
        results: Root of the job folders.
        claims: Every claim that it shows.
        absent: Jobs of the plan that it does without.
        processes: How many draw figures at once.
    """
    data = load(out, results, tuple(values["jobs"]))
    site = build(values, data, claims, out / "figures", processes)
    write_pages(replace(site, missing=tuple(absent)), out)


def job_names(values: Mapping[str, Any], conf: Path) -> tuple[str, ...]:
    """Names of the plan's jobs, in its order: given, or read off the list of collected tables."""
    if "jobs" in values:
        return tuple(values["jobs"])
    collected = read_json(conf.with_name("collect.json"))["records"]
    return tuple("/".join(Path(path).parts[-6:-2]) for path in collected)


def load(reports: Path, results: Path, jobs: tuple[str, ...]) -> ReportData:
    """Read the tables of the report.

    Raises:
        UserError: One is missing.
    """
    return ReportData(
        records=_read(reports / "records.csv"),
        timings=_read(reports / "timings.csv"),
        claims=_read(reports / "claims.csv"),
        effects=_read(reports / "effects.csv"),
        curves=_read(reports / "curves.csv"),
        results=results,
        jobs=jobs,
    )


TEXT = ("unit", "protocol", "comparison", "dataset", "statement", "id", "evidence", "partly")


def _read(path: Path) -> pd.DataFrame:
    if not path.exists():
        raise UserError(
            f"{path}: expected a table of the report, found none; run the job before it"
        )
    table = pd.read_csv(path, dtype={column: str for column in TEXT})
    return table.fillna({column: "" for column in TEXT if column in table})


def build(
    values: Mapping[str, Any],
    data: ReportData,
    claims: Iterable[Claim],
    folder: Path,
    processes: int = 1,
) -> Site:
    """Draw every figure into ``folder`` and gather what the pages show."""
    dpi = int(values.get("figure_dpi", 150))
    panels = tuple(values.get("panels", PANELS))
    plain = [figure for figure in figures.discover() if figure.panel in panels]
    found = ledger_view.claim_views(data, claims)
    forests = {view.id: forest_figure(view.id, view.panel) for view in found if view.measured}
    everything = render_all([*plain, *forests.values()], data, folder, dpi, processes)
    drawn = tuple(everything[: len(plain)])
    forest_of = dict(zip(forests, everything[len(plain) :], strict=True))
    views = [
        replace(
            view,
            forest=forest_of.get(view.id),
            pictures=tuple(d for d in drawn if d.svg and view.id in d.figure.claims),
        )
        for view in found
    ]
    return Site(
        title=str(values.get("title", "Triptych")),
        data=data,
        views=tuple(views),
        drawn=drawn,
        runs=tuple(provenance.read_runs(data.results, data.jobs)),
        benchmarks=tuple(provenance.read_benchmarks(data.results, data.jobs)),
        panels=panels,
    )


def write_pages(site: Site, out: Path) -> None:
    """Write every page, the Markdown and the manifest of figures; remove figures of no page."""
    shared = context(site)
    for name in ("index", "methods", "provenance"):
        write_text(out / f"{name}.html", render(f"{name}.html", page=name, **shared))
    for panel in site.panels:
        text = render("panel.html", page=panel, panel=panel, **shared)
        write_text(out / f"{panel}.html", text)
    write_text(out / "report.md", render("report.md", page="report", **shared))
    manifest = _manifest(site)
    _remove_others(out / "figures", manifest)
    write_json(out / "figures" / "manifest.json", manifest)


def context(site: Site) -> dict[str, Any]:
    """What every template can use."""
    return {
        "site": site,
        "panels": site.panels,
        "panel_text": PANEL_TEXT,
        "lead": LEAD.format(claims=len(site.views)),
        "rule": RULE,
        "totals": ledger_view.totals(site.views),
        "panel_totals": {p: ledger_view.totals(site.panel_views(p)) for p in site.panels},
        "missing": missing.table(site.missing, len(site.data.jobs) + len(site.missing)),
        "measured": sum(view.measured for view in site.views),
        "trade_off": tables.trade_off(site.data) + published.tables(site.data),
        "method_tables": {
            panel: tables.method_tables(site.data, panel)
            + (graph_tables.tables(site.data) if panel == "graphs" else [])
            for panel in site.panels
            if panel != "generative"
        },
        "ledgers": {panel: ledger_view.ledger(site.views, panel) for panel in site.panels},
        "protocols": {panel: tables.protocols(site.data, panel) for panel in site.panels},
        "provenance": provenance.tables(site.runs, site.benchmarks),
        "cost": provenance.summary(site.runs, site.benchmarks),
        "version": __version__,
    }


def render(template: str, **values: Any) -> str:
    """Fill a template; HTML is escaped, Markdown is not."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=lambda name: bool(name and name.endswith(".html")),
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
    )
    environment.filters["markdown"] = markdown.table
    environment.filters["counted"] = numbers.count
    environment.globals["verdict_table"] = ledger_view.verdict_table
    return environment.get_template(template).render(**values)


def _manifest(site: Site) -> dict[str, Any]:
    forests = [view.forest for view in site.views if view.forest is not None]
    return {
        drawn.figure.name: {
            "panel": drawn.figure.panel,
            "title": drawn.figure.title,
            "reading": drawn.figure.reading,
            "claims": list(drawn.figure.claims),
            "files": _files(drawn),
            "note": drawn.note,
        }
        for drawn in [*site.drawn, *forests]
    }


def _files(drawn: Drawn) -> Sequence[str]:
    return [f"{drawn.figure.name}.{kind}" for kind in ("svg", "png")] if drawn.svg else []


def _remove_others(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Delete pictures of an earlier run that no page shows any more."""
    wanted = {name for entry in manifest.values() for name in entry["files"]}
    for path in sorted([*folder.glob("*.svg"), *folder.glob("*.png")]):
        if path.name not in wanted:
            path.unlink()
