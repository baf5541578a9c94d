"""Accuracy along the dial of the contextual stochastic block model."""

import pandas as pd
from matplotlib.figure import Figure as Canvas

from triptych.report import plots, style
from triptych.report.data import MissingData, ReportData, spread
from triptych.report.figure import Figure
from triptych.report.figures.graphs_accuracy import DIAL


def phi(dataset: str) -> float:
    """The dial's position from a data set's name.

    Example:
        >>> phi("csbm_phi_m075"), phi("csbm_phi_000"), phi("csbm_phi_p100")
        (-0.75, 0.0, 1.0)
    """
    text = dataset.removeprefix(DIAL)
    sign = -1 if text.startswith("m") else 1
    return sign * int(text.lstrip("mp")) / 100


def prepare(data: ReportData) -> pd.DataFrame:
    """Columns phi, model, mean, std, n."""
    rows = data.select("graphs", "accuracy")
    rows = rows[rows["dataset"].str.startswith(DIAL)]
    if not len(rows):
        raise MissingData("no accuracy on the contextual stochastic block model")
    return spread(rows.assign(phi=rows["dataset"].map(phi)), ["phi", "model"])


def draw(data: ReportData, canvas: Canvas) -> None:
    """Lines with bands; the axis says what its ends and its middle mean."""
    table = prepare(data)
    styles = data.styles("graphs")
    canvas.set_size_inches(style.WIDTH, 4.0)
    ax = canvas.subplots()
    for model, line in table.groupby("model"):
        plots.band_line(
            ax, line["phi"].to_numpy(float), line["mean"].to_numpy(float),
            line["std"].to_numpy(float), styles[str(model)],
        )  # fmt: skip
    ax.axhline(0.5, color=style.MUTED, ls=":", lw=1.6)
    ticks = sorted(set(table["phi"]))
    ax.set_xticks(ticks, [f"{tick:g}".replace("-", "−") for tick in ticks])
    ax.set_xlabel("dial φ: −1 unlike nodes linked, 0 features alone, 1 like nodes linked")
    ax.set_title("accuracy on test nodes (fraction)")
    shown = [m for m in data.models("graphs") if m in set(table["model"])]
    plots.model_legend(canvas, styles, shown, chance=plots.reference_line())


FIGURES = [
    Figure(
        name="graphs_homophily",
        panel="graphs",
        title="From heterophily over features to homophily",
        reading="The total information is the same everywhere on the dial: at its ends it lies "
        "in the edges alone, in the middle in the features alone. Bands are ± one standard "
        "deviation.",
        draw=draw,
        claims=("N02",),
        order=20,
    )
]
