"""Bounds on the likelihood: importance-weighted ones against K, and the terms of diffusion's."""

import pandas as pd
from matplotlib.figure import Figure as Canvas

from triptych.report import plots, style
from triptych.report.data import ReportData, spread
from triptych.report.figure import Figure

TERMS = {"L_T": "$L_T$", "sum_L_t": r"$\sum_t L_{t-1}$", "L_0": "$L_0$"}


def prepare_importance(data: ReportData) -> pd.DataFrame:
    """Columns dataset, model, k, mean, std, n."""
    rows = data.select("generative", "iw_bound")
    rows = rows.assign(k=rows["variant"].str.removeprefix("k=").astype(int))
    return spread(rows, ["dataset", "model", "k"])


def draw_importance(data: ReportData, canvas: Canvas) -> None:
    """Bound against K on a logarithmic axis."""
    table = prepare_importance(data)
    styles = data.styles("generative")
    groups = list(table.groupby("dataset"))
    axes = plots.axes_grid(canvas, len(groups), height=2.9, extra=0.8)
    for ax, (dataset, group) in zip(axes, groups, strict=True):
        for model, line in group.groupby("model"):
            plots.band_line(
                ax, line["k"].to_numpy(float), line["mean"].to_numpy(float),
                line["std"].to_numpy(float), styles[str(model)],
            )  # fmt: skip
        plots.log_ticks(ax, "x", sorted(set(group["k"])))
        ax.set_xlabel("importance samples K (logarithmic)")
        ax.set_title(plots.heading("bound on log p(x) (nats)", dataset, len(groups) > 1))
    shown = [m for m in data.models("generative") if m in set(table["model"])]
    plots.model_legend(canvas, styles, shown)


def prepare_terms(data: ReportData) -> pd.DataFrame:
    """Columns dataset, model, variant (the term), mean, std, n."""
    return spread(data.select("generative", "bound_term"), ["dataset", "model", "variant"])


def draw_terms(data: ReportData, canvas: Canvas) -> None:
    """Stacked bars: the terms add up to the bits/dim of the bound."""
    table = prepare_terms(data)
    bars = list(table.groupby(["dataset", "model"], sort=True))
    names = [t for t in TERMS if t in set(table["variant"])]
    names += sorted(set(table["variant"]) - set(names))
    canvas.set_size_inches(style.WIDTH, 1.75 + 0.55 * len(bars))
    ax = canvas.subplots()
    for position, (_, group) in enumerate(bars):
        left = 0.0
        for index, name in enumerate(names):
            value = float(group.loc[group["variant"] == name, "mean"].sum())
            ax.barh(
                position, value, left=left, height=0.6, color=style.PALETTE[(0, 4, 5)[index % 3]],
                edgecolor=style.PAPER, label=TERMS.get(name, name) if position == 0 else None,
            )  # fmt: skip
            left += value
        ax.annotate(
            f"{left:.3f}", (left, position), xytext=(5, 0), textcoords="offset points", va="center"
        )
    ax.set_yticks(range(len(bars)), [f"{model}\n{dataset}" for (dataset, model), _ in bars])
    ax.set_xlim(0, ax.get_xlim()[1] * 1.1)
    ax.grid(axis="y", visible=False)
    ax.set_xlabel("bits per dimension of test images")
    canvas.legend(loc="outside lower center", ncols=len(names))


FIGURES = [
    Figure(
        name="generative_importance_bounds",
        panel="generative",
        title="The bound tightens with more importance samples",
        reading="The leftmost point is the evidence lower bound; the rise to the right is a "
        "lower estimate of the gap between it and log p(x). Bands are ± one standard deviation "
        "over seeds.",
        draw=draw_importance,
        claims=("G04", "G05"),
        order=60,
    ),
    Figure(
        name="generative_bound_terms",
        panel="generative",
        title="Where the bits of the diffusion bound go",
        reading="The prior term, the sum of the denoising terms and the last, discretised step "
        "add up to the bound on the codelength (mean over seeds).",
        draw=draw_terms,
        claims=("G21",),
        order=65,
    ),
]
