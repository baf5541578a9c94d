"""What a target's vector depends on, and what a fixed number of neighbours makes of it."""

from collections import Counter

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from triptych.claims.graphs._sampling import FULL, Variant
from triptych.report import plots, style
from triptych.report.data import MissingData, ReportData, spread
from triptych.report.figure import Figure

GROWTH = (
    # metric, label, colour, marker, line
    ("tree", "repeats counted", 1, "s", "-"),
    ("neighbours_hub", "at the hub", 2, "^", "-"),
    ("neighbours", "distinct nodes", 0, "o", "-"),
)
SWEPT = (
    ("nodes_per_batch", "nodes read per batch", "train", True),
    ("bytes_per_batch", "bytes held per batch", "train", True),
    ("sampled_accuracy", "test accuracy", "test", False),
)
FAR = 300  # ends of a logarithmic axis beyond which powers of ten are ticks enough
PLACE = ["dataset", "model"]  # one run of samplers, or of degrees
ALL, FIXED = "all neighbours", "a fixed number"
STYLES = style.styles([ALL, FIXED])


def prepare_growth(data: ReportData) -> pd.DataFrame:
    """Columns dataset, metric, hops, mean."""
    parts = []
    for metric in ("neighbours", "neighbours_hub", "tree", "k_power"):
        rows = data.select("graphs", metric, split="all")
        rows = rows[rows["variant"].str.startswith("hops=")]
        hops = rows["variant"].str.removeprefix("hops=").astype(int)
        parts.append(rows.assign(metric=metric, hops=hops))
    return spread(pd.concat(parts), ["dataset", "metric", "hops"])


def draw_growth(data: ReportData, canvas: Canvas) -> None:
    """An axes per data set, logarithmic; the graph's own size is where distinct nodes must end."""
    table = prepare_growth(data)
    sizes = data.select("graphs", "graph_size", split="all").groupby("dataset")["value"].first()
    names = sorted(set(table["dataset"]))
    axes = plots.axes_grid(canvas, len(names), most=3, height=3.1, width=4.2, extra=0.85)
    for ax, name in zip(axes, names, strict=True):
        own = table[table["dataset"] == name]
        for metric, _, colour, marker, line in GROWTH:
            rows = own[own["metric"] == metric].sort_values("hops")
            ax.plot(
                rows["hops"], rows["mean"], color=style.PALETTE[colour], marker=marker, ls=line,
                ms=6,
            )  # fmt: skip
        rows = own[own["metric"] == "k_power"].sort_values("hops")
        ax.plot(rows["hops"], rows["mean"], color=style.INK, ls="--", lw=1.4, zorder=1)
        ax.axhline(sizes[name], color=style.MUTED, ls=":", lw=1.6)
        ax.set_yscale("log")
        ax.set_title(f"{name}: nodes per target")
        ax.set_xlabel("layers L")
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    handles = [
        Line2D([], [], color=style.PALETTE[colour], marker=marker, ls=line, label=label)
        for _, label, colour, marker, line in GROWTH
    ]
    handles.append(Line2D([], [], color=style.INK, ls="--", lw=1.4, label="K to the power L"))
    handles.append(Line2D([], [], color=style.MUTED, ls=":", lw=1.6, label="nodes of the graph"))
    across = 3 if len(names) > 1 else 2
    canvas.legend(handles=handles, loc="outside lower center", ncols=across, columnspacing=1.2)


def titles(table: pd.DataFrame) -> dict[tuple[str, str], str]:
    """(data set, model) -> the data set's name, with the entry where several were run on it."""
    places = sorted(set(table[PLACE].itertuples(index=False, name=None)))
    times = Counter(dataset for dataset, _ in places)
    return {
        (dataset, model): f"{dataset}, {model}" if times[dataset] > 1 else dataset
        for dataset, model in places
    }


def heading(place: tuple[str, str], name: str, words: str) -> str:
    """A title of axes; where the entry is named, each of the three takes a line of its own."""
    return f"{name}: {words}" if name == place[0] else "\n".join([*place, words])


