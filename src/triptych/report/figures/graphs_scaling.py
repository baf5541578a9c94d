"""Seconds of a training step against the number of edges."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import LogLocator

from triptych.claims.graphs.n14_linear import WHERE
from triptych.report import style
from triptych.report.data import MissingData, ReportData, spread
from triptych.report.figure import Figure


def prepare(data: ReportData) -> pd.DataFrame:
    """Columns where, edges, mean, std, n: of the first data set that was enlarged."""
    rows = data.select("graphs", "step_seconds", split="all")
    parts = rows["variant"].str.extract(r"^(\w+),edges=(\d+)$")
    rows = rows.assign(where=parts[0], edges=parts[1].astype(float))
    if not len(rows):
        raise MissingData("no seconds by number of edges")
    first = sorted(set(rows["dataset"]))[0]
    return spread(rows[rows["dataset"] == first], ["where", "edges"])


def draw(data: ReportData, canvas: Canvas) -> None:
    """Both axes logarithmic, so that a proportion is a line of slope one."""
    table = prepare(data)
    canvas.set_size_inches(style.WIDTH, 4.0)
    ax = canvas.subplots()
    looks = style.styles(WHERE)
    for where, line in table.groupby("where"):
        look = looks[str(where)]
        ax.errorbar(
            line["edges"], line["mean"], yerr=line["std"], color=look.colour, marker=look.marker,
            ls=look.line, label=WHERE[str(where)],
        )  # fmt: skip
    edges = np.array(sorted(set(table["edges"])))
    middle = table[table["edges"] == edges[len(edges) // 2]]["mean"].min()
    ax.plot(
        edges, middle * edges / edges[len(edges) // 2], color=style.MUTED, ls=":", lw=1.6,
        label="in proportion",
    )  # fmt: skip
    ax.set_xscale("log")
    ax.set_yscale("log")
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(LogLocator(10))
    ax.set_xlabel("directed edges")
    ax.set_title("CPU seconds of a training step")
    canvas.legend(loc="outside lower center", ncols=2)


FIGURES = [
    Figure(
        name="graphs_scaling",
        panel="graphs",
        title="What does another edge cost?",
        reading="Seconds on graphs of one degree distribution and any size, both axes logarithmic. "
        "The dotted line is proportional to the edges. Where neighbours lie anywhere in memory, "
        "large graphs outgrow the processor's caches and bend away from it.",
        draw=draw,
        claims=("N14",),
        order=48,
    )
]
