"""Springs recovered from motion."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from triptych.files import Array
from triptych.report import style
from triptych.report.data import MissingData, ReportData, lines, spread
from triptych.report.figure import Figure

NAMES = {
    "": "relational inference",
    "correlation": "correlation of motions",
    "majority": "always the commoner call",
    "law": "least squares, law known",
}
SHOWN = 3
RIGHT, WRONG = style.PALETTE[2], style.PALETTE[1]


def prepare(data: ReportData) -> tuple[dict[str, Array], pd.DataFrame]:
    """Arrays positions, chance and truth of some systems, and the table of accuracies."""
    table = spread(data.select("graphs", "edge_accuracy"), ["dataset", "model", "variant"])
    for (model, dataset), arrays in data.first_outputs("graphs").items():
        if {"positions", "chance", "truth"} <= arrays.keys():
            chosen = table[(table["model"] == model) & (table["dataset"] == dataset)]
            return arrays, chosen.sort_values("mean", ascending=False)
    raise MissingData("no system of springs among the outputs of the graphs panel")


def draw(data: ReportData, canvas: Canvas) -> None:
    """Systems above, shares of pairs rightly called below."""
    arrays, table = prepare(data)
    shown = min(SHOWN, len(arrays["positions"]))
    canvas.set_size_inches(style.WIDTH + 1.2, 3.5 + 0.34 * len(table))
    grid = canvas.add_gridspec(2, shown, height_ratios=[2.1, 0.55 + 0.34 * len(table)])
    for number in range(shown):
        ax = canvas.add_subplot(grid[0, number])
        _system(ax, *(arrays[name][number] for name in ("positions", "chance", "truth")))
        ax.set_title(f"system {number + 1}")
    _accuracies(canvas.add_subplot(grid[1, :]), table)
    marks = [
        Line2D([], [], color=RIGHT, lw=2.5, label="spring found"),
        Line2D([], [], color=WRONG, lw=2.5, ls="--", label="spring missed"),
        Line2D([], [], color=WRONG, lw=2.5, ls=":", label="none there"),
    ]
    canvas.legend(handles=marks, loc="outside lower center", ncols=3)


def _system(ax: Axes, positions: Array, chance: Array, truth: Array) -> None:
    """Paths of the particles, fading into the past, and pairs where they are last."""
    now = positions[:, -1]
    for pair, (i, j) in enumerate(zip(*np.triu_indices(len(now), k=1), strict=True)):
        called, real = bool(chance[pair] > 0.5), bool(truth[pair])
        if called or real:
            ax.plot(
                *now[[i, j]].T, color=RIGHT if called and real else WRONG, lw=2.2, zorder=1,
                ls="-" if called and real else ("--" if real else ":"), marker="",
            )  # fmt: skip
    for path in positions:
        ax.plot(*path.T, color=style.INK, lw=0.9, alpha=0.25, zorder=2)
        ax.plot(*path[-1], "o", color=style.INK, ms=8, zorder=3)
    ax.margins(0.12)
    ax.grid(False)
    ax.tick_params(labelbottom=False, labelleft=False, length=0)


def _accuracies(ax: Axes, table: pd.DataFrame) -> None:
    for position, row in enumerate(reversed(list(lines(table)))):
        ax.errorbar(
            row.mean, position, xerr=row.std, fmt="o", ms=7.5,
            color=style.MUTED if row.variant else style.PALETTE[0],
        )  # fmt: skip
    labels = [NAMES.get(str(variant), str(variant)) for variant in table["variant"]]
    ax.set_yticks(range(len(table)), labels[::-1])
    ax.set_ylim(-0.6, len(table) - 0.4)
    ax.set_xlim(right=1.02)
    ax.grid(axis="y", visible=False)
    ax.xaxis.set_major_locator(MaxNLocator(6))
    ax.set_xlabel("pairs of particles rightly called (fraction)")


FIGURES = [
    Figure(
        name="graphs_springs",
        panel="graphs",
        title="Springs, inferred from motion alone",
        reading="Particles (dots, their paths behind them) and the springs between them, in the "
        "first three test systems. The network saw motion and no spring. Below: all test systems, "
        "± one standard deviation over seeds; least squares is told the equation of motion.",
        draw=draw,
        claims=("N19",),
        order=80,
    )
]
