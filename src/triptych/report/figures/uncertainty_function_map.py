"""Where members lie in the space of functions: a map of their predictions."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure as Canvas

from triptych.files import Array
from triptych.metrics.function_space import principal_map
from triptych.report import plots, style
from triptych.report.data import MissingData, ReportData, lines
from triptych.report.figure import Figure
from triptych.report.figures.uncertainty_frontier import TREES, families

LEAST = 2  # methods on a map


def prepare(data: ReportData) -> dict[str, tuple[pd.DataFrame, Array]]:
    """Data set -> (columns model, x, y: one row per member; shares of variance of both axes).

    Members made of trees are left out: their distance from all networks would be all there is to
    see.
    """
    kinds = families(data)
    by_set: dict[str, dict[str, Array]] = {}
    for (model, dataset), arrays in data.first_outputs("uncertainty").items():
        if "members" in arrays and kinds.get(model, "") not in TREES:
            by_set.setdefault(dataset, {})[model] = arrays["members"]
    found = {dataset: _mapped(members) for dataset, members in sorted(by_set.items())}
    found = {dataset: made for dataset, made in found.items() if _enough(made[0])}
    if not found:
        raise MissingData("no two methods with members have stored their predictions")
    return found


def _mapped(members: Mapping[str, Array]) -> tuple[pd.DataFrame, Array]:
    shapes = [p.shape[1:] for p in members.values()]
    common = max(shapes, key=shapes.count)
    kept = {model: p for model, p in members.items() if p.shape[1:] == common}
    points = np.concatenate([p.reshape(len(p), -1) for p in kept.values()])
    places, share = principal_map(points)
    if places.shape[1] < 2:
        places = np.pad(places, ((0, 0), (0, 2 - places.shape[1])))
    names = [model for model, p in kept.items() for _ in range(len(p))]
    return pd.DataFrame({"model": names, "x": places[:, 0], "y": places[:, 1]}), share


def _enough(table: pd.DataFrame) -> bool:
    return int((table["model"].value_counts() > 1).sum()) >= LEAST


def draw(data: ReportData, canvas: Canvas) -> None:
    """One map per data set; a mark per member."""
    found = prepare(data)
    styles = data.styles("uncertainty")
    axes = plots.axes_grid(canvas, len(found), height=3.6, extra=0.95)
    for ax, (dataset, (table, share)) in zip(axes, found.items(), strict=True):
        for row in lines(table):
            look = styles[str(row.model)]
            ax.plot(
                row.x, row.y, look.marker, color=look.colour, ms=7, alpha=0.85,
                mec=style.PAPER, mew=0.6,
            )  # fmt: skip
        names = [f"principal direction ({part:.0%} of the variance)" for part in share]
        ax.set_xlabel(names[0])
        ax.set_ylabel(names[-1])
        ax.set_title(dataset)
        ax.set_xticks([])
        ax.set_yticks([])
        ax.margins(0.08)
    shown = {str(model) for table, _ in found.values() for model in table["model"]}
    plots.model_legend(canvas, styles, [m for m in data.models("uncertainty") if m in shown])


FIGURES = [
    Figure(
        name="uncertainty_function_map",
        panel="uncertainty",
        title="Members as points in the space of functions",
        reading="A mark is one member, placed by its predicted probabilities on all test images "
        "(first seed, the two directions of largest variance). Members around one trained network "
        "lie in a clump; networks trained from other seeds lie apart.",
        draw=draw,
        claims=("U11",),
        order=53,
    )
]
