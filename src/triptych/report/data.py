"""What figures and tables are drawn from: the tables of the report and the outputs of jobs."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from triptych.claims.evaluate import COLUMNS as CLAIM_COLUMNS
from triptych.claims.evaluate import EFFECT_COLUMNS
from triptych.collect import CURVE_COLUMNS
from triptych.errors import UserError
from triptych.files import Array, read_arrays
from triptych.records import COLUMNS
from triptych.report.style import Style, styles


class MissingData(Exception):
    """A figure needs numbers that this run did not produce; the message names them."""


def _empty(columns: Sequence[str]) -> pd.DataFrame:
    return pd.DataFrame(columns=list(columns))


@dataclass(frozen=True)
class ReportData:
    """Everything that the report shows.

    Attributes:
        records: One row per number, columns of :class:`triptych.records.Record`.
        timings: Wall-clock numbers, same columns.
        claims: ``claims.csv``: one row per verdict.
        effects: ``effects.csv``: the effect of every seed behind a statistical verdict.
        curves: ``curves.csv``: training curves, averaged over seeds.
        results: Root of the job folders.
        jobs: Names ``<panel>/<model>/<dataset>/<seeds>`` of the plan, in its order.
    """

    records: pd.DataFrame
    timings: pd.DataFrame = field(default_factory=lambda: _empty(COLUMNS))
    claims: pd.DataFrame = field(default_factory=lambda: _empty(CLAIM_COLUMNS))
    effects: pd.DataFrame = field(default_factory=lambda: _empty(EFFECT_COLUMNS))
    curves: pd.DataFrame = field(default_factory=lambda: _empty(CURVE_COLUMNS))
    results: Path = Path("results")
    jobs: tuple[str, ...] = ()

    @cached_property
    def numbers(self) -> pd.DataFrame:
        """Records and timings in one table."""
        tables = [table for table in (self.records, self.timings) if len(table)]
        return pd.concat(tables, ignore_index=True) if tables else self.records

    def models(self, panel: str) -> list[str]:
        """Model entries of a panel: in the order of the plan, then any others by name."""
        planned = [name.split("/")[1] for name in self.jobs if name.startswith(f"{panel}/")]
        found = self.records.loc[self.records["panel"] == panel, "model"].unique()
        return list(dict.fromkeys([*planned, *sorted(found)]))

    def datasets(self, panel: str) -> list[str]:
        """Data sets of a panel that have records, by name."""
        return sorted(self.records.loc[self.records["panel"] == panel, "dataset"].unique())

    def styles(self, panel: str) -> dict[str, Style]:
        """Colour and marker of every model of a panel, the same in all figures."""
        return styles(self.models(panel))

    def select(
        self, panel: str, metric: str, split: str | None = "test", **more: object
    ) -> pd.DataFrame:
        """Rows of one metric (all its variants after a slash included).

        Args:
            panel: Panel.
            metric: Plain name; "probe_accuracy" also finds "probe_accuracy/code=8".
            split: Wanted split; None for all.
            **more: Further column = value conditions.

        Raises:
            MissingData: There is no such row.
        """
        table = self.numbers
        name = table["metric"].astype(str)
        chosen = (table["panel"] == panel) & ((name == metric) | name.str.startswith(f"{metric}/"))
        if split is not None:
            chosen &= table["split"] == split
        for column, value in more.items():
            chosen &= table[column] == value
        rows = table[chosen & np.isfinite(table["value"].astype(float))]
        if not len(rows):
            raise MissingData(f"no record of {metric} in the {panel} panel")
        return rows.assign(variant=rows["metric"].str.partition("/")[2])

    def folders(self, panel: str, step: str) -> Iterator[tuple[str, str, list[int], Path]]:
        """(model, data set, seeds, ``results/<job>/<step>``) of every planned job of a panel."""
        for name in self.jobs:
            if name.startswith(f"{panel}/"):
                _, model, dataset, seeds = name.split("/")
                folder = self.results / name / step
                if folder.exists():
                    yield model, dataset, _seeds(seeds), folder

    def first_outputs(
        self, panel: str, step: str = "evaluate"
    ) -> dict[tuple[str, str], dict[str, Array]]:
        """(model, data set) -> arrays of the smallest seed in ``outputs.safetensors``.

        The prefix "<seed>/" is taken off. Jobs without that file, or damaged ones, are left out.
        """
        found: dict[tuple[str, str], tuple[int, dict[str, Array]]] = {}
        for model, dataset, _, folder in self.folders(panel, step):
            try:
                arrays = read_arrays(folder / "outputs.safetensors")
            except UserError:
                continue
            for seed in sorted(
                {int(k.split("/", 1)[0]) for k in arrays if k.split("/")[0].isdigit()}
            ):
                if (model, dataset) in found and found[model, dataset][0] <= seed:
                    continue
                prefix = f"{seed}/"
                own = {k.removeprefix(prefix): v for k, v in arrays.items() if k.startswith(prefix)}
                found[model, dataset] = (seed, own)
        return {key: arrays for key, (_, arrays) in found.items()}


def _seeds(name: str) -> list[int]:
    """Seeds of a group's folder name: "3", "0-4" or "0.2.5"."""
    if "-" in name:
        first, last = name.split("-")
        return list(range(int(first), int(last) + 1))
    return [int(part) for part in name.split(".")]


def lines(table: pd.DataFrame) -> Iterator[Any]:
    """Rows as named tuples, whose fields pandas cannot type."""
    yield from table.itertuples(index=False)


def spread(rows: pd.DataFrame, by: Iterable[str]) -> pd.DataFrame:
    """Mean, standard deviation (0 for one seed) and count of ``value`` over seeds.

    Args:
        rows: Records.
        by: Columns that tell the groups apart.

    Returns:
        Columns ``by``, mean, std and n, ordered by ``by``.
    """
    groups = rows.groupby(list(by), sort=True)["value"]
    table = groups.agg(["mean", "std", "count"]).reset_index()
    return table.rename(columns={"count": "n"}).fillna({"std": 0.0})
