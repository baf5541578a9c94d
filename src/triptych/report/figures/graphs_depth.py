"""Accuracy and smoothness against the number of layers, with and without remedies."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from triptych.report import plots, style
from triptych.report.data import MissingData, ReportData, spread
from triptych.report.figure import Figure

SMOOTHNESS = {
    "dirichlet_energy": "Dirichlet energy",
    "mean_average_distance": "distance of neighbours",
    "effective_rank": "effective rank",
}


def prepare(data: ReportData, metric: str, split: str) -> pd.DataFrame:
    """Columns dataset, model, depth, mean, std, n."""
    rows = data.select("graphs", metric, split=split)
    rows = rows[rows["variant"].str.startswith("depth=")]
    if not len(rows):
        raise MissingData(f"no {metric} by depth")
    depth = rows["variant"].str.removeprefix("depth=").astype(int)
    return spread(rows.assign(depth=depth), ["dataset", "model", "depth"])


def draw_accuracy(data: ReportData, canvas: Canvas) -> None:
    """An axes per data set, a line per entry."""
    table = prepare(data, "accuracy", "test")
    styles = data.styles("graphs")
    names = sorted(set(table["dataset"]))
    axes = plots.axes_grid(canvas, len(names), most=2, height=3.2, extra=1.1)
    for ax, name in zip(axes, names, strict=True):
        for model, line in table[table["dataset"] == name].groupby("model"):
            _line(ax, line, styles[str(model)])
        ax.set_title(plots.heading("test accuracy (fraction)", name, len(names) > 1))
        _depth_axis(ax, table)
    shown = [m for m in data.models("graphs") if m in set(table["model"])]
    plots.model_legend(canvas, styles, shown)


def draw_smoothness(data: ReportData, canvas: Canvas) -> None:
    """Three measures of the plain network's last hidden embedding, before and after training."""
    plain = _plain(data)
    axes = plots.axes_grid(canvas, len(SMOOTHNESS), most=3, height=2.9, width=4.4, extra=0.9)
    looks = {
        "untrained_": (style.Style(style.MUTED, "s", "--"), "weights of the start"),
        "": (style.Style(style.PALETTE[0], "o", "-"), "trained weights"),
    }
    for ax, (metric, words) in zip(axes, SMOOTHNESS.items(), strict=True):
        for prefix, (look, _) in looks.items():
            table = prepare(data, f"{prefix}{metric}", "all")
            chosen = table[(table["dataset"] == plain[0]) & (table["model"] == plain[1])]
            _line(ax, chosen, look)
            _depth_axis(ax, chosen)
        ax.set_title(words)
        ax.set_ylim(bottom=0)
        ax.yaxis.set_major_locator(MaxNLocator(5))
    canvas.legend(
        handles=[
            Line2D([], [], color=look.colour, marker=look.marker, ls=look.line, label=words)
            for look, words in looks.values()
        ],
        loc="outside lower center", ncols=2,
    )  # fmt: skip


def _plain(data: ReportData) -> tuple[str, str]:
    """(data set, entry): the first entry that was measured at most depths."""
    table = prepare(data, "dirichlet_energy", "all")
    count = table.groupby(["dataset", "model"])["depth"].nunique()
    order = {model: place for place, model in enumerate(data.models("graphs"))}
    best = min(count.index, key=lambda key: (-count[key], key[0], order[key[1]]))
    return str(best[0]), str(best[1])


def _line(ax: Axes, table: pd.DataFrame, look: style.Style) -> None:
    ordered = table.sort_values("depth")
    plots.band_line(
        ax, ordered["depth"].to_numpy(float), ordered["mean"].to_numpy(float),
        ordered["std"].to_numpy(float), look,
    )  # fmt: skip


def _depth_axis(ax: Axes, table: pd.DataFrame) -> None:
    plots.log_ticks(ax, "x", sorted({float(depth) for depth in table["depth"]}))
    ax.set_xlabel("layers")


FIGURES = [
    Figure(
        name="graphs_depth",
        panel="graphs",
        title="How deep can it be?",
        reading="Accuracy of networks of one recipe and many depths; entries differ in what a "
        "layer does with its input besides convolving it. Bands are ± one standard deviation "
        "over seeds.",
        draw=draw_accuracy,
        claims=("N11",),
        order=45,
    ),
    Figure(
        name="graphs_smoothness",
        panel="graphs",
        title="Do the embeddings become alike?",
        reading="Of the embedding that the last layer reads, by depth, without any remedy: energy "
        "and distance compare neighbours, the rank counts directions in which nodes differ. Before "
        "training all three fall; after it only the rank has to follow the accuracy.",
        draw=draw_smoothness,
        claims=("N11",),
        order=46,
    ),
]
