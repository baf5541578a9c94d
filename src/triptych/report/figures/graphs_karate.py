"""The karate club embedded by a graph network that was never trained."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from triptych.files import Array
from triptych.report import plots, style
from triptych.report.data import MissingData, ReportData, lines, spread
from triptych.report.figure import Figure

DATASET, PREFIX = "karate", "embedding/depth="
CLASSES = ((0, "o"), (1, "s"), (2, "^"), (4, "D"))  # palette entry and marker per community
NAMES = {
    "": "the graph itself",
    "shuffled": "edges shuffled, degrees kept",
    "no_graph": "no graph",
}


def prepare(data: ReportData) -> tuple[dict[int, Array], Array, Array]:
    """(depth -> embedding [N, 2], labels [N], edge_index [2, E]) of the first untrained model."""
    for (_, dataset), arrays in data.first_outputs("graphs").items():
        depths = {
            int(name.removeprefix(PREFIX)): array
            for name, array in arrays.items()
            if name.startswith(PREFIX) and array.shape[1] == 2
        }
        if dataset == DATASET and depths and {"labels", "edge_index"} <= arrays.keys():
            return dict(sorted(depths.items())), arrays["labels"], arrays["edge_index"]
    raise MissingData("no untrained embedding of the karate club")


def draw_embedding(data: ReportData, canvas: Canvas) -> None:
    """One axes per depth: members as points, ties as lines."""
    depths, labels, edges = prepare(data)
    shown = dict(list(depths.items())[:6])
    axes = plots.axes_grid(canvas, len(shown), most=3, height=2.25, width=3.0, extra=0.75)
    for ax, (depth, points) in zip(axes, shown.items(), strict=True):
        _embedding(ax, points, labels, edges)
        ax.set_title("1 layer" if depth == 1 else f"{depth} layers")
    classes = np.unique(labels)
    handles: list[Any] = [
        Line2D(
            [], [], ls="", marker=CLASSES[i % 4][1], color=style.PALETTE[CLASSES[i % 4][0]],
            label=f"community {int(c) + 1}",
        )
        for i, c in enumerate(classes)
    ]  # fmt: skip
    canvas.legend(handles=handles, loc="outside lower center", ncols=min(len(handles), 4))


def _embedding(ax: Axes, points: Array, labels: Array, edges: Array) -> None:
    ax.add_collection(
        LineCollection(list(points[edges.T]), colors=style.GRID, linewidths=0.6, zorder=1)
    )
    for index, label in enumerate(np.unique(labels)):
        colour, marker = CLASSES[index % len(CLASSES)]
        chosen = points[labels == label]
        ax.plot(
            chosen[:, 0], chosen[:, 1], marker, color=style.PALETTE[colour], ms=6, ls="", zorder=2
        )
    ax.margins(0.08)
    ax.grid(False)
    ax.tick_params(labelbottom=False, labelleft=False, length=0)


def draw_separation(data: ReportData, canvas: Canvas) -> None:
    """Accuracy of a discriminant on the embedding: graph, shuffled graph, no graph."""
    rows = data.select("graphs", "separation", split=None)
    table = spread(rows, ["dataset", "model", "variant"])
    labelled = [
        (f"{row.dataset}: {NAMES.get(str(row.variant), str(row.variant))}", row)
        for row in lines(table)
    ]
    canvas.set_size_inches(style.WIDTH, 1.3 + 0.42 * len(labelled))
    ax = canvas.subplots()
    for position, (_, row) in enumerate(reversed(labelled)):
        own = row.variant == ""
        ax.errorbar(
            row.mean, position, xerr=row.std, fmt="o" if own else "s", ms=8,
            color=style.PALETTE[0] if own else style.MUTED,
        )  # fmt: skip
    ax.set_yticks(range(len(labelled)), [label for label, _ in reversed(labelled)])
    ax.set_ylim(-0.6, len(labelled) - 0.4)
    ax.grid(axis="y", visible=False)
    ax.xaxis.set_major_locator(MaxNLocator(6))
    ax.set_xlabel("separation of the communities (fraction)")


FIGURES = [
    Figure(
        name="graphs_karate",
        panel="graphs",
        title="The karate club in an untrained network",
        reading="Each point is a member, each line a tie; colours are the communities, which the "
        "network never saw. One draw of random weights, one picture per depth.",
        draw=draw_embedding,
        claims=("N12",),
        order=30,
    ),
    Figure(
        name="graphs_separation",
        panel="graphs",
        title="Is it the graph, or luck with the weights?",
        reading="Share of members whose community a linear discriminant finds in the embedding, "
        "left out one at a time, over many weight draws; lines are ± one standard deviation "
        "over seeds.",
        draw=draw_separation,
        claims=("N12",),
        order=40,
    ),
]
