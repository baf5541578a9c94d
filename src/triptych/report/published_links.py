"""Link prediction of the literature beside our own: areas and precisions on citation graphs."""

from dataclasses import dataclass

import pandas as pd

from triptych.report import numbers
from triptych.report.data import ReportData
from triptych.report.tables import Cell, Table

METRICS = ("link_auc", "link_ap")


@dataclass(frozen=True)
class Published:
    """A result of the literature, features used.

    Attributes:
        model: What it is of.
        auc: Area under the ROC curve, per cent, with its spread where one is stated.
        ap: Average precision, likewise.
        protocol: How it was obtained.
        source: Whose it is, and where it was read if elsewhere.
    """

    model: str
    auc: str
    ap: str
    protocol: str
    source: str


SPLIT = "85/5/10 % of the edges, one non-edge for each"
PAPER = "Kipf & Welling 2016, as quoted by BUPT-GAMMA/GammaGL"
GAMMA = "BUPT-GAMMA/GammaGL, torch"
RERUN = "arXiv 2107.02658, read second-hand"
PYG = f"{SPLIT}; PyTorch Geometric, 600 epochs, 30 runs"
PUBLISHED: dict[str, tuple[Published, ...]] = {
    "cora": (
        Published("GAE", "91.0", "92.0", SPLIT, PAPER),
        Published("VGAE", "91.4", "92.6", SPLIT, PAPER),
        Published("GAE", "92.0 ± 0.4", "93.1 ± 0.2", SPLIT, GAMMA),
        Published("VGAE", "90.8 ± 0.3", "91.5 ± 0.7", SPLIT, GAMMA),
        Published("GAE", "90.6 ± 0.9", "91.2 ± 1.0", PYG, RERUN),
        Published("VGAE", "89.8 ± 0.9", "90.3 ± 1.0", PYG, RERUN),
    ),
    "citeseer": (
        Published("GAE", "89.5", "89.9", SPLIT, PAPER),
        Published("VGAE", "90.8", "92.0", SPLIT, PAPER),
        Published("GAE", "89.6 ± 0.5", "89.9 ± 0.7", SPLIT, GAMMA),
        Published("VGAE", "90.8 ± 0.3", "92.0 ± 0.5", SPLIT, GAMMA),
    ),
    "pubmed": (
        Published("GAE", "96.4", "96.5", SPLIT, PAPER),
        Published("VGAE", "94.4", "94.7", SPLIT, PAPER),
        Published("GAE", "97.1 ± 0.6", "97.1 ± 0.2", SPLIT, GAMMA),
        Published("VGAE", "94.5 ± 0.2", "94.9 ± 0.4", SPLIT, GAMMA),
    ),
}


def tables(data: ReportData) -> list[Table]:
    """One table per citation graph on which links were predicted."""
    found = [_table(data, name, entries) for name, entries in PUBLISHED.items()]
    return [table for table in found if table is not None]


def _table(data: ReportData, dataset: str, entries: tuple[Published, ...]) -> Table | None:
    rows = data.records
    rows = rows[
        (rows["panel"] == "graphs") & (rows["dataset"] == dataset) & (rows["split"] == "test")
        & rows["metric"].isin(METRICS)
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
            Cell(entry.auc, number=True),
            Cell(entry.ap, number=True),
            Cell(entry.protocol),
            Cell(entry.source),
        )
        for entry in entries
    ]
    return Table(
        caption=f"Link prediction beside published numbers: {dataset}",
        columns=("model", "AUC, % ↑", "AP, % ↑", "protocol", "source"),
        rows=(*own, *published),
        note="Ours: mean ± standard deviation (n − 1) over seeds, which draw held-out edges, "
        "non-edges and weights. The paper's runs share one split of the edges. Average precision "
        "holds for one non-edge an edge; at the graph's own share of edges it would be far lower.",
    )


def _own(model: str, group: pd.DataFrame) -> tuple[Cell, ...]:
    cells = []
    for metric in METRICS:
        percent = 100 * group.loc[group["metric"] == metric, "value"].astype(float)
        spread = float(percent.std(ddof=1)) if len(percent) > 1 else 0.0
        cells.append(
            Cell(
                numbers.plus_minus(float(percent.mean()), spread, len(percent)),
                number=True,
                note=f"{len(percent)} seeds",
            )
        )
    steps = str(group["protocol"].iloc[0]).split("; ")[-2:]
    return (Cell(model, note="this run"), *cells, Cell(f"{SPLIT}; {'; '.join(steps)}"), Cell(""))
