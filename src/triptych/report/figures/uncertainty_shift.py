"""Quality and calibration of every method as the test images move away from the training ones."""

import pandas as pd
from matplotlib.figure import Figure as Canvas

from triptych.report import plots, style
from triptych.report.data import MissingData, ReportData, spread
from triptych.report.figure import Figure
from triptych.report.shifts import MEAN, corrupted, in_means, severities

METRICS = {
    "accuracy": "accuracy (fraction)",
    "nll": "negative log-likelihood (nats)",
    "ece": "calibration error ECE (fraction)",
    "confidence_minus_accuracy": "confidence − accuracy (fraction)",
}
FLOOR = "ece_floor"


# Where there is room for a few methods: the plain one, and one of each idea.
LEADING = ("single", "temperature", "mc_dropout", "deep_ensemble", "sngp", "laplace")
MOST = 6


def leading(models: list[str]) -> list[str]:
    """At most six methods, those of the list first, in the order of the plan."""
    first = [model for model in models if model in LEADING]
    rest = [model for model in models if model not in LEADING]
    chosen = [*first, *rest][:MOST]
    return [model for model in models if model in chosen]


def prepare_lines(data: ReportData, metric: str) -> pd.DataFrame:
    """Columns dataset, model, severity, mean, std, n: mean over kinds, spread over seeds."""
    rows = corrupted(severities(data.select("uncertainty", metric, split=None)))
    rows = rows[rows["shift"].isin(["", MEAN])]
    return spread(rows, ["dataset", "model", "severity"])


def prepare_boxes(data: ReportData, metric: str) -> pd.DataFrame:
    """Columns dataset, model, shift, severity, mean: one row per kind, mean over seeds.

    The kinds are those behind the means: validation kinds are left out.
    """
    rows = severities(data.select("uncertainty", metric, split=None))
    rows = in_means(rows[(rows["shift"] != MEAN) & (rows["shift"] != "")])
    if not len(rows):
        raise MissingData("no shifted test set was measured")
    return spread(rows, ["dataset", "model", "shift", "severity"])


def draw_lines(data: ReportData, canvas: Canvas) -> None:
    """One axes per measure and data set; lines over severities with bands over seeds."""
    styles = data.styles("uncertainty")
    found = [
        (metric, str(dataset), group)
        for metric in METRICS
        for dataset, group in prepare_lines(data, metric).groupby("dataset")
    ]
    axes = plots.axes_grid(canvas, len(found), height=2.7, extra=0.85)
    several = len({dataset for _, dataset, _ in found}) > 1
    floor = prepare_lines(data, FLOOR)
    drawn = {str(model) for _, _, table in found for model in table["model"]}
    models = leading([model for model in data.models("uncertainty") if model in drawn])
    for ax, (metric, dataset, table) in zip(axes, found, strict=True):
        for model, line in table[table["model"].isin(models)].groupby("model"):
            plots.band_line(
                ax, line["severity"].to_numpy(float), line["mean"].to_numpy(float),
                line["std"].to_numpy(float), styles[str(model)],
            )  # fmt: skip
        if metric == "ece":
            own = floor[(floor["dataset"] == dataset) & floor["model"].isin(models)]
            level = own.groupby("severity")["mean"].max()
            ax.plot(level.index, level, color=style.MUTED, ls=":", lw=1.6)
        if metric == "confidence_minus_accuracy":
            ax.axhline(0, color=style.MUTED, lw=1)
        ax.set_xticks(sorted(set(table["severity"])))
        ax.set_xlabel("severity of the shift (0: clean)")
        ax.set_title(plots.heading(METRICS[metric], dataset, several))
    plots.model_legend(canvas, styles, models, noise_floor_of_the_ECE=plots.reference_line())


def draw_boxes(data: ReportData, canvas: Canvas) -> None:
    """Boxes over the kinds of corruption, side by side per method."""
    styles = data.styles("uncertainty")
    metrics = ("accuracy", "nll", "ece")
    found = [
        (metric, str(dataset), group)
        for metric in metrics
        for dataset, group in prepare_boxes(data, metric).groupby("dataset")
    ]
    axes = plots.axes_grid(canvas, len(found), most=3, height=2.8, width=4.2, extra=0.85)
    drawn = {str(model) for _, _, table in found for model in table["model"]}
    models = leading([model for model in data.models("uncertainty") if model in drawn])
    several = len({dataset for _, dataset, _ in found}) > 1
    for ax, (metric, dataset, table) in zip(axes, found, strict=True):
        levels = sorted(set(table["severity"]))
        width = 0.75 / len(models)
        for index, model in enumerate(models):
            own = table[table["model"] == model]
            offset = width * (index - (len(models) - 1) / 2)
            ax.boxplot(
                [own.loc[own["severity"] == s, "mean"].to_numpy(float) for s in levels],
                positions=[s + offset for s in levels], widths=width * 0.82, patch_artist=True,
                showfliers=True, manage_ticks=False,
                boxprops={"facecolor": styles[model].colour, "edgecolor": style.INK, "lw": 0.7},
                medianprops={"color": style.PAPER, "lw": 1.6},
                whiskerprops={"color": style.MUTED}, capprops={"color": style.MUTED},
                flierprops={"marker": styles[model].marker, "ms": 3.5,
                            "mfc": styles[model].colour, "mec": "none"},
            )  # fmt: skip
        ax.set_xticks(levels)
        ax.set_title(plots.heading(METRICS[metric], dataset, several))
        ax.set_xlabel("severity of the shift")
    plots.model_legend(canvas, styles, models)


FIGURES = [
    Figure(
        name="uncertainty_shift",
        panel="uncertainty",
        title="What a growing shift does to predictions",
        reading="Means over the kinds of corruption, bands ± one standard deviation over seeds. "
        "An ECE below the dotted floor cannot be told from perfect calibration with this many "
        "images; confidence above accuracy means overconfident mistakes. Six methods at most; the "
        "ranks show all.",
        draw=draw_lines,
        claims=("U01", "U02", "U09", "U10"),
        order=10,
    ),
    Figure(
        name="uncertainty_kinds",
        panel="uncertainty",
        title="The same over single kinds of corruption",
        reading="A box spans the middle half of the kinds (mean over seeds; validation kinds left "
        "out), its line is their median, marks are kinds far from it. Six methods at most; the "
        "others are in the tables.",
        draw=draw_boxes,
        claims=("U01", "U02"),
        order=20,
    ),
]
