"""Pieces that several figures share: grids of axes, points with spread, montages, legends."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D
from matplotlib.ticker import (
    FixedLocator,
    FuncFormatter,
    LogLocator,
    MaxNLocator,
    NullFormatter,
    NullLocator,
)

from triptych.files import Array
from triptych.report.data import lines
from triptych.report.numbers import significant
from triptych.report.style import MUTED, WIDTH, Style, columns_for


def axes_grid(
    canvas: Canvas, count: int, *, most: int = 2, height: float = 3.0, extra: float = 0.45,
    width: float = WIDTH, **options: Any,
) -> list[Axes]:  # fmt: skip
    """``count`` axes, at most ``most`` side by side; the canvas takes the height they need.

    Args:
        canvas: Canvas.
        count: Number of axes.
        most: Columns at most.
        height: Inches of one row.
        extra: Inches for the title and a shared legend.
        width: Inches of one axes' column beyond the first are 60 % of this.
        **options: For ``Figure.subplots``.
    """
    rows, columns = columns_for(count, most)
    canvas.set_size_inches(
        width * (0.4 + 0.6 * columns) if columns > 1 else width, rows * height + extra
    )
    grid = canvas.subplots(rows, columns, squeeze=False, **options)
    flat: list[Axes] = list(grid.ravel())
    for unused in flat[count:]:
        unused.remove()
    return flat[:count]


def picture_axes(canvas: Canvas, count: int, *, most: int, aspect: float) -> list[Axes]:
    """Axes for pictures of one shape, without the air that their proportions would leave.

    Args:
        canvas: Canvas.
        count: Number of pictures.
        most: Columns at most.
        aspect: Height / width of a picture.
    """
    rows, columns = columns_for(count, most)
    width = 2.1 if columns > 2 else 2.7
    canvas.set_size_inches(columns * width, rows * (aspect * (width - 0.15) + 0.42) + 0.35)
    flat = list(canvas.subplots(rows, columns, squeeze=False).ravel())
    for unused in flat[count:]:
        unused.remove()
    return flat[:count]


def heading(label: str, dataset: object, several: bool) -> str:
    """Heading of an axes: the measure, and the data set where the figure shows more than one.

    A heading replaces the label of the vertical axis: it is read without turning the head, and it
    never outgrows a small axes.
    """
    return f"{label}, {dataset}" if several else label


def horizontal_points(
    ax: Axes, table: pd.DataFrame, styles: dict[str, Style], *, label: str, digits: int = 3
) -> None:
    """One line per model: mean, standard deviation over seeds, value in words at the right.

    Args:
        ax: Axes.
        table: Columns model, mean, std, n; first row on top.
        styles: Style of every model.
        label: Name and unit of the horizontal axis.
        digits: Significant digits of the written values.
    """
    positions = np.arange(len(table))[::-1]
    for position, row in zip(positions, lines(table), strict=True):
        style = styles[str(row.model)]
        ax.errorbar(
            row.mean, position, xerr=row.std, fmt=style.marker, color=style.colour,
            ecolor=style.colour, elinewidth=1.6, zorder=3,
        )  # fmt: skip
        ax.annotate(
            significant(float(row.mean), digits), (1.0, position),
            xycoords=("axes fraction", "data"),
            xytext=(6, 0), textcoords="offset points", va="center", fontsize=9.5,
        )  # fmt: skip
    ax.set_yticks(positions, [str(model) for model in table["model"]])
    ax.set_ylim(-0.6, len(table) - 0.4)
    ax.grid(axis="y", visible=False)
    ax.set_xlabel(label)
    ax.xaxis.set_major_locator(MaxNLocator(5))


def band_line(
    ax: Axes,
    x: Sequence[float] | Array,
    mean: Array,
    std: Array,
    style: Style,
    label: str | None = None,
) -> None:
    """A line through means with markers and a band of ± one standard deviation."""
    ax.plot(
        x, mean, color=style.colour, marker=style.marker, ls=style.line, label=label, zorder=3,
        markersize=6,
    )  # fmt: skip
    if np.any(np.asarray(std) > 0):
        ax.fill_between(x, mean - std, mean + std, color=style.colour, alpha=0.16, lw=0, zorder=1)


def model_legend(
    canvas: Canvas, styles: dict[str, Style], models: Sequence[str], **lines: Any
) -> None:
    """One legend for all axes of a figure, below them.

    Args:
        canvas: Canvas.
        styles: Style of every model.
        models: Which to name, in order.
        **lines: Further label = matplotlib artist.
    """
    handles: list[Any] = [
        Line2D([], [], color=styles[m].colour, marker=styles[m].marker, ls=styles[m].line, label=m)
        for m in models
    ]
    for label, handle in lines.items():
        handle.set_label(label.replace("_", " "))
        handles.append(handle)
    most = min(len(handles), 4 if canvas.get_figwidth() < 7 else 6)
    across = legend_columns([h.get_label() for h in handles], canvas.get_figwidth(), most)
    canvas.legend(handles=handles, loc="outside lower center", ncols=across, columnspacing=1.4)


def legend_columns(labels: Sequence[str], width: float, most: int) -> int:
    """As many columns, at most ``most``, as fit side by side; a legend fills column by column.

    Args:
        labels: Of the handles, in order.
        width: Inches.
        most: Columns at most.

    Example:
        >>> legend_columns(["a"] * 8, 5.6, 4), legend_columns(["deep_gcn_residual"] * 8, 5.6, 4)
        (4, 2)
    """
    # Handle, padding and column space take half an inch; a letter of DejaVu Sans at 9.5 points, on
    # average, a twelfth.
    for columns in range(most, 1, -1):
        rows = math.ceil(len(labels) / columns)
        longest = [max(map(len, labels[i : i + rows])) for i in range(0, len(labels), rows)]
        if sum(0.53 + letters / 12 for letters in longest) <= width - 0.3:
            return columns
    return 1


def reference_line() -> Line2D:
    """The look of references (a noise floor, chance, the margin): dotted ink."""
    return Line2D([], [], color=MUTED, ls=":", lw=1.6)


def montage(images: Array, columns: int, top: float) -> Array:
    """Images side by side with a pixel of white between them.

    Args:
        images: [n, H, W, C], levels 0 … ``top``; C = 1 (grey) or 3.
        columns: Images per row.
        top: The level shown as white.

    Returns:
        Float picture [rows (H + 1) − 1, columns (W + 1) − 1, 3] in [0, 1].
    """
    n, height, width, channels = images.shape
    rows = math.ceil(n / columns)
    picture = np.ones((rows * (height + 1) - 1, columns * (width + 1) - 1, 3))
    scaled = np.clip(images.astype(np.float64) / top, 0, 1)
    if channels == 1:
        scaled = np.repeat(scaled, 3, axis=3)
    for index in range(n):
        y, x = divmod(index, columns)
        y, x = y * (height + 1), x * (width + 1)
        picture[y : y + height, x : x + width] = scaled[index]
    return picture


def show_picture(ax: Axes, picture: Array, title: str) -> None:
    """A picture without axes."""
    ax.imshow(picture, interpolation="nearest")
    ax.set_title(title)
    ax.set_axis_off()


def sparse_log_ticks(ax: Axes) -> None:
    """A logarithmic horizontal axis with a few labelled ticks, however short its range is."""
    ax.set_xscale("log")
    low, high = ax.get_xlim()
    several = high / low < 30  # less than a decade and a half: powers of ten alone would not do
    ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if several else (1,), numticks=8))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _scientific(value)))
    ax.xaxis.set_minor_formatter(NullFormatter())


def _scientific(value: float) -> str:
    power = math.floor(math.log10(value) + 1e-9)
    factor = round(value / 10**power)
    return f"$10^{{{power}}}$" if factor == 1 else f"${factor}\\cdot10^{{{power}}}$"


def log_ticks(ax: Axes, axis: str, values: Sequence[float]) -> None:
    """Put a logarithmic axis' ticks on the values that were measured, and nowhere else."""
    which = ax.xaxis if axis == "x" else ax.yaxis
    (ax.set_xscale if axis == "x" else ax.set_yscale)("log")
    which.set_major_locator(FixedLocator(list(values)))
    which.set_minor_locator(NullLocator())
    which.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def log_axis(ax: Axes, axis: str) -> None:
    """A logarithmic axis with labels at 1, 2 and 5 times powers of ten, and at powers where long.

    Matplotlib's own labels of the ticks between run into each other in small axes.
    """
    (ax.set_xscale if axis == "x" else ax.set_yscale)("log")
    which = ax.xaxis if axis == "x" else ax.yaxis
    low, high = sorted(ax.get_xlim() if axis == "x" else ax.get_ylim())
    decades = math.log10(high / low)
    which.set_minor_locator(LogLocator(subs=tuple(range(2, 10)), numticks=100))
    which.set_minor_formatter(NullFormatter())
    if decades < 0.7:  # too short for round numbers
        which.set_major_locator(MaxNLocator(4))
        which.set_major_formatter(FuncFormatter(lambda value, _: significant(value, 2)))
    elif decades < 2:
        which.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0), numticks=8))
        which.set_major_formatter(FuncFormatter(lambda value, _: significant(value, 1)))
    else:
        which.set_major_locator(LogLocator(numticks=8))
