"""Tables of the report, as plain values: the pages and the Markdown lay them out."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from triptych.report import numbers
from triptych.report.data import ReportData, lines
from triptych.report.shifts import MEAN, parse
from triptych.report.vocabulary import Measure, measure

HIDDEN = {"diverged", "n_train", "n_test", "family"}  # facts about a run, not measures of a model
DETAILS = {  # read beside other numbers, in figures and claims; as columns they would bury those
    "nll_members", "mean_confidence", "confidence_minus_accuracy", "predictive_entropy",
    "expected_entropy", "disagreement", "separation_sd", "homophily",
    "positives", "largest_confused_difference", "smallest_told_difference", "degree_mean",
    "clustering_mean",
    "accuracy_members", "members_distance", "normalised_disagreement", "ece_calibrated",
    "temperature",
}  # fmt: skip


@dataclass(frozen=True)
class Cell:
    """One cell.

    Attributes:
        text: What it says.
        note: A second, quieter line.
        number: Whether it is aligned as a number.
        best: Whether it is the best of its column.
        link: Address it leads to.
        badge: Verdict whose colour it wears.
    """

    text: str
    note: str = ""
    number: bool = False
    best: bool = False
    link: str = ""
    badge: str = ""


@dataclass(frozen=True)
class Table:
    """A table with a caption; ``columns`` are headers, the first column heads its row."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""


def trade_off(data: ReportData) -> list[Table]:
    """What each generative family is good for and what it costs, one table per data set."""
    return [_trade_off(data, dataset) for dataset in data.datasets("generative")]


TRADE_OFF = (
    "bits_per_dim", "frechet_distance", "probe_accuracy", "train_seconds", "seconds_per_image",
    "evaluations_per_sample",
)  # fmt: skip


def _trade_off(data: ReportData, dataset: str) -> Table:
    families = _families(data, "generative")
    columns = [_column(data, "generative", dataset, name) for name in TRADE_OFF]
    kinds = _kinds(data, "generative", dataset, "bits_per_dim")
    rows = []
    for model in _present(data, "generative", dataset):
        cells = [Cell(model, note=families.get(model, ""))]
        for column in columns:
            note = kinds.get(model, "none") if column.name == "bits_per_dim" else ""
            cells.append(column.cell(model, note))
        rows.append(tuple(cells))
    headers = ("model", *(column.header for column in columns))
    return Table(
        caption=f"What each family is good for, and what it costs: {dataset}",
        columns=headers,
        rows=tuple(rows),
        note="Mean ± standard deviation over seeds; the best of a column is bold. Where a "
        "codelength is an upper bound, the model's true one may be shorter than printed. A dash "
        "means that the model cannot be asked. Seconds were measured on this machine.",
    )


MANY = 2  # data sets up to which each has a table of its own
SUMMED = 3  # measures that get a table over all data sets where there are more


def method_tables(data: ReportData, panel: str) -> list[Table]:
    """Headline measures of every model of a panel.

    With few data sets a table each, models against measures; with many a table per task and
    measure, models against data sets.
    """
    datasets = data.datasets(panel)
    if len(datasets) <= MANY:
        found = [_models_by_measures(data, panel, dataset) for dataset in datasets]
        return [table for table in found if table is not None]
    own = data.numbers[data.numbers["panel"] == panel]
    place = {model: index for index, model in enumerate(data.models(panel))}
    tasks = own["model"].map(place).groupby(own["task"]).min().sort_values().index
    by_task: list[Table] = []
    for task in map(str, tasks):
        rows = own[own["task"] == task]
        names = [name for name in _headline(rows) if measure(name).better][:SUMMED]
        by_task += [_models_by_datasets(data, panel, task, rows, name) for name in names]
    return by_task


