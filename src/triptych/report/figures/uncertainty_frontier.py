"""What robustness costs: NLL under shift against the price of training and of a prediction."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from triptych.report import plots, style
from triptych.report.data import MissingData, ReportData, lines, spread
from triptych.report.figure import Figure
from triptych.report.figures.generative_tradeoff import pareto_front
from triptych.report.shifts import MEAN, severities
from triptych.report.style import Style

TREES = ("random forest", "boosting", "stacking")  # families whose cost is not in multiply-adds
COSTS = {  # metric: split, name of the axis
    "training_multiply_adds": ("train", "multiply-adds of the training (networks)"),
    "prediction_multiply_adds": ("test", "multiply-adds per prediction (networks)"),
    "train_seconds": ("train", "seconds of the training, this machine"),
    "prediction_seconds": ("test", "seconds per prediction, this machine"),
}
SIZED = "nll_of_size"


def shifted_nll(data: ReportData) -> pd.DataFrame:
    """Columns dataset, model, mean, std, n: NLL, mean over kinds and severities from 1."""
    rows = severities(data.select("uncertainty", "nll", split=None))
    rows = rows[(rows["shift"] == MEAN) & (rows["severity"] > 0)]
    if not len(rows):
        raise MissingData("no NLL on a corrupted test set was measured")
    means = rows.groupby(["dataset", "model", "seed"])["value"].mean().reset_index()
    return spread(means, ["dataset", "model"])


def families(data: ReportData) -> dict[str, str]:
    """Model -> family, as the records say."""
    own = data.records[
        (data.records["panel"] == "uncertainty") & (data.records["metric"] == "family")
    ]
    return {str(row.model): str(row.protocol) for row in lines(own)}


def prepare(data: ReportData, cost: str) -> pd.DataFrame:
    """Columns dataset, model, cost, mean, std, n.

    Multiply-adds are of networks alone: trees compare, which is another operation.
    """
    split, _ = COSTS[cost]
    price = spread(data.select("uncertainty", cost, split=split), ["dataset", "model"])
    price = price.rename(columns={"mean": "cost"})[["dataset", "model", "cost"]]
    joined = shifted_nll(data).merge(price, on=["dataset", "model"])
    if "multiply_adds" in cost:
        kinds = families(data)
        joined = joined[[kinds.get(str(m), "") not in TREES for m in joined["model"]]]
    if joined["model"].nunique() < 2:
        raise MissingData(f"fewer than two methods have both {cost} and NLL under shift")
    return joined.reset_index(drop=True)


def draw(data: ReportData, canvas: Canvas) -> None:
    """One axes per cost and data set; the Pareto front is a staircase."""
    styles = data.styles("uncertainty")
    found = [
        (cost, str(dataset), group.reset_index(drop=True))
        for cost in _available(data)
        for dataset, group in prepare(data, cost).groupby("dataset")
    ]
    several = len({dataset for _, dataset, _ in found}) > 1
    axes = plots.axes_grid(canvas, len(found), height=3.0, extra=1.0)
    for ax, (cost, dataset, table) in zip(axes, found, strict=True):
        _scatter(ax, table, styles)
        ax.set_xlabel(COSTS[cost][1])
        ax.set_title(plots.heading("NLL under shift (nats)", dataset, several))
    shown = {str(model) for _, _, table in found for model in table["model"]}
    models = [model for model in data.models("uncertainty") if model in shown]
    plots.model_legend(canvas, styles, models, Pareto_front=plots.reference_line())


def _available(data: ReportData) -> list[str]:
    found = []
    missing = MissingData("no cost was recorded")
    for cost in COSTS:
        try:
            prepare(data, cost)
        except MissingData as reason:
            missing = reason
            continue
        found.append(cost)
    if not found:
        raise missing
    return found


def _scatter(ax: Axes, table: pd.DataFrame, styles: dict[str, Style]) -> None:
    cost, loss = table["cost"].to_numpy(float), table["mean"].to_numpy(float)
    front = pareto_front(cost, loss)
    ax.step(cost[front], loss[front], where="post", color=style.MUTED, ls=":", lw=1.6, zorder=1)
    for row in lines(table):
        look = styles[str(row.model)]
        ax.errorbar(
            row.cost, row.mean, yerr=row.std, fmt=look.marker, color=look.colour, ms=8, zorder=3
        )
    ax.margins(0.1)
    plots.sparse_log_ticks(ax)


def prepare_growth(data: ReportData) -> pd.DataFrame:
    """What a growing number of members costs and brings.

    The first member costs what a prediction of the single network costs; every further one its even
    share of the rest, which is a whole pass where members are networks and a last layer where they
    are draws of it.

    Returns:
        Columns dataset, model, size, cost, mean, std, n: NLL under shift.
    """
    rows = severities(data.select("uncertainty", SIZED, split=None))
    rows = rows[(rows["shift"] == MEAN) & (rows["severity"] > 0)]
    rows = rows.assign(size=rows["variant"].str.removeprefix("k=").astype(int))
    means = rows.groupby(["dataset", "model", "size", "seed"])["value"].mean().reset_index()
    table = spread(means, ["dataset", "model", "size"])
    rows = data.select("uncertainty", "prediction_multiply_adds")
    price = {
        (str(row.dataset), str(row.model)): float(row.mean)
        for row in lines(spread(rows, ["dataset", "model"]))
    }
    first = {dataset: cost for (dataset, model), cost in price.items() if model == "single"}
    kinds = families(data)
    kept = [
        (row.dataset, row.model) in price
        and row.dataset in first
        and kinds.get(str(row.model), "") not in TREES
        for row in lines(table)
    ]
    table = table[kept]
    if not len(table):
        raise MissingData("no method with members has both its cost and NLL by size")
    most = table.groupby(["dataset", "model"])["size"].transform("max")
    start = table["dataset"].map(first).astype(float)
    whole = np.array([price[row.dataset, row.model] for row in lines(table)])
    share = (whole - start) / np.maximum(most - 1, 1)
    return table.assign(cost=start + share * (table["size"] - 1)).reset_index(drop=True)


def draw_growth(data: ReportData, canvas: Canvas) -> None:
    """A line per method, from one member to all of them."""
    styles = data.styles("uncertainty")
    table = prepare_growth(data)
    groups = [(str(dataset), group) for dataset, group in table.groupby("dataset")]
    axes = plots.axes_grid(canvas, len(groups), height=3.4, extra=0.9)
    for ax, (dataset, group) in zip(axes, groups, strict=True):
        for model, line in group.groupby("model"):
            look = styles[str(model)]
            plots.band_line(
                ax, line["cost"].to_numpy(float), line["mean"].to_numpy(float),
                line["std"].to_numpy(float), look,
            )  # fmt: skip
        plots.sparse_log_ticks(ax)
        ax.set_xlabel("multiply-adds per prediction")
        ax.set_title(plots.heading("NLL under shift (nats)", dataset, len(groups) > 1))
    shown = [m for m in data.models("uncertainty") if m in set(table["model"])]
    plots.model_legend(canvas, styles, shown)


FIGURES = [
    Figure(
        name="uncertainty_frontier",
        panel="uncertainty",
        title="Robustness and what it costs",
        reading="Down and left is better; methods on the dotted staircase are beaten by no other "
        "in both. NLL: mean over kinds of corruption and severities, lines ± one standard "
        "deviation over seeds. Trees compare instead of multiplying and stand in seconds alone.",
        draw=draw,
        claims=("U13",),
        order=50,
    ),
    Figure(
        name="uncertainty_growth",
        panel="uncertainty",
        title="What another member costs and brings",
        reading="From one member at the left to all of them at the right, computed from the cached "
        "predictions. A line that falls steeply buys robustness cheaply; one that is flat pays "
        "for nothing. Bands: ± one standard deviation over seeds.",
        draw=draw_growth,
        claims=("U13",),
        order=51,
    ),
]
