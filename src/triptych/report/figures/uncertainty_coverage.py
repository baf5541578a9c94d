"""Regression: how often intervals hold the target, and how they look where the law is known."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D

from triptych.errors import UserError
from triptych.files import Array, read_arrays
from triptych.metrics.regression import gaussian_quantiles, mixture_moments
from triptych.records import named
from triptych.report import plots, style
from triptych.report.data import MissingData, ReportData, spread
from triptych.report.figure import Figure
from triptych.report.style import Style
from triptych.uncertainty.regression_levels import LEVELS

INSIDE, OUTSIDE = (named("known_truth", variant) for variant in ("inside", "outside"))
SHOWN = 0.9  # nominal coverage of the intervals that are drawn


def prepare_coverage(data: ReportData, metric: str = "coverage") -> pd.DataFrame:
    """Columns dataset, model, nominal, mean, std, n, floor: coverage on the test part."""
    rows = data.select("uncertainty", metric)
    table = spread(
        rows.assign(nominal=rows["variant"].astype(float)), ["dataset", "model", "nominal"]
    )
    floors = data.select("uncertainty", "coverage_floor")
    floors = floors.assign(nominal=floors["variant"].astype(float))
    level = floors.groupby(["dataset", "model", "nominal"])["value"].mean().rename("floor")
    return table.merge(level.reset_index(), on=["dataset", "model", "nominal"])


def draw_coverage(data: ReportData, canvas: Canvas) -> None:
    """Coverage − nominal in points, one axes per data set; methods beside each other."""
    table, members = prepare_coverage(data), prepare_coverage(data, "coverage_members")
    styles = data.styles("uncertainty")
    datasets = sorted(set(table["dataset"]))
    models = [m for m in data.models("uncertainty") if m in set(table["model"])]
    axes = plots.axes_grid(canvas, len(datasets), height=3.0, extra=0.8, width=4.6, sharey=True)
    levels = sorted(set(table["nominal"]))
    step = 0.16
    for ax, dataset in zip(axes, datasets, strict=True):
        own = table[table["dataset"] == dataset]
        ax.axhline(0, color=style.MUTED, lw=1)
        for place, level in enumerate(levels):
            noise = 100 * own.loc[own["nominal"] == level, "floor"].max()
            ax.fill_between([place - 0.42, place + 0.42], -noise, noise, color=style.BAND, lw=0)
            for index, model in enumerate(models):
                at = place + step * (index - (len(models) - 1) / 2)
                for found, fill in ((members, style.PAPER), (table, styles[model].colour)):
                    row = _row(found, dataset, model, level)
                    ax.errorbar(
                        [at] * len(row), 100 * row["mean"] - level, yerr=100 * row["std"],
                        fmt=styles[model].marker, color=styles[model].colour, elinewidth=1.4,
                        mfc=fill, mec=styles[model].colour,
                    )  # fmt: skip
        ax.set_xticks(range(len(levels)), [f"{level:g} %" for level in levels])
        ax.grid(axis="x", visible=False)
        ax.set_xlabel("stated coverage of the interval")
        ax.set_title(f"{dataset}: coverage − stated (points)")
    _legend(canvas, styles, models)


def _row(table: pd.DataFrame, dataset: str, model: str, nominal: float) -> pd.DataFrame:
    chosen = (table["dataset"] == dataset) & (table["model"] == model)
    return table[chosen & (table["nominal"] == nominal)]


def laws(data: ReportData) -> Iterator[tuple[str, Array, Array, Array, Array]]:
    """(model, x, lower, centre, upper) at the known inputs of the smallest seed, ascending in x."""
    seen: set[str] = set()
    for model, _, seeds, folder in data.folders("uncertainty", "predict"):
        try:
            arrays = read_arrays(folder / "logits.safetensors")
        except UserError:
            continue
        keys = [f"{min(seeds)}/{split}" for split in (INSIDE, OUTSIDE)]
        if model in seen or not all(key in arrays for key in keys):
            continue
        seen.add(model)
        x = np.concatenate([arrays[f"{key}#x"] for key in keys])
        members = np.concatenate([arrays[key] for key in keys], axis=1).astype(np.float64)
        order = np.argsort(x)
        low, centre, high = (part[order] for part in _interval(members))
        yield model, x[order], low, centre, high


def _interval(members: Array) -> tuple[Array, Array, Array]:
    tails = np.array([(1 - SHOWN) / 2, 0.5, (1 + SHOWN) / 2])
    if members.shape[-1] == 2:
        mean, variance = mixture_moments(members[..., 0], members[..., 1])
        found = gaussian_quantiles(mean, variance, tails)
    else:
        found = members[0][:, [int(np.argmin(np.abs(np.array(LEVELS) - t))) for t in tails]]
    return found[:, 0], found[:, 1], found[:, 2]


def truth(data: ReportData) -> tuple[Array, Array, Array, Array]:
    """(x, lower, centre, upper) of the law itself."""
    for _, _, seeds, folder in data.folders("uncertainty", "predict"):
        try:
            arrays = read_arrays(folder / "logits.safetensors")
        except UserError:
            continue
        keys = [f"{min(seeds)}/{split}#" for split in (INSIDE, OUTSIDE)]
        if all(f"{key}true_mean" in arrays for key in keys):
            x, mean, variance = (
                np.concatenate([arrays[key + name] for key in keys])
                for name in ("x", "true_mean", "true_variance")
            )
            order = np.argsort(x)
            q = gaussian_quantiles(mean, variance, np.array([(1 - SHOWN) / 2, (1 + SHOWN) / 2]))
            return x[order], q[order, 0], mean[order], q[order, 1]
    raise MissingData("no method was asked where the law of the target is known")


def draw_intervals(data: ReportData, canvas: Canvas) -> None:
    """One axes per method: its interval, the law's, and the range of the training data."""
    x, low, centre, high = truth(data)
    styles = data.styles("uncertainty")
    found = list(laws(data))
    axes = plots.axes_grid(canvas, len(found), height=2.3, extra=0.6, width=4.0, sharex=True)
    edge = x[np.diff(x, append=x[-1] + 1) > 0].min(), x.max()
    for ax, (model, at, lower, middle, upper) in zip(axes, found, strict=True):
        ax.axvspan(-3, 3, color=style.BAND, lw=0)
        _law(ax, x, low, centre, high)
        _band(ax, at, lower, middle, upper, styles[model])
        ax.set_xlim(*edge)
        ax.set_ylim(low.min() - 1.5, high.max() + 1.5)
        ax.set_title(model)
        ax.set_xlabel("x")


