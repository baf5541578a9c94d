"""Graphs drawn by a graph VAE beside held-out ones and random ones."""

from typing import Any

import networkx as nx
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D

from triptych.files import Array
from triptych.report import style
from triptych.report.data import MissingData, ReportData
from triptych.report.figure import Figure

KINDS = {  # suffix of the arrays: words, palette entry (None: ink), line
    "/test": ("held out", None, "-"),
    "": ("graph VAE", 0, "-"),
    "/random": ("random, same density", 1, "--"),
}
STATISTICS = {"degree": "degree of a node", "clustering": "clustering coefficient of a node"}
SHOWN = 4


def prepare(data: ReportData) -> dict[str, Array]:
    """The arrays of the first generator that left samples and held-out graphs."""
    for arrays in data.first_outputs("graphs").values():
        if {f"{name}{kind}" for name in STATISTICS for kind in KINDS} <= arrays.keys():
            return arrays
    raise MissingData("no samples of a graph generator among the outputs of the graphs panel")


def draw(data: ReportData, canvas: Canvas) -> None:
    """Pictures of graphs above, a row a kind; distribution functions below."""
    arrays = prepare(data)
    canvas.set_size_inches(style.WIDTH + 0.9, 6.9)
    halves: Any = canvas.subfigures(2, 1, height_ratios=[3.9, 2.6])
    upper, lower = halves
    grid = upper.subplots(len(KINDS), SHOWN, squeeze=False)
    for row, (suffix, (words, entry, _)) in zip(grid, KINDS.items(), strict=True):
        for number, ax in enumerate(row):
            _graph(ax, arrays[f"graph{suffix}/{number}"], _colour(entry))
            ax.set_title(words if number == 0 else "")
    for ax, (name, words) in zip(lower.subplots(1, len(STATISTICS)), STATISTICS.items(),
                                 strict=True):  # fmt: skip
        for suffix, (_, entry, line) in KINDS.items():
            values = np.sort(arrays[f"{name}{suffix}"])
            share = np.arange(1, len(values) + 1) / len(values)
            ax.step(values, share, where="post", color=_colour(entry), ls=line, marker="")
        ax.set_xlabel(words)
        ax.set_title("share of nodes up to")
    canvas.legend(
        handles=[
            Line2D([], [], color=_colour(entry), ls=line, label=words)
            for words, entry, line in KINDS.values()
        ],
        loc="outside lower center",
        ncols=3,
    )


def _colour(entry: int | None) -> str:
    return style.INK if entry is None else style.PALETTE[entry]


def _graph(ax: Axes, adjacency: Array, colour: str) -> None:
    graph = nx.from_numpy_array(adjacency)
    place = nx.spring_layout(graph, seed=0, iterations=60)
    points = np.array([place[node] for node in graph])
    ax.add_collection(
        LineCollection(
            [points[[i, j]] for i, j in graph.edges()], colors=style.MUTED, linewidths=0.7
        )
    )
    ax.plot(*points.T, "o", ms=4, color=colour, ls="")
    ax.margins(0.1)
    ax.grid(False)
    ax.tick_params(labelbottom=False, labelleft=False, length=0)


FIGURES = [
    Figure(
        name="graphs_generated",
        panel="graphs",
        title="Graphs that a graph VAE draws",
        reading="The first four graphs of each kind, laid out by force, and the distributions over "
        "the nodes of all of them: samples should follow the held-out graphs. Random graphs have "
        "the same sizes and the same share of joined pairs.",
        draw=draw,
        claims=("N19",),
        order=90,
    )
]
