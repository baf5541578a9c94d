"""Which method is best: mean rank over kinds of corruption, at every severity."""

import pandas as pd
from matplotlib.figure import Figure as Canvas

from triptych.report import plots
from triptych.report.data import MissingData, ReportData, spread
from triptych.report.figure import Figure
from triptych.report.shifts import MEAN, corrupted, in_means, severities

METRICS = {"nll": "NLL", "brier": "Brier score", "ece": "ECE"}


def prepare(data: ReportData, metric: str) -> pd.DataFrame:
    """Mean rank (1 is best, ties share) over kinds; spread over seeds.

    Each data set ranks the methods that were measured on it.

    Returns:
        Columns dataset, model, severity, mean, std, n.
    """
    rows = corrupted(severities(data.select("uncertainty", metric, split=None)))
    rows = in_means(rows[rows["shift"] != MEAN])
    place = ["dataset", "seed", "shift", "severity"]
    here, all_ = (rows.groupby(by)["model"].transform("nunique") for by in (place, "dataset"))
    rows = rows[(here == all_) & (all_ > 1)]  # a rank means nothing where a method is missing
    if rows.empty:
        raise MissingData(f"fewer than two methods have {METRICS[metric]} on the same images")
    ranks = rows.assign(value=rows.groupby(place)["value"].rank(method="average"))
    mean = ranks.groupby(["dataset", "model", "severity", "seed"])["value"].mean().reset_index()
    return spread(mean, ["dataset", "model", "severity"])


def draw(data: ReportData, canvas: Canvas) -> None:
    """One axes per score and data set; the best rank on top."""
    styles = data.styles("uncertainty")
    found = [
        (metric, str(dataset), group)
        for metric in METRICS
        for dataset, group in prepare(data, metric).groupby("dataset")
    ]
    several = len({dataset for _, dataset, _ in found}) > 1
    most = max(table["model"].nunique() for _, _, table in found)
    axes = plots.axes_grid(
        canvas, len(found), most=3, height=max(2.7, 0.9 + 0.2 * most), width=3.6, extra=0.8,
        sharey=True,
    )  # fmt: skip
    for ax, (metric, dataset, table) in zip(axes, found, strict=True):
        for model, line in table.groupby("model"):
            plots.band_line(
                ax, line["severity"].to_numpy(float), line["mean"].to_numpy(float),
                line["std"].to_numpy(float), styles[str(model)],
            )  # fmt: skip
        ax.set_yticks(range(1, most + 1))
        ax.set_ylim(most + 0.2, 0.8)
        ax.set_xticks(sorted(set(table["severity"])))
        ax.set_xlabel("severity")
        ax.set_title(plots.heading(f"rank by {METRICS[metric]}", dataset, several))
    ranked = {str(model) for _, _, table in found for model in table["model"]}
    models = [model for model in data.models("uncertainty") if model in ranked]
    plots.model_legend(canvas, styles, models)


FIGURES = [
    Figure(
        name="uncertainty_rank",
        panel="uncertainty",
        title="Which method is best, and does it stay so?",
        reading="Methods are ranked on every kind of corruption (validation kinds left out) and "
        "the ranks averaged; a line near the top at all severities is consistently among the best. "
        "Bands: ± one standard deviation over seeds.",
        draw=draw,
        claims=("U10",),
        order=40,
    )
]
