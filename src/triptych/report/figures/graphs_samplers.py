"""All samplers at equal budgets: accuracy, error of sums, and a graph with meaningless edges."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D

from triptych.claims.graphs._sampling import ACCURACY, FULL, TITLES, UNIFORM, Variant, title
from triptych.report import plots, style
from triptych.report.data import MissingData, ReportData, spread
from triptych.report.figure import Figure
from triptych.report.figures.graphs_width import PLACE, at, decades, heading, titles
from triptych.report.style import Style

KEYS = [*PLACE, "sampler", "budget"]
KINDS = (
    ("clean", "the graph itself", "o", style.PALETTE[0]),
    ("noisy", "meaningless edges added", "s", style.PALETTE[1]),
)


def samplers_styles(names: set[str]) -> dict[str, Style]:
    """Styles by title, the known samplers first, so that a new one changes no other."""
    order = [*TITLES, *sorted(names - set(TITLES) - {FULL})]
    return {name: look for name, look in style.styles(map(title, order)).items()}


def _parsed(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows with their variant taken apart: sampler, budget, noise (nan where not named)."""
    variants = rows["variant"].map(Variant.parse)
    return rows.assign(
        sampler=[v.sampler for v in variants],
        budget=[v.settings.get("budget", np.nan) for v in variants],
        noise=[v.settings.get("noise", 0.0) for v in variants],
        extra=[bool({"share", "fanout"} & set(v.settings)) for v in variants],
    )


def _at_budgets(data: ReportData, metric: str, split: str) -> pd.DataFrame:
    """Mean and spread over seeds of the networks on the whole graph, at each budget."""
    rows = _parsed(data.select("graphs", metric, split=split))
    rows = rows[(rows["noise"] == 0) & ~rows["extra"] & rows["budget"].notna()]
    return spread(rows, KEYS)


def prepare_accuracy(data: ReportData) -> tuple[pd.DataFrame, pd.Series]:
    """Columns dataset, model, sampler, nodes, mean, std; and, by :data:`PLACE`, unsampled ones."""
    hits = _at_budgets(data, ACCURACY, "test")
    nodes = _at_budgets(data, "nodes_per_batch", "train")[[*KEYS, "mean"]]
    table = hits.merge(nodes.rename(columns={"mean": "nodes"}), on=KEYS)
    table = table[table.groupby(PLACE)["sampler"].transform("nunique") > 1]
    if not len(table):
        raise MissingData("no accuracy of sampled networks at several budgets")
    whole = _parsed(data.select("graphs", ACCURACY))
    whole = whole[(whole["variant"] == FULL)]
    return table, whole.groupby(PLACE)["value"].mean()


def draw_accuracy(data: ReportData, canvas: Canvas) -> None:
    """A line per sampler: accuracy against the nodes that a batch reads."""
    table, whole = prepare_accuracy(data)
    _draw_lines(canvas, table, "test accuracy", "nodes read per batch", whole)


def prepare_error(data: ReportData) -> pd.DataFrame:
    """Columns dataset, model, sampler, nodes, mean, std."""
    errors = _at_budgets(data, "sum_error", "train")
    nodes = _at_budgets(data, "sum_nodes", "train")[[*KEYS, "mean"]]
    return errors.merge(nodes.rename(columns={"mean": "nodes"}), on=KEYS)


def draw_error(data: ReportData, canvas: Canvas) -> None:
    """A line per sampler: relative error of the top layer's sums, both axes logarithmic."""
    table = prepare_error(data)
    _draw_lines(canvas, table, "error of sampled sums", "nodes read by the layer", None)
    for ax in canvas.axes:
        decades(ax, "y")


def _draw_lines(
    canvas: Canvas, table: pd.DataFrame, words: str, label: str, whole: pd.Series | None
) -> None:
    names = titles(table)
    looks = samplers_styles(set(table["sampler"]))
    axes = plots.axes_grid(canvas, len(names), most=2, height=3.4, width=4.8, extra=1.0)
    for ax, (place, name) in zip(axes, names.items(), strict=True):
        own = at(table, place)
        for sampler, rows in own.groupby("sampler"):
            rows = rows[rows["nodes"] > 0].sort_values("nodes")
            look = looks[title(str(sampler))]
            nodes, mean = rows["nodes"].to_numpy(float), rows["mean"].to_numpy(float)
            ax.plot(
                nodes, mean, color=look.colour, marker=look.marker, ls=look.line, ms=6, zorder=3
            )
            ax.errorbar(
                nodes, mean, yerr=rows["std"], fmt="none", ecolor=look.colour, alpha=0.5, zorder=2
            )
        if whole is not None and place in whole.index:
            ax.axhline(float(whole[place]), color=style.MUTED, ls=":", lw=1.6)
        decades(ax, "x")
        ax.set_title(heading(place, name, words))
        ax.set_xlabel(label)
    shown = [t for t in looks if t in set(map(title, table["sampler"]))]
    lines = {} if whole is None else {"all_neighbours": plots.reference_line()}
    plots.model_legend(canvas, looks, shown, **lines)


