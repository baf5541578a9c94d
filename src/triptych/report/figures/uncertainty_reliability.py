"""Reliability diagrams: how often a method is right when it says it is sure."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from triptych.report import plots, style
from triptych.report.data import MissingData, ReportData
from triptych.report.figure import Figure
from triptych.report.figures.uncertainty_shift import leading
from triptych.report.shifts import MEAN, parse
from triptych.report.style import Style

LEAST = 10  # images in a bin: the accuracy of fewer says nothing


def prepare(data: ReportData) -> pd.DataFrame:
    """Seeds pooled: columns dataset, split, model, bin, count, accuracy, confidence.

    The splits are the clean test set and the mean over kinds at the highest severity.
    """
    tables = []
    for model, dataset, _, folder in data.folders("uncertainty", "evaluate"):
        if (folder / "reliability.csv").exists():
            table = pd.read_csv(folder / "reliability.csv")
            tables.append(table.assign(model=model, dataset=dataset))
    tables = [table for table in tables if len(table)]  # real targets have no diagram
    if not tables:
        raise MissingData("no reliability diagram was written")
    rows = _corrupted(pd.concat(tables))
    rows = rows[rows["split"].isin(_splits(rows["split"]))].dropna(
        subset=["accuracy", "confidence"]
    )
    weighted = rows.assign(
        right=rows["accuracy"] * rows["count"], sure=rows["confidence"] * rows["count"]
    )
    keys = ["dataset", "split", "model", "bin"]
    pooled = weighted.groupby(keys)[["count", "right", "sure"]].sum().reset_index()
    pooled = pooled[pooled["count"] >= LEAST]
    return pooled.assign(
        accuracy=pooled["right"] / pooled["count"], confidence=pooled["sure"] / pooled["count"]
    )


def _corrupted(rows: pd.DataFrame) -> pd.DataFrame:
    """Data sets whose test images were corrupted, or all where none were."""
    shifted = rows["split"].str.startswith(f"test+{MEAN}@")
    sets = set(rows.loc[shifted, "dataset"])
    return rows[rows["dataset"].isin(sets)] if sets else rows


def _splits(names: "pd.Series[str]") -> list[str]:
    """The clean split and the mean over kinds at the highest severity there is."""
    parsed = {name: parse(name) for name in sorted(set(names))}
    shifted = [(p[1], name) for name, p in parsed.items() if p and p[0] == MEAN]
    return ["test", *([max(shifted)[1]] if shifted else [])]


def draw(data: ReportData, canvas: Canvas) -> None:
    """Accuracy against confidence per bin; the size of a mark follows the number of images."""
    table = prepare(data)
    table = table[table["model"].isin(leading(sorted(set(table["model"]), key=_order(data))))]
    styles = data.styles("uncertainty")
    groups = list(table.groupby(["dataset", "split"], sort=True))
    axes = plots.axes_grid(canvas, len(groups), height=3.3, extra=0.8, width=4.4)
    for ax, ((dataset, split), group) in zip(axes, groups, strict=True):
        _diagonal(ax)
        for model, points in group.groupby("model"):
            _points(ax, points, styles[str(model)])
        parsed = parse(str(split))
        severity = parsed[1] if parsed else 0
        ax.set_title(f"{dataset}, " + (f"shift of severity {severity}" if severity else "clean"))
        ax.set_xlabel("mean confidence in the bin")
        ax.set_ylabel("accuracy in the bin")
    plots.model_legend(
        canvas, styles, [m for m in data.models("uncertainty") if m in set(table["model"])]
    )


def _order(data: ReportData) -> Callable[[str], int]:
    """The place of a method in the plan."""
    return data.models("uncertainty").index


def _diagonal(ax: Axes) -> None:
    ax.plot([0, 1], [0, 1], color=style.MUTED, ls=":", lw=1.6)
    ax.fill_between([0, 1], [0, 1], 0, color=style.BAND, lw=0)
    ax.annotate("overconfident", (0.96, 0.05), ha="right", fontsize=9, color=style.MUTED)
    ax.annotate("underconfident", (0.04, 0.92), fontsize=9, color=style.MUTED)
    ax.set_xlim(0, 1.02)
    ax.set_ylim(0, 1.02)
    ax.set_aspect("equal")


def _points(ax: Axes, points: pd.DataFrame, look: Style) -> None:
    x, y = points["confidence"].to_numpy(float), points["accuracy"].to_numpy(float)
    share = points["count"].to_numpy(float) / points["count"].sum()
    ax.plot(x, y, color=look.colour, ls=look.line, lw=1.2, alpha=0.8, zorder=2)
    ax.scatter(
        x, y, s=10 + 130 * np.sqrt(share), color=look.colour, marker=look.marker,
        edgecolors=style.PAPER, linewidths=0.7, zorder=3,
    )  # fmt: skip


FIGURES = [
    Figure(
        name="uncertainty_reliability",
        panel="uncertainty",
        title="Reliability, clean and shifted",
        reading="On the dotted diagonal a method is right as often as it says; in the shaded "
        "half it is surer than it should be. Larger marks hold more images; seeds and kinds are "
        "pooled, bins with fewer than ten images left out. Six methods at most.",
        draw=draw,
        claims=("U02", "U07"),
        order=30,
    )
]
