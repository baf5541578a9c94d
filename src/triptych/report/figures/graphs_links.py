"""Held-out links: the trained embedding among its baselines."""

import pandas as pd
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D

from triptych.report import plots, style
from triptych.report.data import ReportData, lines, spread
from triptych.report.figure import Figure

BASELINES = {
    "untrained": "the same, untrained",
    "common_neighbours": "common neighbours",
    "features": "cosine of features",
}
SHARED = ("common_neighbours", "features")  # the same number whatever the model
METRICS = {"link_auc": ("AUC", "o"), "link_ap": ("average precision", "s")}


def prepare(data: ReportData) -> dict[str, pd.DataFrame]:
    """Data set -> columns label, own, metric, mean, std; trained models first."""
    found: dict[str, list[pd.DataFrame]] = {}
    for metric in METRICS:
        table = spread(data.select("graphs", metric), ["dataset", "model", "variant"])
        for dataset, rows in table.groupby("dataset"):
            found.setdefault(str(dataset), []).append(_rows(rows, metric, data))
    return {name: pd.concat(tables, ignore_index=True) for name, tables in found.items()}


def _rows(rows: pd.DataFrame, metric: str, data: ReportData) -> pd.DataFrame:
    models = [m for m in data.models("graphs") if m in set(rows["model"])]
    chosen = []
    for model in models:
        for variant in ("", *BASELINES):
            first = variant not in SHARED or model == models[0]
            row = rows[(rows["model"] == model) & (rows["variant"] == variant)]
            if len(row) and first:
                name = f"{model}, untrained" if variant == "untrained" else BASELINES.get(variant)
                place = bool(variant) + (variant in SHARED)
                chosen.append(
                    row.assign(label=name or model, own=not variant, metric=metric, place=place)
                )
    return pd.concat(chosen).sort_values("place", kind="stable")


def draw(data: ReportData, canvas: Canvas) -> None:
    """One axes per data set, a row per ranking, a mark per measure."""
    found = prepare(data)
    names = {d: list(dict.fromkeys(t["label"])) for d, t in found.items()}
    most = max(len(labels) for labels in names.values())
    axes = plots.axes_grid(canvas, len(found), height=1.0 + 0.34 * most, extra=0.75, width=5.9)
    for ax, (dataset, table) in zip(axes, found.items(), strict=True):
        labels = names[dataset]
        for row in lines(table):
            shift = 0.14 if row.metric == "link_auc" else -0.14
            ax.errorbar(
                row.mean, len(labels) - 1 - labels.index(row.label) + shift, xerr=row.std,
                fmt=METRICS[row.metric][1], ms=6.5, elinewidth=1.5,
                color=style.PALETTE[0] if row.own else style.MUTED,
            )  # fmt: skip
        ax.axvline(0.5, color=style.MUTED, ls=":", lw=1.4)
        ax.set_yticks(range(len(labels)), labels[::-1])
        ax.set_ylim(-0.6, len(labels) - 0.4)
        ax.set_xlim(right=1.02)
        ax.grid(axis="y", visible=False)
        ax.set_title(dataset)
    canvas.legend(handles=_marks(), loc="outside lower center", ncols=3)


def _marks() -> list[Line2D]:
    handles = [
        Line2D([], [], ls="", marker=marker, color=style.INK, label=words)
        for words, marker in METRICS.values()
    ]
    chance = plots.reference_line()
    chance.set_label("chance")
    return [*handles, chance]


FIGURES = [
    Figure(
        name="graphs_links",
        panel="graphs",
        title="Do embeddings find the edges that were held out?",
        reading="Held-out edges ranked against as many pairs that are no edges; blue is trained, "
        "lines are ± one standard deviation over seeds. A nearest-neighbour graph is made from its "
        "features, which therefore know its edges.",
        draw=draw,
        claims=("N07",),
        order=70,
    )
]