def prepare_noise(data: ReportData) -> pd.DataFrame:
    """Columns dataset, model, sampler, kind (clean or noisy), mean, std."""
    rows = _parsed(data.select("graphs", ACCURACY))
    rows = rows[~rows["extra"]]
    noisy = rows[rows["noise"] > 0]
    if not len(noisy):
        raise MissingData("no sampled network on a graph with meaningless edges")
    keys = [*PLACE, "sampler"]
    budget = noisy.groupby(keys)["budget"].first()
    clean = rows[rows["noise"] == 0]
    places = pd.MultiIndex.from_frame(clean[keys])
    wanted, found = budget.reindex(places).to_numpy(), clean["budget"].to_numpy()
    same = places.isin(budget.index) & ((found == wanted) | (np.isnan(found) & np.isnan(wanted)))
    both = pd.concat([noisy.assign(kind="noisy"), clean[same].assign(kind="clean")])
    return spread(both, [*keys, "kind"])


def draw_noise(data: ReportData, canvas: Canvas) -> None:
    """Two points per sampler: on the graph itself, and with meaningless edges added."""
    table = prepare_noise(data)
    order = [FULL, *TITLES, *sorted(set(table["sampler"]) - {FULL, *TITLES})]
    names = titles(table)
    places = [
        (place, sampler)
        for place in names
        for sampler in order
        if (at(table, place)["sampler"] == sampler).any()
    ]
    canvas.set_size_inches(style.WIDTH, 1.6 + 0.36 * len(places))
    ax = canvas.subplots()
    labels = []
    for position, (place, sampler) in enumerate(reversed(places)):
        own = at(table, place)
        own = own[own["sampler"] == sampler]
        for kind, _, marker, colour in KINDS:
            row = own[own["kind"] == kind]
            ax.errorbar(
                row["mean"], [position] * len(row), xerr=row["std"], fmt=marker, color=colour, ms=8
            )
        name = "all neighbours" if sampler == FULL else title(sampler)
        labels.append(f"{names[place]}: {name}" if len(names) > 1 else name)
    ax.set_yticks(range(len(labels)), labels)
    ax.set_ylim(-0.6, len(labels) - 0.4)
    ax.grid(axis="y", visible=False)
    ax.set_xlabel("test accuracy (fraction)")
    canvas.legend(
        handles=[
            Line2D([], [], ls="", marker=marker, color=colour, label=label)
            for _, label, marker, colour in KINDS
        ],
        loc="outside lower center",
        ncols=2,
    )


FIGURES = [
    Figure(
        name="graphs_sampler_accuracy",
        panel="graphs",
        title="Accuracy against the sample budget",
        reading="Higher and further left is better. Nodes are counted, not declared: samplers that "
        "share their draws between targets read fewer than they ask for. Networks are evaluated "
        "with all neighbours, that of PASS with its policy over them; bars are ± one standard "
        "deviation over seeds.",
        draw=draw_accuracy,
        claims=("N10", "N09"),
        order=62,
    ),
    Figure(
        name="graphs_sampler_error",
        panel="graphs",
        title="Error of a sampled sum against the budget",
        reading="Lower and further left is better. The error of the top layer's sums over "
        "neighbours, relative to the sums themselves, with the state that training left each "
        f"sampler in. {title(UNIFORM)} draws uniformly and without repeats; PASS, which estimates "
        "sums of its own, is not among them.",
        draw=draw_error,
        claims=("N10",),
        order=63,
    ),
    Figure(
        name="graphs_sampler_noise",
        panel="graphs",
        title="Who notices edges that mean nothing?",
        reading="The same graph, and with random edges added. A sampler that estimates the "
        "whole sum estimates the noise as well; PASS chooses neighbours by what they do to the "
        "loss, and is evaluated with that choice. Bars are ± one standard deviation over seeds.",
        draw=draw_noise,
        claims=("N10",),
        order=64,
    ),
]