def _models_by_measures(data: ReportData, panel: str, dataset: str) -> Table | None:
    rows = data.numbers
    rows = rows[(rows["panel"] == panel) & (rows["dataset"] == dataset)]
    names = _headline(rows)
    columns = [_column(data, panel, dataset, name) for name in names]
    shifted = _shifted_splits(rows)
    if shifted:
        columns += [
            _column(data, panel, dataset, name, shifted, "shifted: ")
            for name in ("accuracy", "nll", "ece")
            if name in names
        ]
    columns = [column for column in columns if column.values]
    models = [m for m in data.models(panel) if any(m in c.values for c in columns)]
    if not models:
        return None
    note = "Mean ± standard deviation over seeds; the best of a column is bold."
    if shifted:
        note += " Shifted: mean over kinds of corruption and severities 1 and up."
    return Table(
        f"Measured on {dataset}",
        ("model", *(column.header for column in columns)),
        tuple((Cell(model), *(column.cell(model) for column in columns)) for model in models),
        note,
    )


def _models_by_datasets(
    data: ReportData, panel: str, task: str, rows: pd.DataFrame, name: str
) -> Table:
    """One measure of a task; the longer of the two lists runs downwards."""
    measured = set(rows["dataset"].unique())
    present = [d for d in data.datasets(panel) if d in measured]
    columns = {d: _column(data, panel, d, name, rows=rows) for d in present}
    columns = {d: column for d, column in columns.items() if column.values}
    models = [m for m in data.models(panel) if any(m in c.values for c in columns.values())]
    header = next(iter(columns.values())).header
    grid = [[columns[d].cell(m) for d in columns] for m in models]
    heads, sides, corner, line = list(columns), models, "model", "column"
    if len(columns) > len(models):
        grid = [list(cells) for cells in zip(*grid, strict=True)]
        heads, sides, corner, line = models, list(columns), "data set", "row"
    return Table(
        f"{task[0].upper()}{task[1:]}: {header}",
        (corner, *heads),
        tuple((Cell(side), *cells) for side, cells in zip(sides, grid, strict=True)),
        f"Mean ± standard deviation over seeds; the best of a {line} is bold.",
    )


@dataclass(frozen=True)
class _Column:
    """One measure of all models: model -> (mean, standard deviation, seeds)."""

    name: str
    measure: Measure
    values: dict[str, tuple[float, float, int]]
    prefix: str = ""

    @property
    def header(self) -> str:
        """Label, unit and the direction that is better."""
        name = f"{self.prefix}{self.measure.label}"
        unit = f", {self.measure.unit}" if self.measure.unit else ""
        return f"{name}{unit} {self.measure.arrow}".strip()

    def cell(self, model: str, note: str = "") -> Cell:
        if model not in self.values:
            return Cell(numbers.MISSING, note=note, number=True)
        mean, std, n = self.values[model]
        return Cell(numbers.plus_minus(mean, std, n), note, number=True, best=self._best(model))

    def _best(self, model: str) -> bool:
        """Best mean, where better has a direction and there is something to compare with."""
        if not self.measure.better or len(self.values) < 2:
            return False
        pick: Callable[[Iterable[float]], float] = max if self.measure.better == "higher" else min
        return self.values[model][0] == pick(mean for mean, _, _ in self.values.values())


def _column(
    data: ReportData,
    panel: str,
    dataset: str,
    name: str,
    splits: Sequence[str] | None = None,
    prefix: str = "",
    rows: pd.DataFrame | None = None,
) -> _Column:
    rows = data.numbers if rows is None else rows
    metric = rows["metric"].astype(str)
    plain = (metric == name) | metric.str.match(rf"{name}/[^=]*$")
    if (metric[(rows["panel"] == panel)] == name).any():
        plain = metric == name  # variants beside a plain number are sweeps or controls
    chosen = rows[
        plain & (rows["panel"] == panel) & (rows["dataset"] == dataset)
        & np.isfinite(rows["value"].astype(float))
    ]  # fmt: skip
    wanted = splits or _own_splits(chosen)
    chosen = chosen[chosen["split"].isin(wanted)]
    values: dict[str, tuple[float, float, int]] = {}
    for model, group in chosen.groupby("model"):
        seeds = group.groupby("seed")["value"].mean()
        std = float(seeds.std(ddof=1)) if len(seeds) > 1 else 0.0
        values[str(model)] = (float(seeds.mean()), std, len(seeds))
    unit = str(chosen["unit"].iloc[0]) if len(chosen) else ""
    return _Column(name, measure(name, unit), values, prefix)


