"""The two kinds of uncertainty against the size of the training set."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from triptych.report import plots, style
from triptych.report.data import MissingData, ReportData, spread
from triptych.report.figure import Figure
from triptych.report.style import Style

# Axes: (measure, heading, curves by condition).
CLASSES = ("linear", "network", "across")
AXES = (
    ("mutual_information", "mutual information (nats)", ("linear", "network", "label_noise")),
    ("disagreement", "disagreement (fraction)", CLASSES),
    ("expected_entropy", "expected entropy (nats)", ("network", "label_noise")),
    ("expected_entropy", "expected entropy (nats)", ()),  # the conditions with noisy looks
)
NAMES = {
    "linear": "linear models", "network": "networks", "across": "one of each",
    "label_noise": "networks, noisy labels",
}  # fmt: skip


def prepare(data: ReportData, metric: str) -> pd.DataFrame:
    """Columns dataset, condition, size, mean, std, n on the clean test part."""
    rows = data.select("uncertainty", f"data_size_{metric}")
    parts = rows["variant"].str.rpartition(",n=")
    return spread(
        rows.assign(condition=parts[0], size=parts[2].astype(int)), ["dataset", "condition", "size"]
    )


def draw(data: ReportData, canvas: Canvas) -> None:
    """Four axes per data set."""
    found = []
    for metric, heading, wanted in AXES:
        table = prepare(data, metric)
        for dataset, group in table.groupby("dataset"):
            chosen = wanted or sorted(
                (c for c in set(group["condition"]) if c.startswith("views_")), key=_looks
            )
            found.append((metric, heading, str(dataset), chosen, group))
    if not found:
        raise MissingData("no study of the training set's size")
    several = len({dataset for _, _, dataset, _, _ in found}) > 1
    axes = plots.axes_grid(canvas, len(found), height=2.8, extra=0.5, width=4.2)
    for ax, (metric, heading, dataset, chosen, group) in zip(axes, found, strict=True):
        for index, condition in enumerate(chosen):
            _curve(ax, group[group["condition"] == condition], condition, index)
        if metric == "expected_entropy" and "label_noise" in chosen:
            _reference(ax, data, dataset)
        plots.log_ticks(ax, "x", sorted(set(group["size"])))
        ax.set_ylim(bottom=0)
        ax.set_xlabel("training images")
        ax.set_title(plots.heading(heading, dataset, several))
        ax.legend(fontsize=8.5)


def _curve(ax: Axes, line: pd.DataFrame, condition: str, index: int) -> None:
    look = Style(style.PALETTE[index], style.MARKERS[index], style.LINES[index])
    plots.band_line(
        ax, line["size"].to_numpy(float), line["mean"].to_numpy(float), line["std"].to_numpy(float),
        look, _name(condition),
    )  # fmt: skip


def _reference(ax: Axes, data: ReportData, dataset: str) -> None:
    level = prepare(data, "noise_entropy")
    level = level[level["dataset"] == dataset]
    ax.axhline(
        level["mean"].mean(), color=style.MUTED, ls=":", lw=1.6, label="entropy of the noise"
    )


def _looks(condition: str) -> int:
    return int(condition.removeprefix("views_"))


def _name(condition: str) -> str:
    if not condition.startswith("views_"):
        return NAMES[condition]
    count = _looks(condition)
    return "one noisy look" if count == 1 else f"{count} looks averaged"


FIGURES = [
    Figure(
        name="uncertainty_data_size",
        panel="uncertainty",
        title="What more data takes away, and what it does not",
        reading="What the members of an ensemble disagree about falls with data; what label noise "
        "puts in stays, and only more looks at the same image lower it. Bands: ± one standard "
        "deviation over seeds.",
        draw=draw,
        claims=("U04", "U05"),
        order=55,
    )
]
