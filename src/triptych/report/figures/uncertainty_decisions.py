"""What decisions cost, with and without the possibility to abstain."""

import pandas as pd
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D

from triptych.report import plots, shifts, style
from triptych.report.data import MissingData, ReportData, spread
from triptych.report.figure import Figure

SET = "feature_noise"
LINES = {  # measure: line, what it is
    "decision_cost/abstain": ("-", "abstains where that is cheapest"),
    "decision_cost_tempered/abstain": ("-.", "the same, probabilities tempered"),
    "decision_cost/decide": ("--", "always decides"),
}
MAIN = "decision_cost/abstain"
AXIS = "severity of the noise"


def prepare_severities(data: ReportData, metric: str) -> pd.DataFrame:
    """Columns dataset, model, severity, mean, std, n: cost per patient by one rule."""
    rows = data.select("uncertainty", metric, split=None)
    rows = rows.assign(severity=rows["split"].map(_severity)).dropna(subset=["severity"])
    return spread(rows, ["dataset", "model", "severity"])


def _severity(split: str) -> float | None:
    if split == "test":
        return 0.0
    parsed = shifts.named(split)
    return float(parsed[1]) if parsed and parsed[0] == SET else None


def prepare_prices(data: ReportData) -> pd.DataFrame:
    """Columns dataset, severity, model, price, mean, std, n: clean and at the largest severity."""
    rows = data.select("uncertainty", "decision_cost_at", split=None)
    price = rows["variant"].str.removeprefix("price=").astype(float)
    rows = rows.assign(severity=rows["split"].map(_severity), price=price)
    rows = rows.dropna(subset=["severity"])
    ends = {0.0, rows["severity"].max()}
    return spread(rows[rows["severity"].isin(ends)], ["dataset", "severity", "model", "price"])


def draw_severities(data: ReportData, canvas: Canvas) -> None:
    """An axes per method: the two rules, and what they differ by between them."""
    tables = {metric: prepare_severities(data, metric) for metric in LINES}
    if any(table["severity"].nunique() < 2 for table in tables.values()):
        raise MissingData("costs were measured on one test set alone")
    styles = data.styles("uncertainty")
    models = [m for m in data.models("uncertainty") if m in set(tables[MAIN]["model"])]
    axes = plots.axes_grid(
        canvas, len(models), most=3, height=2.3, width=3.2, extra=0.8, sharey=True, sharex=True
    )
    for place, (ax, model) in enumerate(zip(axes, models, strict=True)):
        if place % 3 == 0:
            ax.set_ylabel("cost per patient")
        ax.xaxis.set_tick_params(labelbottom=True)
        for metric, table in tables.items():
            line = table[table["model"] == model].sort_values("severity")
            x, mean = line["severity"].to_numpy(float), line["mean"].to_numpy(float)
            ax.plot(
                x, mean, color=styles[model].colour, ls=LINES[metric][0],
                marker=styles[model].marker, markersize=5,
            )  # fmt: skip
            if metric == MAIN:
                std = line["std"].to_numpy(float)
                ax.fill_between(
                    x, mean - std, mean + std, color=styles[model].colour, alpha=0.16, lw=0
                )
        ax.set_title(model)
        ax.set_xlabel(AXIS)
        ax.set_ylim(bottom=0)
        ax.set_xticks(sorted(set(tables[MAIN]["severity"])))
    handles = [Line2D([], [], color=style.INK, ls=ls, label=name) for ls, name in LINES.values()]
    canvas.legend(handles=handles, loc="outside lower center", ncols=2)


def draw_prices(data: ReportData, canvas: Canvas) -> None:
    """Cost against the price of abstaining, clean and at the largest severity."""
    table = prepare_prices(data)
    styles = data.styles("uncertainty")
    groups = list(table.groupby(["dataset", "severity"]))
    axes = plots.axes_grid(canvas, len(groups), height=2.9, extra=0.9, width=4.4)
    for ax, ((dataset, severity), group) in zip(axes, groups, strict=True):
        prices = sorted(set(group["price"]))
        for model, line in group.groupby("model"):
            look = styles[str(model)]
            ax.plot(
                line["price"], line["mean"], color=look.colour, ls=look.line, marker=look.marker,
                markersize=5,
            )  # fmt: skip
        ax.plot(prices, prices, color=style.MUTED, ls=":", lw=1.6)
        ax.set_ylim(bottom=0)
        ax.set_xlabel("price of abstaining")
        ax.set_title(f"{dataset}, " + (f"severity {severity:g}" if severity else "clean"))
        ax.set_ylabel("cost per patient")
    models = [m for m in data.models("uncertainty") if m in set(table["model"])]
    handles = [
        Line2D([], [], color=styles[m].colour, marker=styles[m].marker, ls=styles[m].line, label=m)
        for m in models
    ]
    handles.append(Line2D([], [], color=style.MUTED, ls=":", lw=1.6, label="always abstains"))
    canvas.legend(handles=handles, loc="outside lower center", ncols=3, columnspacing=1.4)


FIGURES = [
    Figure(
        name="uncertainty_decisions",
        panel="uncertainty",
        title="Cost of a decision, with and without abstaining",
        reading="Cost per patient as the measurements get noisier. The full line lies below the "
        "dashed one where a method knows when it does not know. A missed disease costs 10, a false "
        "alarm 1, abstaining 0.5. Band: ± one standard deviation over seeds.",
        draw=draw_severities,
        claims=("U14",),
        order=65,
    ),
    Figure(
        name="uncertainty_cost_curves",
        panel="uncertainty",
        title="Cost curves: abstaining at other prices",
        reading="Cheap abstention helps whoever is honestly unsure; above the dotted line a method "
        "pays more than one that never decides. Means over seeds.",
        draw=draw_prices,
        claims=("U14",),
        order=66,
    ),
]
