"""How far the samples are from real images, in the features of the pipeline's own network."""

import pandas as pd
from matplotlib.figure import Figure as Canvas

from triptych.report import plots, style
from triptych.report.data import MissingData, ReportData, spread
from triptych.report.figure import Figure

METRICS = {
    "frechet_distance": "Fréchet distance",
    "kernel_distance": "kernel distance (KID)",
}


def prepare(data: ReportData) -> list[tuple[str, str, pd.DataFrame]]:
    """(metric, data set, table of model, mean, std, n), the closest model first."""
    found = []
    for metric in METRICS:
        try:
            rows = data.select("generative", metric)
        except MissingData:
            continue
        table = spread(rows, ["dataset", "model"]).sort_values(["dataset", "mean"])
        found += [(metric, str(dataset), group) for dataset, group in table.groupby("dataset")]
    if not found:
        raise MissingData("no distance of samples to test images was measured")
    return found


def draw(data: ReportData, canvas: Canvas) -> None:
    """One axes per measure and data set; the distance of training to test images as reference."""
    found = prepare(data)
    rows = max(len(table) for _, _, table in found)
    axes = plots.axes_grid(canvas, len(found), height=0.4 * rows + 1.1, extra=0.75)
    reference = _reference(data)
    several = len({dataset for _, dataset, _ in found}) > 1
    for ax, (metric, dataset, table) in zip(axes, found, strict=True):
        plots.horizontal_points(ax, table, data.styles("generative"), label="lower is better")
        ax.set_title(plots.heading(METRICS[metric], dataset, several))
        if metric == "frechet_distance" and dataset in reference:
            ax.axvline(reference[dataset], color=style.MUTED, ls=":", lw=1.6)
        if metric == "frechet_distance":  # it is positive, and collapsed models lie far out
            plots.log_axis(ax, "x")
        else:
            ax.set_xlim(left=min(0.0, float((table["mean"] - table["std"]).min())))
    if reference:
        line = plots.reference_line()
        line.set_label(_caption(data))
        canvas.legend(handles=[line], loc="outside lower center")


def _reference(data: ReportData) -> dict[str, float]:
    try:
        rows = data.select("generative", "frechet_distance_of_data")
    except MissingData:
        return {}
    return {str(k): float(v) for k, v in rows.groupby("dataset")["value"].mean().items()}


def _caption(data: ReportData) -> str:
    """With the number of training images: the distance depends on it."""
    counts = sorted({int(n) for n in data.select("generative", "frechet_distance_of_data")["n"]})
    numbers = " or ".join(map(str, counts))
    return f"{numbers} training images against the test images: what a perfect sampler could reach"


FIGURES = [
    Figure(
        name="generative_fidelity",
        panel="generative",
        title="Distance of samples from test images",
        reading="Closer to zero means that the samples' features are distributed more like "
        "those of real images. Marks are means, lines ± one standard deviation over seeds.",
        draw=draw,
        claims=("G25",),
        order=30,
    )
]
