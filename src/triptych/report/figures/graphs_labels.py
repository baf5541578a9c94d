"""Accuracy against the share of labelled nodes, and a real target learnt by least squares."""

import pandas as pd
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import FuncFormatter

from triptych.report import plots, style
from triptych.report.data import MissingData, ReportData, spread
from triptych.report.figure import Figure


def prepare_curves(data: ReportData) -> pd.DataFrame:
    """Columns dataset, model, share, mean, std, n."""
    rows = data.select("graphs", "accuracy")
    rows = rows[rows["variant"].str.startswith("share=")]
    if not len(rows):
        raise MissingData("no accuracy by share of labels")
    share = rows["variant"].str.removeprefix("share=").astype(float)
    return spread(rows.assign(share=share), ["dataset", "model", "share"])


def draw_curves(data: ReportData, canvas: Canvas) -> None:
    """An axes per data set."""
    table = prepare_curves(data)
    styles = data.styles("graphs")
    names = sorted(set(table["dataset"]))
    axes = plots.axes_grid(canvas, len(names), most=2, height=3.2, extra=0.9)
    for ax, name in zip(axes, names, strict=True):
        own = table[table["dataset"] == name]
        for model, line in own.groupby("model"):
            plots.band_line(
                ax, line["share"].to_numpy(float), line["mean"].to_numpy(float),
                line["std"].to_numpy(float), styles[str(model)],
            )  # fmt: skip
        plots.log_ticks(ax, "x", sorted(set(own["share"].astype(float))))
        ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g} %"))
        ax.set_xlabel("labelled nodes, share of all")
        ax.set_title(plots.heading("test accuracy (fraction)", name, len(names) > 1))
    shown = [m for m in data.models("graphs") if m in set(table["model"])]
    plots.model_legend(canvas, styles, shown)


def prepare_regression(data: ReportData) -> pd.DataFrame:
    """Columns dataset, model, mean, std, n."""
    return spread(data.select("graphs", "explained"), ["dataset", "model"])


def draw_regression(data: ReportData, canvas: Canvas) -> None:
    """An axes per data set, a line per entry; the training mean is at zero."""
    table = prepare_regression(data)
    styles = data.styles("graphs")
    names = sorted(set(table["dataset"]))
    rows = max(table.groupby("dataset")["model"].nunique())
    axes = plots.axes_grid(canvas, len(names), most=2, height=1.0 + 0.45 * rows, extra=0.4)
    order = {model: place for place, model in enumerate(data.models("graphs"))}
    for ax, name in zip(axes, names, strict=True):
        own = table[table["dataset"] == name]
        own = own.sort_values("model", key=lambda column: column.map(order))
        plots.horizontal_points(ax, own, styles, label="explained share of the variance")
        ax.axvline(0.0, color=style.MUTED, ls=":", lw=1.6)
        ax.set_title(name)


FIGURES = [
    Figure(
        name="graphs_labels",
        panel="graphs",
        title="How many labels does it take?",
        reading="Networks of one recipe that are told the classes of ever more nodes; the test "
        "nodes stay the same. Where few are told, the neighbours tell the rest. Bands are ± one "
        "standard deviation over seeds.",
        draw=draw_curves,
        claims=("N06",),
        order=26,
    ),
    Figure(
        name="graphs_regression",
        panel="graphs",
        title="A real value for every node",
        reading="1 − squared error / squared error of the training mean, on test nodes: the dotted "
        "line is the training mean, 1 would be without error. Lines are ± one standard deviation "
        "over seeds, which redraw the split.",
        draw=draw_regression,
        claims=("N06",),
        order=27,
    ),
]
