"""Accuracies of the literature on sets of graphs beside our own, each with its protocol.

On these small sets the protocol is worth several points: choosing the epoch on the curves of the
held-out folds themselves is another question than choosing it on an inner fold.
"""

from dataclasses import dataclass

import pandas as pd

from triptych.report import numbers
from triptych.report.data import ReportData
from triptych.report.tables import Cell, Table


@dataclass(frozen=True)
class Published:
    """A test accuracy of the literature.

    Attributes:
        model: What it is of.
        percent: Mean over the ten folds.
        spread: Standard deviation over the ten folds.
        protocol: How step and settings were chosen.
        source: Whose it is, and where it was read if elsewhere.
    """

    model: str
    percent: float
    spread: float
    protocol: str
    source: str


ON_TEST = "10-fold; one epoch for all folds, chosen on their held-out curves"
INNER = "10-fold; settings and step chosen on an inner hold-out of each training part"
XU = "Xu, Hu, Leskovec & Jegelka 2019, as quoted by later papers"
ERRICA = "Errica, Podda, Bacciu & Micheli 2020, as quoted by later papers"
PUBLISHED: dict[str, tuple[Published, ...]] = {
    "mutag": (
        Published("GIN-0", 89.4, 5.6, ON_TEST, XU),
        Published("GCN", 85.6, 5.8, ON_TEST, XU),
        Published("GraphSAGE", 85.1, 7.6, ON_TEST, XU),
    ),
    "proteins": (
        Published("GIN-0", 76.2, 2.8, ON_TEST, XU),
        Published("GraphSAGE", 75.9, 3.2, ON_TEST, XU),
        Published("GIN", 73.3, 4.0, INNER, ERRICA),
        Published("GraphSAGE", 73.0, 4.5, INNER, ERRICA),
        Published("DGCNN", 72.9, 3.5, INNER, ERRICA),
    ),
    "nci1": (
        Published("GIN-0", 82.7, 1.7, ON_TEST, XU),
        Published("GCN", 80.2, 2.0, ON_TEST, XU),
        Published("GIN", 80.0, 1.4, INNER, ERRICA),
        Published("GraphSAGE", 77.7, 1.5, ON_TEST, XU),
        Published("DGCNN", 76.4, 1.7, INNER, ERRICA),
        Published("GraphSAGE", 76.0, 1.8, INNER, ERRICA),
    ),
}


def tables(data: ReportData) -> list[Table]:
    """One table per data set that was measured and has published numbers."""
    found = [_table(data, name, entries) for name, entries in PUBLISHED.items()]
    return [table for table in found if table is not None]


def _table(data: ReportData, dataset: str, entries: tuple[Published, ...]) -> Table | None:
    rows = data.records
    rows = rows[
        (rows["panel"] == "graphs") & (rows["dataset"] == dataset)
        & (rows["metric"] == "accuracy") & (rows["split"] == "test")
    ]  # fmt: skip
    if not len(rows):
        return None
    own = [
        _own(model, rows[rows["model"] == model])
        for model in data.models("graphs")
        if (rows["model"] == model).any()
    ]
    published = [
        (
            Cell(entry.model, note="published"),
            Cell(f"{entry.percent:.1f} ± {entry.spread:.1f}", number=True),
            Cell(entry.protocol),
            Cell(entry.source),
        )
        for entry in entries
    ]
    return Table(
        caption=f"Beside published numbers: {dataset}",
        columns=("model", "test accuracy, % ↑", "protocol", "source"),
        rows=(*own, *published),
        note="Mean ± standard deviation (n − 1) over folds: folds share training graphs, so that "
        "the deviation is no standard error. Numbers chosen on the held-out folds are an upper "
        "end, not a competitor.",
    )


def _own(model: str, group: pd.DataFrame) -> tuple[Cell, Cell, Cell, Cell]:
    percent = 100 * group["value"].astype(float)
    low, high = int(group["n"].min()), int(group["n"].max())
    graphs = f"{low}{f' or {high}' if high != low else ''} test graphs a fold"
    return (
        Cell(model, note="this run"),
        Cell(
            numbers.plus_minus(float(percent.mean()), float(percent.std(ddof=1)), len(percent)),
            number=True,
            note=f"{len(percent)} seeds",
        ),
        Cell(_short(str(group["protocol"].iloc[0])), note=graphs),
        Cell(""),
    )


def _short(protocol: str) -> str:
    """The pieces that say how the data were split and how step and settings were chosen."""
    pieces = protocol.split("; ")
    kept = [p for p in pieces if p.startswith("split: ") or "validation loss" in p]
    return "; ".join(kept).removeprefix("split: ")
