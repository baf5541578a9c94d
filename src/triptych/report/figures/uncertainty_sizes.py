"""How many members are enough."""

import pandas as pd
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import MaxNLocator

from triptych.report import plots
from triptych.report.data import MissingData, ReportData, spread
from triptych.report.figure import Figure
from triptych.report.figures.uncertainty_frontier import TREES, families
from triptych.report.shifts import MEAN, severities

METRICS = {
    "nll_of_size": "NLL (nats)",
    "brier_of_size": "Brier score",
    "accuracy_of_size": "accuracy",
}
CLEAN, SHIFTED = "clean", "shifted"


def prepare(data: ReportData, metric: str) -> pd.DataFrame:
    """Columns dataset, where (clean or shifted), model, size, mean, std, n.

    Shifted: mean over kinds and severities from 1.
    """
    rows = severities(data.select("uncertainty", metric, split=None))
    rows = rows[rows["shift"].isin(["", MEAN])]
    rows = rows.assign(
        where=[SHIFTED if severity else CLEAN for severity in rows["severity"]],
        size=rows["variant"].str.removeprefix("k=").astype(int),
    )
    if not len(rows):
        raise MissingData("no method with members was measured")
    keys = ["dataset", "where", "model", "size"]
    means = rows.groupby([*keys, "seed"])["value"].mean().reset_index()
    return spread(means, keys)


def _networks(data: ReportData, metric: str) -> pd.DataFrame:
    """Without trees: a group of ten is no network, and far from all others."""
    table, kinds = prepare(data, metric), families(data)
    return table[[kinds.get(str(model), "") not in TREES for model in table["model"]]]


def draw(data: ReportData, canvas: Canvas) -> None:
    """One axes per measure, for clean and for shifted images."""
    styles = data.styles("uncertainty")
    found = [
        (metric, str(where), str(dataset), group)
        for metric in METRICS
        for (dataset, where), group in _networks(data, metric).groupby(["dataset", "where"])
        if _corrupted(data, str(dataset))
    ]
    if not found:
        raise MissingData("no method with members was measured on a corrupted test set")
    several = len({dataset for _, _, dataset, _ in found}) > 1
    axes = plots.axes_grid(canvas, len(found), height=2.6, extra=0.9)
    for ax, (metric, where, dataset, table) in zip(axes, found, strict=True):
        for model, line in table.groupby("model"):
            plots.band_line(
                ax, line["size"].to_numpy(float), line["mean"].to_numpy(float),
                line["std"].to_numpy(float), styles[str(model)],
            )  # fmt: skip
        ax.set_xlabel("members")
        ax.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        ax.set_title(plots.heading(f"{METRICS[metric]}, {where}", dataset, several))
    shown = {str(model) for _, _, _, table in found for model in table["model"]}
    plots.model_legend(canvas, styles, [m for m in data.models("uncertainty") if m in shown])


def _corrupted(data: ReportData, dataset: str) -> bool:
    splits = data.records.loc[data.records["dataset"] == dataset, "split"].astype(str)
    return bool(splits.str.startswith(f"test+{MEAN}@").any())


FIGURES = [
    Figure(
        name="uncertainty_sizes",
        panel="uncertainty",
        title="How many members are enough",
        reading="Every point is a mean over all runs of neighbouring members of that number, from "
        "the cached predictions of one training; the last point of a line is the method itself. "
        "Networks alone. Independent ones keep gaining where members of one run have stopped. "
        "Bands: ± one standard deviation over seeds.",
        draw=draw,
        claims=("U10", "U11", "U13"),
        order=52,
    )
]
