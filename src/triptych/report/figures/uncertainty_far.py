"""How sure methods are of inputs that belong to no class, and whether they tell them apart."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D

from triptych.report import plots, style
from triptych.report.data import MissingData, ReportData, lines, spread
from triptych.report.figure import Figure
from triptych.report.figures.uncertainty_shift import leading
from triptych.report.shifts import named

CLEAN = "test"
SCORE = "max_probability"
LABELS = {
    "photographs": "photographs", "uniform_noise": "uniform noise", "normal_noise": "normal noise",
    "unknown_classes": "unknown classes", "other_set": "the other of MNIST and Fashion-MNIST",
}  # fmt: skip


def label(split: str) -> str:
    """A set in words."""
    parsed = named(split)
    return LABELS.get(parsed[0], parsed[0].replace("_", " ")) if parsed else "test images"


def prepare_histograms(data: ReportData) -> pd.DataFrame:
    """Columns dataset, model, split, lower, upper, share: seeds pooled."""
    tables = []
    for model, dataset, _, folder in data.folders("uncertainty", "evaluate"):
        path = folder / "confidences.csv"
        if path.exists():
            tables.append(pd.read_csv(path).assign(model=model, dataset=dataset))
    tables = [table for table in tables if len(table)]  # real targets have no confidences
    rows = pd.concat(tables) if tables else pd.DataFrame(columns=["split"])
    far = rows[rows["split"] != CLEAN]
    if not len(far):
        raise MissingData("no confidence on inputs far from the data was counted")
    rows = rows[rows["dataset"].isin(set(far["dataset"]))]
    keys = ["dataset", "model", "split"]
    counts = rows.groupby([*keys, "bin", "lower", "upper"])["count"].sum().reset_index()
    total = counts.groupby(keys)["count"].transform("sum")
    return counts.assign(share=counts["count"] / total)


def draw_histograms(data: ReportData, canvas: Canvas) -> None:
    """One axes per method and data set: test images filled, far inputs as outlines."""
    table = prepare_histograms(data)
    drawn = set(table["model"])
    models = leading([m for m in data.models("uncertainty") if m in drawn])
    table = table[table["model"].isin(models)]
    order = {model: place for place, model in enumerate(models)}
    groups = sorted(
        table.groupby(["dataset", "model"]), key=lambda item: (item[0][0], order[str(item[0][1])])
    )
    splits = sorted(set(table["split"]) - {CLEAN})
    colours = dict(zip(splits, style.PALETTE, strict=False))
    several = table["dataset"].nunique() > 1
    axes = plots.axes_grid(canvas, len(groups), most=3, height=2.3, width=3.7, extra=0.9)
    for ax, ((dataset, model), group) in zip(axes, groups, strict=True):
        _histogram(ax, group, colours)
        ax.set_title(f"{model}\n{dataset}" if several else str(model))
        ax.set_xlabel("confidence (top probability)")
    handles = [_filled(), *(_outline(colours[split], label(split)) for split in splits)]
    canvas.legend(handles=handles, loc="outside lower center", ncols=min(4, len(handles)))


def _histogram(ax: Axes, group: pd.DataFrame, colours: dict[str, str]) -> None:
    for split, rows in group.groupby("split"):
        edges = np.append(rows["lower"], rows["upper"].iloc[-1])
        if split == CLEAN:
            ax.stairs(rows["share"], edges, fill=True, color=style.GRID, zorder=1)
            ax.stairs(rows["share"], edges, color=style.MUTED, lw=1, zorder=2)
        else:
            ax.stairs(rows["share"], edges, color=colours[str(split)], lw=1.7, zorder=3)
    ax.set_xlim(0, 1)
    ax.set_ylim(bottom=0)
    ax.set_ylabel("share of inputs")


def _filled() -> Line2D:
    return Line2D([], [], color=style.GRID, lw=7, label="test images")


def _outline(colour: str, text: str) -> Line2D:
    return Line2D([], [], color=colour, label=text)


def prepare_detection(data: ReportData) -> pd.DataFrame:
    """Columns dataset, split, model, mean, std, n of the AUROC by the top probability."""
    rows = data.select("uncertainty", "auroc", split=None)
    return spread(rows[rows["variant"] == SCORE], ["dataset", "split", "model"])


def draw_detection(data: ReportData, canvas: Canvas) -> None:
    """One axes per data set with a row per method, the best on top, and a mark per set."""
    table = prepare_detection(data)
    splits = sorted(set(table["split"]))
    looks = dict(zip(splits, zip(style.PALETTE, style.MARKERS, strict=False), strict=False))
    groups = [(str(dataset), group) for dataset, group in table.groupby("dataset", sort=True)]
    rows = max(group["model"].nunique() for _, group in groups)
    height = 0.9 + 0.27 * rows
    axes = plots.axes_grid(canvas, len(groups), most=1, height=height, extra=0.7, width=6.4)
    for ax, (dataset, group) in zip(axes, groups, strict=True):
        order = group.groupby("model")["mean"].mean().sort_values().index
        places = {model: place for place, model in enumerate(order)}
        for row in lines(group):
            colour, marker = looks[str(row.split)]
            ax.errorbar(
                row.mean, places[row.model], xerr=row.std, fmt=marker, color=colour, ms=6.5,
                elinewidth=1.2, zorder=3,
            )  # fmt: skip
        ax.set_yticks(range(len(order)), [str(model) for model in order])
        ax.tick_params(axis="y", labelsize=8.5)
        ax.set_ylim(-0.6, len(order) - 0.4)
        ax.axvline(0.5, color=style.MUTED, ls=":", lw=1.4)
        ax.grid(axis="y", visible=False)
        ax.set_xlabel("AUROC of 1 − confidence")
        if len(groups) > 1:
            ax.set_title(dataset)
    handles = [
        Line2D([], [], color=looks[split][0], marker=looks[split][1], ls="", label=label(split))
        for split in splits
    ]
    canvas.legend(handles=handles, loc="outside lower center", ncols=min(3, len(handles)))


FIGURES = [
    Figure(
        name="uncertainty_confidence",
        panel="uncertainty",
        title="Confidence in and out of distribution",
        reading="Grey: test images. A line far to the right is a method that is sure of the class "
        "of an input that has none. Seeds pooled; six methods at most.",
        draw=draw_histograms,
        claims=("U03", "U15"),
        order=50,
    ),
    Figure(
        name="uncertainty_detection",
        panel="uncertainty",
        title="Telling inputs far from the data by their confidence",
        reading="The chance that a far input gets a lower confidence than a test image: 1/2 "
        "(dotted) knows nothing, below it far inputs look the surer ones. Bars: ± one standard "
        "deviation over seeds; methods in the order of their mean.",
        draw=draw_detection,
        claims=("U03", "U15"),
        order=51,
    ),
]
