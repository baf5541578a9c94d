"""Training curves, the same picture for every panel."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from triptych.report import plots, style
from triptych.report.data import MissingData, ReportData
from triptych.report.figure import Figure

SPLIT_LINES = {"train": "-", "validation": "--"}
MOST = 64  # axes of one picture


def prepare(data: ReportData, panel: str) -> list[tuple[str, str, pd.DataFrame]]:
    """(model, data set, its curves), models in the order of the plan."""
    own = data.curves[
        (data.curves["panel"] == panel) & data.curves["metric"].astype(str).str.endswith("loss")
    ]
    found = [
        (model, str(dataset), group)
        for model in data.models(panel)
        for dataset, group in own[own["model"] == model].groupby("dataset", sort=True)
        if group["step"].nunique() > 1
    ]
    if not found:
        raise MissingData(f"no training curve in the {panel} panel")
    return found


def draw_curves(data: ReportData, canvas: Canvas, panel: str) -> None:
    """A small axes per model and data set: the losses have different units."""
    every = prepare(data, panel)
    found = every[:MOST]
    several = len({dataset for _, dataset, _ in found}) > 1
    height = 2.0 if several else 1.8  # inches; a second line of heading needs some
    axes = plots.axes_grid(canvas, len(found), most=4, height=height, width=2.7, extra=0.75)
    for ax, (model, dataset, table) in zip(axes, found, strict=True):
        _curves(ax, table)
        ax.set_title(f"{model}\n{dataset}" if several else model, fontsize=7.5)
        ax.xaxis.set_major_locator(MaxNLocator(3))
        ax.yaxis.set_major_locator(MaxNLocator(4))
        ax.set_xlabel("step")
        ax.set_ylabel("loss")
    handles = [
        Line2D([], [], color=style.INK, ls=line, label=split) for split, line in SPLIT_LINES.items()
    ]
    note = f"the first {MOST} of {len(every)}" if len(every) > MOST else None
    canvas.legend(handles=handles, loc="outside lower center", ncols=len(handles), title=note)


def _curves(ax: Axes, table: pd.DataFrame) -> None:
    metrics = sorted(set(table["metric"]))
    for (metric, split), line in table.groupby(["metric", "split"], sort=True):
        line = line.sort_values("step")
        colour = style.PALETTE[metrics.index(str(metric)) % len(style.PALETTE)]
        mean, std = line["value"].to_numpy(float), line["std"].to_numpy(float)
        ax.plot(line["step"], mean, color=colour, ls=SPLIT_LINES.get(str(split), ":"), lw=1.5)
        ax.fill_between(line["step"], mean - std, mean + std, color=colour, alpha=0.15, lw=0)
    if len(metrics) > 1:
        handles = [
            Line2D(
                [], [], color=style.PALETTE[i % len(style.PALETTE)], label=m.removesuffix("_loss")
            )
            for i, m in enumerate(metrics)
        ]
        ax.legend(handles=handles, fontsize=6, handlelength=1, framealpha=0.7, loc="upper right")


def curves_figure(panel: str) -> Figure:
    """The training curves of one panel."""

    def draw(data: ReportData, canvas: Canvas) -> None:
        draw_curves(data, canvas, panel)

    return Figure(
        name=f"{panel}_training",
        panel=panel,
        title="Training curves",
        reading="Each model on its own scale, because losses differ in meaning. Mean over "
        "seeds, bands ± one standard deviation; a dashed line that rises while the full one "
        "falls is overfitting.",
        draw=draw,
        order=90,
    )