def _own_splits(rows: pd.DataFrame) -> list[str]:
    """The split a headline number is read from: test where there is one, else all, else train."""
    for split in ("test", "all", "train"):
        if (rows["split"] == split).any():
            return [split]
    return []


def _headline(rows: pd.DataFrame) -> list[str]:
    """Names of measures without variants on the clean test set (or the whole data set)."""
    clean = rows[rows["split"].isin(["test", "all"]) | (rows["metric"] == "train_seconds")]
    found = {name for name in clean["metric"] if "/" not in name} - HIDDEN - DETAILS
    return sorted(found, key=lambda name: (measure(name).order, name))


def _shifted_splits(rows: pd.DataFrame) -> list[str]:
    parsed = {name: parse(name) for name in set(rows["split"].astype(str))}
    return sorted(name for name, p in parsed.items() if p and p[0] == MEAN and p[1] > 0)


def _families(data: ReportData, panel: str) -> dict[str, str]:
    """Model -> family, from the records that name it."""
    rows = data.records
    rows = rows[(rows["panel"] == panel) & (rows["metric"] == "family")]
    return {str(row.model): str(row.protocol) for row in lines(rows)}


def _kinds(data: ReportData, panel: str, dataset: str, metric: str) -> dict[str, str]:
    """Model -> kind of a number (exact, upper bound ...)."""
    rows = data.records
    rows = rows[
        (rows["panel"] == panel) & (rows["dataset"] == dataset) & (rows["metric"] == metric)
        & (rows["split"] == "test")
    ]  # fmt: skip
    return {str(row.model): str(row.kind) for row in lines(rows)}


def _present(data: ReportData, panel: str, dataset: str) -> list[str]:
    rows = data.records
    rows = rows[(rows["panel"] == panel) & (rows["dataset"] == dataset)]
    return [model for model in data.models(panel) if model in set(rows["model"])]


def protocols(data: ReportData, panel: str) -> Table | None:
    """What every number of a panel means nothing without: one row per distinct protocol."""
    rows = data.numbers
    rows = rows[(rows["panel"] == panel) & ~rows["metric"].isin(HIDDEN)]
    if not len(rows):
        return None
    rows = rows.assign(protocol=rows["protocol"].fillna("").astype(str))
    keys = ["metric", "unit", "kind", "protocol"]
    body = []
    for (metric, unit, kind, protocol), group in rows.groupby(keys, sort=True):
        low, high = int(group["n"].min()), int(group["n"].max())
        body.append(
            (
                Cell(str(metric)),
                Cell(str(unit)),
                Cell(str(kind)),
                Cell(str(protocol) or "as the name says"),
                Cell(str(low) if low == high else f"{low} to {high}", number=True),
                Cell(", ".join(sorted(set(group["model"])))),
                Cell(_some(sorted(set(group["dataset"])))),
            )
        )
    return Table(
        caption=f"Protocols of the {panel} panel",
        columns=("measure", "unit", "kind", "protocol", "n", "models", "data"),
        rows=tuple(body),
        note="n counts the examples, samples or pairs that one number is an average over.",
    )


def _some(names: list[str], most: int = 4) -> str:
    """The first names and how many more there are."""
    if len(names) <= most:
        return ", ".join(names)
    return f"{', '.join(names[: most - 1])} and {len(names) - most + 1} more"
