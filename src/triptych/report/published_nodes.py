"""Node-classification accuracies of the literature beside our own, on the one split they share.

Only numbers of the public split of Yang et al. (2016) are listed: random splits of the same graphs
give up to ten points more.
"""

import re
from dataclasses import dataclass

import pandas as pd

from triptych.report import numbers
from triptych.report.data import ReportData
from triptych.report.tables import Cell, Table


@dataclass(frozen=True)
class Published:
    """A test accuracy of the literature on Cora, CiteSeer and PubMed.

    Attributes:
        model: What it is of.
        percent: On :data:`DATASETS`, in their order.
        spread: Standard deviations over runs, where they were read.
        protocol: How often it was run, and when training stopped.
        source: Whose it is, and where it was read if elsewhere.
    """

    model: str
    percent: tuple[float, float, float]
    protocol: str
    source: str
    spread: tuple[float, float, float] | None = None


DATASETS = ("cora", "citeseer", "pubmed")
RULES = re.compile(r"at most |weights of |weight decay |\d+ steps$|α of ")  # of our own protocols
PUBLISHED = (
    Published(
        "GCN", (81.5, 70.3, 79.0),
        "100 initialisations; stops when the validation loss exceeds its mean over ten steps",
        "Kipf & Welling 2017",
    ),
    Published(
        "GCN", (80.7, 71.0, 79.4), "10 runs", "Paddle Graph Learning, its table", (1.0, 0.7, 0.3)
    ),
    Published("GCN", (81.0, 70.7, 79.2), "one run", "Deep Graph Library, its example"),
    Published(
        "GAT", (83.0, 72.5, 79.0),
        "100 runs; patience 100 on validation loss and accuracy, on CiteSeer on accuracy alone",
        "Veličković et al. 2018, and issues 14, 19 and 21 of the authors' repository",
    ),
    Published(
        "GAT", (83.4, 70.0, 77.2), "10 runs", "Paddle Graph Learning, its table", (0.4, 0.6, 0.4)
    ),
    Published(
        "SGC", (81.0, 71.9, 78.9),
        "100 steps (CiteSeer 150); weight decay chosen on the validation part",
        "Wu et al. 2019, the authors' repository",
    ),
    Published("SGC", (81.8, 70.8, 78.2), "10 runs", "Paddle Graph Learning, its table"),
)  # fmt: skip


def tables(data: ReportData) -> list[Table]:
    """One table, if any of the three graphs was measured."""
    rows = data.records
    rows = rows[
        (rows["panel"] == "graphs") & rows["dataset"].isin(DATASETS)
        & (rows["task"] == "node classification")
        & (rows["metric"] == "accuracy") & (rows["split"] == "test")
    ]  # fmt: skip
    if not len(rows):
        return []
    models = [model for model in data.models("graphs") if (rows["model"] == model).any()]
    own = [_own(model, rows[rows["model"] == model]) for model in models]
    return [
        Table(
            caption="Beside published numbers: citation networks, public split",
            columns=("model", *(f"{name}, % ↑" for name in DATASETS), "protocol", "source"),
            rows=(*own, *(_published(entry) for entry in PUBLISHED)),
            note="Test accuracy; mean ± standard deviation (n − 1) over runs that share the split "
            "and differ in initialisation and dropout: it says nothing about other splits.",
        )
    ]


def _own(model: str, rows: pd.DataFrame) -> tuple[Cell, ...]:
    cells = []
    for dataset in DATASETS:
        percent = 100 * rows.loc[rows["dataset"] == dataset, "value"].astype(float)
        text = numbers.MISSING
        if len(percent):
            spread = float(percent.std(ddof=1)) if len(percent) > 1 else 0.0
            text = numbers.plus_minus(float(percent.mean()), spread, len(percent))
        cells.append(Cell(text, number=True))
    runs = rows.groupby("dataset")["seed"].nunique()
    count = f"{runs.min()} runs" if runs.min() > 1 else "one run"
    ending = str(rows["protocol"].iloc[0]).split("; ")
    rule = "; ".join(part for part in ending if RULES.match(part))
    return Cell(model, note="this run"), *cells, Cell(f"{count}; {rule}"), Cell("")


def _published(entry: Published) -> tuple[Cell, ...]:
    spreads = entry.spread or (None, None, None)
    values = [
        Cell(f"{mean:.1f}" if spread is None else f"{mean:.1f} ± {spread:.1f}", number=True)
        for mean, spread in zip(entry.percent, spreads, strict=True)
    ]
    return Cell(entry.model, note="published"), *values, Cell(entry.protocol), Cell(entry.source)
