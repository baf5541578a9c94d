"""Four kinds of shift: covariate, open set, subpopulation, label; every method on each."""

from collections.abc import Callable

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from triptych.report import plots, style
from triptych.report.data import MissingData, ReportData, lines, spread
from triptych.report.figure import Figure
from triptych.report.figures.uncertainty_shift import leading
from triptych.report.shifts import named
from triptych.report.style import Style

Styles = dict[str, Style]


def prepare(data: ReportData, metric: str, name: str) -> pd.DataFrame:
    """One metric over the variants of a set: columns dataset, model, level, mean, std, n.

    The clean test part is level 0; a set without variants has level 1.
    """
    rows = data.select("uncertainty", metric, split=None)
    metrics = rows["metric"] == metric
    parsed = rows["split"].map(lambda split: named(str(split)))
    here = parsed.map(lambda pair: pair is not None and pair[0] == name)
    if not (here & metrics).any():
        raise MissingData(f"{metric} on {name.replace('_', ' ')} was not measured")
    measured = set(rows.loc[here, "dataset"])
    kept = (here | (rows["split"] == "test")) & metrics & rows["dataset"].isin(measured)
    level = parsed[kept].map(lambda pair: float(pair[1] or 1) if pair else 0.0)
    return spread(rows[kept].assign(level=level), ["dataset", "model", "level"])


def draw(data: ReportData, canvas: Canvas) -> None:
    """Up to four axes; a kind that was not measured is left out."""
    styles = data.styles("uncertainty")
    parts: list[Callable[[Axes | None, ReportData, Styles], set[str]]] = [
        _covariate, _open_set, _subpopulation, _label,
    ]  # fmt: skip
    measured, missing = [], []
    for part in parts:
        try:
            part(None, data, styles)
            measured.append(part)
        except MissingData as error:
            missing.append(str(error))
    if not measured:
        raise MissingData("; ".join(missing))
    drawn: set[str] = set()
    axes = plots.axes_grid(canvas, len(measured), most=2, height=2.8, extra=0.9)
    for ax, part in zip(axes, measured, strict=True):
        drawn |= part(ax, data, styles)
    models = [model for model in data.models("uncertainty") if model in drawn]
    plots.model_legend(canvas, styles, models)


def _shown(data: ReportData, table: pd.DataFrame) -> tuple[str, pd.DataFrame]:
    """The first data set and its leading methods: there is room for one."""
    dataset = sorted(set(table["dataset"]))[0]
    table = table[table["dataset"] == dataset]
    models = leading([m for m in data.models("uncertainty") if m in set(table["model"])])
    return str(dataset), table[table["model"].isin(models)]


def _covariate(ax: Axes | None, data: ReportData, styles: Styles) -> set[str]:
    dataset, table = _shown(data, prepare(data, "accuracy", "ovadia_rotate"))
    if ax is not None:
        for model, line in table.groupby("model"):
            x, mean, std = (line[c].to_numpy(float) for c in ("level", "mean", "std"))
            plots.band_line(ax, x, mean, std, styles[str(model)])
        ax.set_xticks(range(0, 181, 45))
        ax.set_xlabel("degrees turned")
        ax.set_title(f"covariate: accuracy, {dataset}")
    return set(table["model"])


def _open_set(ax: Axes | None, data: ReportData, styles: Styles) -> set[str]:
    dataset, table = _shown(data, prepare(data, "mean_confidence", "unknown_classes"))
    if ax is not None:
        _pairs(ax, table, styles, ["known", "unknown"])
        ax.set_xlabel("classes of the images")
        ax.set_title(f"open set: mean confidence, {dataset}")
    return set(table["model"])


def _subpopulation(ax: Axes | None, data: ReportData, styles: Styles) -> set[str]:
    dataset, table = _shown(data, prepare(data, "accuracy", "strokes"))
    if ax is not None:
        _pairs(ax, table, styles, ["all", "thin", "medium", "thick"])
        ax.set_xlabel("thirds by thickness of the strokes")
        ax.set_title(f"subpopulation: accuracy, {dataset}")
    return set(table["model"])


def _label(ax: Axes | None, data: ReportData, styles: Styles) -> set[str]:
    tables = [prepare(data, metric, "label_shift") for metric in ("nll", "nll/known_prior")]
    dataset, plain = _shown(data, tables[0])
    corrected = tables[1][tables[1]["dataset"] == dataset]
    if ax is not None:
        for model, line in plain.groupby("model"):
            own = corrected[corrected["model"] == model].set_index("level")["mean"]
            found = line[line["level"].isin(own.index)]
            gain = found["mean"].to_numpy(float) - own[found["level"]].to_numpy(float)
            look = styles[str(model)]
            ax.plot(found["level"], gain, color=look.colour, marker=look.marker, ls=look.line, ms=6)
        ax.axhline(0, color=style.MUTED, lw=1)
        plots.log_ticks(ax, "x", sorted(set(corrected["level"])))
        ax.set_xlabel("most frequent to rarest class")
        ax.set_title(f"label: NLL gained by correction (nats), {dataset}")
    return set(plain["model"])


def _pairs(ax: Axes, table: pd.DataFrame, styles: Styles, names: list[str]) -> None:
    """Points with spread, methods side by side at every place."""
    models = sorted(set(table["model"]), key=lambda model: list(styles).index(str(model)))
    step = 0.6 / max(len(models), 1)
    for index, model in enumerate(models):
        look = styles[str(model)]
        for row in lines(table[table["model"] == model]):
            ax.errorbar(
                row.level + step * (index - (len(models) - 1) / 2), row.mean, yerr=row.std,
                fmt=look.marker, color=look.colour, ms=6,
            )  # fmt: skip
    ax.set_xticks(range(len(names)), names)
    ax.grid(axis="x", visible=False)


FIGURES = [
    Figure(
        name="uncertainty_shift_kinds",
        panel="uncertainty",
        title="Four kinds of shift",
        reading="Turned digits cost accuracy; of classes that training left out every prediction "
        "is wrong, whatever its confidence; the thirds by stroke thickness are equally large and "
        "need not be equally easy; where class frequencies change, correcting for them lowers the "
        "NLL by the height of the line. Mean ± one standard deviation over seeds; six methods at "
        "most.",
        draw=draw,
        claims=("U15",),
        order=55,
    )
]
