"""Classification of nodes and of graphs: every model on every data set."""

from functools import partial

import pandas as pd
from matplotlib.figure import Figure as Canvas

from triptych.report import plots, style
from triptych.report.data import MissingData, ReportData, spread
from triptych.report.figure import Figure

DIAL = "csbm_phi_"  # the synthetic dial has a figure of its own
NODES, GRAPHS = "node classification", "graph classification"
LINE, GAP = 0.2, 0.28  # inches: a model's line, air between data sets


def prepare(data: ReportData, task: str = NODES) -> pd.DataFrame:
    """Columns dataset, model, mean, std, n; of a task, baselines (variants of the metric) aside."""
    rows = data.select("graphs", "accuracy", task=task)
    table = spread(rows[rows["variant"] == ""], ["dataset", "model"])
    table = table[~table["dataset"].str.startswith(DIAL)]
    if not len(table):
        raise MissingData("accuracy was measured on the synthetic dial alone")
    return table


def draw(data: ReportData, canvas: Canvas, task: str = NODES) -> None:
    """Grouped points: data sets below each other, models side by side within."""
    table = prepare(data, task)
    styles = data.styles("graphs")
    datasets = sorted(set(table["dataset"]))
    models = [m for m in data.models("graphs") if m in set(table["model"])]
    blocks = {d: set(table.loc[table["dataset"] == d, "model"]) for d in datasets}
    heights = [GAP + LINE * len(blocks[d]) for d in datasets]
    canvas.set_size_inches(style.WIDTH, 1.7 + sum(heights))
    ax = canvas.subplots()
    tops = [sum(heights[:place]) for place in range(len(datasets))]
    for dataset, top in zip(datasets, tops, strict=True):
        present = [model for model in models if model in blocks[dataset]]
        for index, model in enumerate(present):
            row = table[(table["dataset"] == dataset) & (table["model"] == model)]
            ax.errorbar(
                row["mean"], [top + GAP / 2 + LINE * (index + 0.5)], xerr=row["std"],
                fmt=styles[model].marker, color=styles[model].colour, elinewidth=1.6,
            )  # fmt: skip
    labels = [f"{d}\n{int(table.loc[table['dataset'] == d, 'n'].max())} seeds" for d in datasets]
    middles = [top + height / 2 for top, height in zip(tops, heights, strict=True)]
    ax.set_yticks(middles, labels)
    for border in tops[1:]:
        ax.axhline(border, color=style.GRID, lw=0.8)
    ax.set_ylim(sum(heights), 0)
    ax.grid(axis="y", visible=False)
    ax.set_xlabel(f"accuracy on test {task.split()[0]}s (fraction)")
    plots.model_legend(canvas, styles, models)


FIGURES = [
    Figure(
        name="graphs_accuracy",
        panel="graphs",
        title="Do the neighbours help?",
        reading="Right is better; lines are ± one standard deviation over seeds, which redraw the "
        "split where the data set has none of its own.",
        draw=draw,
        claims=("N02",),
        order=10,
    ),
    Figure(
        name="graphs_whole",
        panel="graphs",
        title="Classes of whole graphs",
        reading="Right is better; lines are ± one standard deviation over seeds, which redraw the "
        "split. Which operator and readout an entry stands for, its name and the parameters say.",
        draw=partial(draw, task=GRAPHS),
        claims=("N04", "N16"),
        order=65,
    ),
]