def _law(ax: Axes, x: Array, low: Array, centre: Array, high: Array) -> None:
    ax.plot(x, centre, color=style.INK, lw=1.2, zorder=4)
    for line in (low, high):
        ax.plot(x, line, color=style.INK, lw=1.0, ls=":", zorder=4)


def _band(ax: Axes, x: Array, low: Array, centre: Array, high: Array, look: Style) -> None:
    ax.fill_between(x, low, high, color=look.colour, alpha=0.3, lw=0, zorder=2)
    ax.plot(x, centre, color=look.colour, lw=1.6, zorder=3)


def prepare_pit(data: ReportData) -> pd.DataFrame:
    """Columns dataset, model, centre, mean, std, n: density of F(y) per bin, seeds averaged."""
    rows = data.select("uncertainty", "pit")
    return spread(rows.assign(centre=rows["variant"].astype(float)), ["dataset", "model", "centre"])


def draw_pit(data: ReportData, canvas: Canvas) -> None:
    """Density of F(y), one axes per data set."""
    table = prepare_pit(data)
    styles = data.styles("uncertainty")
    datasets = sorted(set(table["dataset"]))
    axes = plots.axes_grid(canvas, len(datasets), height=2.6, extra=0.8, width=4.6, sharey=True)
    for ax, dataset in zip(axes, datasets, strict=True):
        for model, line in table[table["dataset"] == dataset].groupby("model"):
            plots.band_line(
                ax, line["centre"].to_numpy(float), line["mean"].to_numpy(float),
                line["std"].to_numpy(float), styles[str(model)],
            )  # fmt: skip
        ax.axhline(1, color=style.MUTED, ls=":", lw=1.6)
        ax.set_ylim(bottom=0)
        ax.set_xlabel("F(target)")
        ax.set_title(f"{dataset}: density")
    models = [m for m in data.models("uncertainty") if m in set(table["model"])]
    _legend(canvas, styles, models)


def _legend(canvas: Canvas, styles: dict[str, Style], models: list[str]) -> None:
    """Two columns: the names are long."""
    handles = [
        Line2D([], [], color=styles[m].colour, marker=styles[m].marker, ls=styles[m].line, label=m)
        for m in models
    ]
    canvas.legend(handles=handles, loc="outside lower center", ncols=2, columnspacing=1.4)


FIGURES = [
    Figure(
        name="uncertainty_coverage",
        panel="uncertainty",
        title="Do intervals hold the target as often as they say?",
        reading="On the line an interval covers as stated; below it the method is overconfident. "
        "Hollow: its single networks (or passes) without the others. Bars: ± one standard "
        "deviation over seeds. The test part is small: perfect intervals miss by half the height "
        "of the shaded band on average.",
        draw=draw_coverage,
        claims=("U08",),
        order=60,
    ),
    Figure(
        name="uncertainty_intervals",
        panel="uncertainty",
        title="Predicted intervals where the law is known",
        reading="Black: mean and 90 % interval of the law; coloured: the method's (smallest seed). "
        "Shaded: where training data lie. Outside it an interval that stays narrow is a "
        "confident mistake.",
        draw=draw_intervals,
        claims=("U08",),
        order=61,
    ),
    Figure(
        name="uncertainty_pit",
        panel="uncertainty",
        title="Where targets fall in the predicted law",
        reading="A calibrated law is flat at 1. High ends mean intervals too narrow, a high middle "
        "too wide ones. Bands: ± one standard deviation over seeds.",
        draw=draw_pit,
        claims=("U08",),
        order=62,
    ),
]
