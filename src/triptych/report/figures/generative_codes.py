"""What fits into a code of a given size: reconstruction error and accuracy of a linear probe."""

import pandas as pd
from matplotlib.figure import Figure as Canvas

from triptych.report import plots
from triptych.report.data import MissingData, ReportData, spread
from triptych.report.figure import Figure

METRICS = {
    "reconstruction_mse": "reconstruction error (MSE)",
    "probe_accuracy": "probe accuracy (fraction)",
}


def prepare(data: ReportData) -> list[tuple[str, str, pd.DataFrame]]:
    """(metric, data set, table of model, size, mean, std) for models with several code sizes."""
    found = []
    for metric in METRICS:
        rows = data.select("generative", metric)
        rows = rows[rows["variant"].str.startswith("code=")]
        rows = rows.assign(size=rows["variant"].str.removeprefix("code=").astype(int))
        sizes = rows.groupby("model")["size"].nunique()
        rows = rows[rows["model"].isin(sizes[sizes > 1].index)]
        table = spread(rows, ["dataset", "model", "size"])
        found += [(metric, str(d), group) for d, group in table.groupby("dataset")]
    if not found:
        raise MissingData("no model was measured at several code sizes")
    return found


def draw(data: ReportData, canvas: Canvas) -> None:
    """Lines over code sizes with bands over seeds."""
    found = prepare(data)
    styles = data.styles("generative")
    axes = plots.axes_grid(canvas, len(found), height=2.9, extra=0.8)
    several = len({dataset for _, dataset, _ in found}) > 1
    for ax, (metric, dataset, table) in zip(axes, found, strict=True):
        for model, line in table.groupby("model"):
            plots.band_line(
                ax, line["size"].to_numpy(float), line["mean"].to_numpy(float),
                line["std"].to_numpy(float), styles[str(model)],
            )  # fmt: skip
        plots.log_ticks(ax, "x", sorted(set(table["size"])))
        ax.set_xlabel("numbers in the code")
        ax.set_title(plots.heading(METRICS[metric], dataset, several))
    shown = {str(model) for _, _, table in found for model in table["model"]}
    plots.model_legend(canvas, styles, [m for m in data.models("generative") if m in shown])


FIGURES = [
    Figure(
        name="generative_codes",
        panel="generative",
        title="Linear against nonlinear codes",
        reading="At the same number of code entries, a lower error and a higher accuracy of a "
        "linear classifier on the code mean a more powerful code. Bands are ± one standard "
        "deviation.",
        draw=draw,
        claims=("G01",),
        order=50,
    )
]
