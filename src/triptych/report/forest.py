"""The default picture of a claim: every effect with its seeds, its interval and the margin."""

import textwrap
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import MaxNLocator

from triptych.report import style
from triptych.report.data import MissingData, ReportData
from triptych.report.figure import Figure

MARK, LINE, GAP = 0.24, 0.155, 0.12  # inches: a row's mark, a line of its label, air below it
LABEL_WIDTH = 82  # characters of a label's line at its size, on a canvas of the usual width
LABEL_LINES = 3
SMALLEST = 1e-18  # where an exact agreement is drawn on a logarithmic axis


def forest_figure(claim: str, panel: str) -> Figure:
    """The forest plot of one claim."""

    def draw(data: ReportData, canvas: Canvas) -> None:
        _draw(claim, data, canvas)

    return Figure(
        name=f"claim_{claim.lower()}",
        panel=panel,
        title=f"{claim}: effect, interval and margin",
        reading="Small dots are seeds, the large mark is their mean with its 95 % interval, and "
        "the dotted line is the margin: the claim holds where the whole interval lies in the "
        "shade. For an identity the mark is the disagreement of two computations (a triangle: "
        "none, or too little to draw), and the shade ends at the tolerance.",
        draw=draw,
        claims=(claim,),
    )


def prepare(claim: str, data: ReportData) -> list[pd.DataFrame]:
    """The rows of one claim, one table per axes (kind and unit), each in the order of the ledger.

    Raises:
        MissingData: The claim was not measured.
    """
    rows = data.claims[(data.claims["id"] == claim) & (data.claims["verdict"] != "not measured")]
    if not len(rows):
        raise MissingData(f"{claim} is not measured")
    groups = rows.groupby(["kind", "unit"], sort=False, dropna=False)
    return [group.reset_index(drop=True) for _, group in groups]


@dataclass(frozen=True)
class Row:
    """One effect or check; ``y`` is where its mark lies, in inches from the top of its axes."""

    values: "pd.Series[Any]"
    label: str
    top: float
    y: float

    def number(self, column: str) -> float:
        """A number of its line in ``claims.csv``."""
        return float(str(self.values[column]))

    @property
    def colour(self) -> str:
        """Of its verdict."""
        return style.VERDICT_COLOURS[str(self.values["verdict"])]


def layout(rows: pd.DataFrame) -> tuple[list[Row], float]:
    """Rows below each other, each as high as its label needs; and the height of all, in inches."""
    placed, top = [], 0.06
    for _, values in rows.iterrows():
        label = label_of(values)
        y = top + LINE * (label.count("\n") + 1) + MARK / 2 + 0.03
        placed.append(Row(values, label, top, y))
        top = y + MARK / 2 + GAP
    return placed, top


def label_of(values: "pd.Series[Any]") -> str:
    """Data set and comparison, in at most three lines."""
    parts = [str(values[name]) for name in ("dataset", "comparison") if str(values[name])]
    lines = textwrap.wrap(" · ".join(parts), LABEL_WIDTH, max_lines=LABEL_LINES, placeholder=" …")
    return "\n".join(lines)


def _draw(claim: str, data: ReportData, canvas: Canvas) -> None:
    groups = prepare(claim, data)
    layouts = [layout(group) for group in groups]
    heights = [height for _, height in layouts]
    canvas.set_size_inches(style.WIDTH, 0.5 + sum(heights) + 0.78 * len(groups))
    axes = canvas.subplots(len(groups), 1, squeeze=False, height_ratios=heights)
    effects = data.effects[data.effects["id"] == claim]
    for ax, group, (rows, height) in zip(axes[:, 0], groups, layouts, strict=True):
        unit = str(group["unit"].iloc[0])
        if group["kind"].iloc[0] == "identity":
            _draw_identities(ax, rows, unit)
        else:
            _draw_effects(ax, rows, unit, effects)
        _finish(ax, rows, height)


def _draw_effects(ax: Axes, rows: list[Row], unit: str, effects: pd.DataFrame) -> None:
    for row in rows:
        seeds = _seeds_of(row, effects)
        ax.plot(seeds, np.full(len(seeds), row.y), "o", ms=4.5, color=row.colour, alpha=0.35, mew=0)
        ends = [row.number("low"), row.number("high")]
        if np.isfinite(ends).all():
            ax.plot(ends, [row.y] * 2, color=row.colour, lw=2.4, solid_capstyle="butt")
        ax.plot(row.number("effect"), row.y, "D", ms=7, color=row.colour)
    margins = sorted({row.number("margin") for row in rows})
    ax.update_datalim([(margin, 0.0) for margin in margins])  # the margin is always in sight
    ax.margins(x=0.06)
    ax.autoscale_view(scaley=False)
    low, high = ax.get_xlim()
    for row in rows:
        margin = row.number("margin")
        span = (row.y - MARK * 0.62, row.y + MARK * 0.62)
        ax.fill_betweenx(span, margin, high, color=style.BAND, lw=0, zorder=0)
        ax.plot([margin] * 2, span, ls=":", lw=1.8, color=style.INK, zorder=1)
    ax.set_xlim(low, high)
    ax.set_xlabel("effect in the claimed direction" + ("" if unit == "1" else f" ({unit})"))
    ax.xaxis.set_major_locator(MaxNLocator(6))


def _seeds_of(row: Row, effects: pd.DataFrame) -> "pd.Series[float]":
    own = np.ones(len(effects), dtype=bool)
    for column in ("dataset", "comparison", "unit"):
        own &= (effects[column] == row.values[column]).to_numpy()
    return effects.loc[own, "value"].astype(float)


def _draw_identities(ax: Axes, rows: list[Row], unit: str) -> None:
    ax.set_xscale("log")
    found = [(abs(row.number("effect")), row.number("margin")) for row in rows]
    values = [v for pair in found for v in pair if np.isfinite(v) and v > SMALLEST] or [1.0]
    low, high = min(values) / 30, max(values) * 10
    for row, (discrepancy, tolerance) in zip(rows, found, strict=True):
        if tolerance > low:
            span = (row.y - MARK * 0.62, row.y + MARK * 0.62)
            ax.fill_betweenx(span, low, tolerance, color=style.BAND, lw=0, zorder=0)
            ax.plot([tolerance] * 2, span, color=style.INK, ls=":", lw=1.8)
        exact = discrepancy <= low
        place = low * 1.6 if exact else discrepancy if np.isfinite(discrepancy) else high / 1.6
        ax.plot(place, row.y, "<" if exact else "D", ms=7, color=row.colour)
    ax.set_xlim(low, high)
    ax.set_xlabel(f"disagreement ({'' if unit == '1' else f'{unit}, '}logarithmic)")


def _finish(ax: Axes, rows: list[Row], height: float) -> None:
    """Labels above the marks, so that long comparisons cost no width."""
    for row in rows:
        ax.annotate(
            row.label, (0.0, row.top), xycoords=("axes fraction", "data"), xytext=(1, 0),
            textcoords="offset points", va="top", fontsize=8.5, linespacing=1.15,
        )  # fmt: skip
    ax.set_ylim(height, 0)
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    ax.grid(axis="y", visible=False)
