"""Node classification: every model on every data set."""

import pandas as pd
from matplotlib.figure import Figure as Canvas

from triptych.report import plots, style
from triptych.report.data import MissingData, ReportData, spread
from triptych.report.figure import Figure

DIAL = "csbm_phi_"  # the synthetic dial has a figure of its own


def prepare(data: ReportData) -> pd.DataFrame:
    """Columns dataset, model, mean, std, n."""
    table = spread(data.select("graphs", "accuracy"), ["dataset", "model"])
    table = table[~table["dataset"].str.startswith(DIAL)]
    if not len(table):
        raise MissingData("accuracy was measured on the synthetic dial alone")
    return table


def draw(data: ReportData, canvas: Canvas) -> None:
    """Grouped points: data sets below each other, models side by side within."""
    table = prepare(data)
    styles = data.styles("graphs")
    datasets = sorted(set(table["dataset"]))
    models = [m for m in data.models("graphs") if m in set(table["model"])]
    canvas.set_size_inches(style.WIDTH, 1.7 + len(datasets) * (0.28 + 0.2 * len(models)))
    ax = canvas.subplots()
    step = 0.7 / max(len(models), 1)
    for place, dataset in enumerate(datasets):
        for index, model in enumerate(models):
            row = table[(table["dataset"] == dataset) & (table["model"] == model)]
            if len(row):
                position = len(datasets) - 1 - place + step * ((len(models) - 1) / 2 - index)
                ax.errorbar(
                    row["mean"], [position], xerr=row["std"], fmt=styles[model].marker,
                    color=styles[model].colour, elinewidth=1.6,
                )  # fmt: skip
    labels = [f"{d}\n{int(table.loc[table['dataset'] == d, 'n'].max())} seeds" for d in datasets]
    ax.set_yticks(range(len(datasets) - 1, -1, -1), labels)
    for border in range(1, len(datasets)):
        ax.axhline(border - 0.5, color=style.GRID, lw=0.8)
    ax.set_ylim(-0.55, len(datasets) - 0.45)
    ax.grid(axis="y", visible=False)
    ax.set_xlabel("accuracy on test nodes (fraction)")
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
    )
]
