"""Tables of the graph panel beside those that every panel has: screens, published numbers."""

import pandas as pd

from triptych.report import numbers, published_graph_sets, published_links, published_nodes
from triptych.report.data import ReportData
from triptych.report.tables import Cell, Table
from triptych.report.vocabulary import measure

SCREEN = ("precision_at_100", "enrichment_at_100", "average_precision", "auroc")


def tables(data: ReportData) -> list[Table]:
    """What there is to show of a run."""
    beside = (published_nodes, published_links, published_graph_sets)
    return screens(data) + [table for module in beside for table in module.tables(data)]


def screens(data: ReportData) -> list[Table]:
    """One table per data set whose molecules were ranked, with chance as its first row."""
    rows = data.records
    rows = rows[
        (rows["panel"] == "graphs") & (rows["split"] == "test")
        & rows["metric"].isin([*SCREEN, "positives"])
    ]  # fmt: skip
    ranked = sorted(set(rows.loc[rows["metric"] == SCREEN[0], "dataset"]))
    return [_screen(data, dataset, rows[rows["dataset"] == dataset]) for dataset in ranked]


def _screen(data: ReportData, dataset: str, rows: pd.DataFrame) -> Table:
    active = float(rows.loc[rows["metric"] == "positives", "value"].mean())
    n = rows["n"].astype(int)
    chance = {SCREEN[0]: active, SCREEN[1]: 1.0, SCREEN[2]: active, SCREEN[3]: 0.5}
    body = [
        (Cell("chance"), *(Cell(numbers.significant(chance[name]), number=True) for name in SCREEN))
    ]
    means = {name: _by_model(rows, name) for name in SCREEN}
    for model in data.models("graphs"):
        if model in means[SCREEN[0]]:
            body.append((Cell(model), *(_cell(means[name], model) for name in SCREEN)))
    size = f"{n.min()}" if n.min() == n.max() else f"{n.min()} to {n.max()}"
    return Table(
        caption=f"Screening {dataset}",
        columns=("model", *(f"{measure(name).label} {measure(name).arrow}" for name in SCREEN)),
        rows=tuple(body),
        note=f"Test parts of {size} molecules, {100 * active:.2g} % of them active: what average "
        "precision and the first 100 mean depends on that share, AUROC does not. Mean ± standard "
        "deviation over seeds, which redraw the scaffolds of the test part.",
    )


def _by_model(rows: pd.DataFrame, metric: str) -> dict[str, pd.Series]:
    chosen = rows[rows["metric"] == metric]
    return {str(m): group["value"].astype(float) for m, group in chosen.groupby("model")}


def _cell(values: dict[str, pd.Series], model: str) -> Cell:
    own = values[model]
    best = max(float(each.mean()) for each in values.values())
    text = numbers.plus_minus(float(own.mean()), float(own.std(ddof=1)), len(own))
    return Cell(text, number=True, best=len(values) > 1 and float(own.mean()) == best)
