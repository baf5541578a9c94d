"""How many bits the models need for an unseen image."""

import pandas as pd
from matplotlib.figure import Figure as Canvas
from matplotlib.patches import Patch

from triptych.report import plots, style
from triptych.report.data import ReportData, lines, spread
from triptych.report.figure import Figure

HATCH = {"exact": "", "upper bound": "////", "lower bound": "\\\\\\\\", "estimate": "...."}


def prepare(data: ReportData) -> pd.DataFrame:
    """Columns dataset, model, kind, mean, std, n; the shortest codelength first."""
    rows = data.select("generative", "bits_per_dim")
    return spread(rows, ["dataset", "model", "kind"]).sort_values(["dataset", "mean"])


def draw(data: ReportData, canvas: Canvas) -> None:
    """Bars from zero: bits/dim is a ratio scale. Bounds are hatched."""
    table = prepare(data)
    styles = data.styles("generative")
    groups = list(table.groupby("dataset", sort=True))
    rows = max(len(group) for _, group in groups)
    axes = plots.axes_grid(canvas, len(groups), height=0.42 * rows + 1.15, extra=0.7)
    for ax, (dataset, group) in zip(axes, groups, strict=True):
        positions = range(len(group) - 1, -1, -1)
        for position, row in zip(positions, lines(group), strict=True):
            ax.barh(
                position, row.mean, xerr=row.std, height=0.62, hatch=HATCH[str(row.kind)],
                facecolor=styles[str(row.model)].colour, edgecolor=style.PAPER,
                error_kw={"ecolor": style.INK, "elinewidth": 1.4},
            )  # fmt: skip
            ax.annotate(
                f"{row.mean:.3f}", (row.mean + row.std, position), xytext=(5, 0),
                textcoords="offset points", va="center", fontsize=9.5,
            )  # fmt: skip
        ax.set_yticks(list(positions), [str(model) for model in group["model"]])
        ax.set_xlim(0, float((group["mean"] + group["std"]).max()) * 1.16)
        ax.grid(axis="y", visible=False)
        ax.set_xlabel("bits per dimension of test images (lower is better)")
        ax.set_title(str(dataset))
    kinds = [kind for kind in HATCH if kind in set(table["kind"])]
    canvas.legend(
        handles=[
            Patch(facecolor=style.MUTED, edgecolor=style.PAPER, hatch=HATCH[kind], label=kind)
            for kind in kinds
        ],
        loc="outside lower center",
        ncols=len(kinds),
    )


FIGURES = [
    Figure(
        name="generative_bits_per_dim",
        panel="generative",
        title="Codelength of unseen images",
        reading="Shorter is better; a hatched bar is an upper bound, so the true codelength lies "
        "somewhere inside it. Lines are ± one standard deviation over seeds.",
        draw=draw,
        claims=("G25", "G21"),
        order=20,
    )
]