def at(table: pd.DataFrame, place: tuple[str, str]) -> pd.DataFrame:
    """The rows of one data set and model."""
    return table[(table["dataset"] == place[0]) & (table["model"] == place[1])]


def prepare_swept(data: ReportData) -> pd.DataFrame:
    """Columns dataset, model, metric, way, degree, mean, std: networks on ever thinner graphs."""
    degrees = data.select("graphs", "mean_degree", split="train")
    degree = degrees.groupby([*PLACE, "variant"])["value"].mean()
    parts = []
    for metric, _, split, _ in SWEPT:
        rows = data.select("graphs", metric, split=split)
        keys = pd.MultiIndex.from_frame(rows[[*PLACE, "variant"]])
        rows = rows[keys.isin(degree.index)]
        variants = rows["variant"].map(Variant.parse)
        keys = pd.MultiIndex.from_frame(rows[[*PLACE, "variant"]])
        parts.append(
            rows.assign(
                metric=metric,
                way=[ALL if v.sampler == FULL else FIXED for v in variants],
                degree=degree.reindex(keys).to_numpy(),
            )
        )
    table = spread(pd.concat(parts), [*PLACE, "metric", "way", "degree"])
    table = table[table.groupby(PLACE)["degree"].transform("nunique") > 1]
    if not len(table):
        raise MissingData("no networks on graphs of several degrees")
    return table


def draw_swept(data: ReportData, canvas: Canvas) -> None:
    """A row of axes per data set: nodes, bytes, accuracy against the mean degree."""
    table = prepare_swept(data)
    names = titles(table)
    axes = plots.axes_grid(canvas, 3 * len(names), most=3, height=2.9, width=3.9, extra=0.75)
    places = [(place, *measure) for place in names for measure in SWEPT]
    for ax, (place, metric, label, _, log) in zip(axes, places, strict=True):
        own = at(table, place)
        _lines(ax, own[own["metric"] == metric])
        if log:
            decades(ax, "y")
        ax.set_title(heading(place, names[place], label) if len(names) > 1 else label)
    plots.model_legend(canvas, STYLES, [ALL, FIXED])


def decades(ax: Axes, axis: str) -> None:
    """A logarithmic axis with few, plainly written ticks, however short it is."""
    which = ax.xaxis if axis == "x" else ax.yaxis
    (ax.set_xscale if axis == "x" else ax.set_yscale)("log")
    low, high = which.get_view_interval()
    which.set_major_locator(LogLocator(subs=(1.0,) if high / low > FAR else (1.0, 2.0, 5.0)))
    which.set_minor_locator(NullLocator())
    which.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}".replace(",", " ")))


def _lines(ax: Axes, table: pd.DataFrame) -> None:
    degrees = sorted(set(np.round(table["degree"].to_numpy(float), 1)))
    for way in (ALL, FIXED):
        rows = table[table["way"] == way].sort_values("degree")
        plots.band_line(
            ax, rows["degree"].to_numpy(float), rows["mean"].to_numpy(float),
            rows["std"].to_numpy(float), STYLES[way],
        )  # fmt: skip
    plots.log_ticks(ax, "x", degrees)
    ax.set_xlabel("mean degree")


FIGURES = [
    Figure(
        name="graphs_growth",
        panel="graphs",
        title="How many nodes one output depends on",
        reading="Each layer multiplies what must be read. Distinct nodes stop at the size of the "
        "graph; a node with many neighbours is there after two layers. K is the mean number of "
        "neighbours.",
        draw=draw_growth,
        claims=("N08",),
        order=60,
    ),
    Figure(
        name="graphs_fixed_number",
        panel="graphs",
        title="A fixed number of neighbours bounds the cost",
        reading="The same graph with more and more of its edges. With all neighbours a batch reads "
        "ever more nodes; with a fixed number per node it stops growing. Accuracy is measured with "
        "all neighbours either way; bands are ± one standard deviation over seeds.",
        draw=draw_swept,
        claims=("N09",),
        order=61,
    ),
]
