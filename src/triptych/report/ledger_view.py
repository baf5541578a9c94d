"""The ledger of claims as the pages show it: every verdict with its effect, data and seeds."""

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from triptych.claims.base import Claim
from triptych.claims.verdict import VERDICTS
from triptych.report import numbers
from triptych.report.data import ReportData
from triptych.report.figure import Drawn
from triptych.report.tables import Cell, Table

MOST = 4  # verdicts of one claim that the overview spells out; all stand on the panel's page


@dataclass(frozen=True)
class ClaimView:
    """One claim with all that is shown of it.

    Attributes:
        id: "G01".
        panel: Panel.
        deck: "A", "B" or "A, B".
        statement: What the deck says.
        experiments: What decides, one entry per part.
        verdicts: Every verdict -> how many rows.
        rows: The claim's rows of ``claims.csv``.
        forest: Its default picture.
        pictures: Other figures that are evidence for it.
        partly: What it is not measured without, where jobs are missing.
    """

    id: str
    panel: str
    deck: str
    statement: str
    experiments: tuple[str, ...]
    verdicts: dict[str, int]
    rows: pd.DataFrame
    forest: Drawn | None = None
    pictures: tuple[Drawn, ...] = ()
    partly: str = ""

    @property
    def anchor(self) -> str:
        """Its place on the panel's page."""
        return self.id.lower()

    @property
    def measured(self) -> bool:
        """Whether there is any verdict."""
        return any(self.verdicts.get(v, 0) for v in VERDICTS[:3])

    @property
    def badges(self) -> list[tuple[str, int]]:
        """(verdict, count) of those that occur."""
        return [(v, self.verdicts[v]) for v in VERDICTS if self.verdicts.get(v)]


def claim_views(data: ReportData, claims: Iterable[Claim]) -> list[ClaimView]:
    """Every claim, its parts joined, without pictures."""
    parts: dict[str, list[Claim]] = {}
    for claim in claims:
        parts.setdefault(claim.id, []).append(claim)
    views = []
    for name, own in sorted(parts.items()):
        rows = data.claims[data.claims["id"] == name].reset_index(drop=True)
        measured = rows[rows["verdict"] != "not measured"]
        counted = Counter(str(v) for v in (measured if len(measured) else rows)["verdict"])
        views.append(
            ClaimView(
                name, own[0].panel, own[0].deck, own[0].statement,
                tuple(dict.fromkeys(claim.experiment for claim in own)),
                {v: counted.get(v, 0) for v in VERDICTS} if counted else _nothing(),
                measured.reset_index(drop=True),
                partly="; ".join(sorted({_partly(row) for _, row in rows.iterrows()} - {""})),
            )
        )  # fmt: skip
    return views


def _nothing() -> dict[str, int]:
    return {verdict: int(verdict == "not measured") for verdict in VERDICTS}


def totals(views: Iterable[ClaimView]) -> dict[str, int]:
    """Verdict -> how many there are; a claim without measurement counts once."""
    counter: Counter[str] = Counter()
    for view in views:
        counter.update(view.verdicts)
    return {verdict: counter.get(verdict, 0) for verdict in VERDICTS}


def verdict_cells(row: "pd.Series[Any]") -> tuple[Cell, ...]:
    """Verdict, effect with interval, margin, seeds of one row of ``claims.csv``."""
    identity = row["kind"] == "identity"
    unit = "" if str(row["unit"]) == "1" else f" {row['unit']}"
    effect, low, high, margin = (_number(row[c]) for c in ("effect", "low", "high", "margin"))
    text = numbers.significant(effect) if identity else numbers.interval(effect, low, high)
    return (
        Cell(str(row["verdict"]), badge=str(row["verdict"]), note=_partly(row)),
        Cell(str(row["dataset"]), note=str(row["comparison"] or "")),
        Cell(f"{text}{unit}", note="disagreement" if identity else "", number=True),
        Cell(numbers.significant(margin), note="tolerance" if identity else "margin", number=True),
        Cell("exact" if identity else str(int(_number(row["n_seeds"]) or 0)), number=True),
    )


def _partly(row: "pd.Series[Any]") -> str:
    """What a row does without, in a report of a run that failed; see ``triptych.thinned``."""
    return str(row.get("partly", ""))


VERDICT_COLUMNS = ("verdict", "data", "effect [95 % interval]", "against", "seeds")


def verdict_table(view: ClaimView) -> Table:
    """All verdicts of one claim."""
    rows = tuple(verdict_cells(row) for _, row in view.rows.iterrows())
    return Table(f"Verdicts on {view.id}", VERDICT_COLUMNS, rows)


def ledger(views: Iterable[ClaimView], panel: str) -> Table:
    """The overview of one panel's claims, measured ones first.

    A claim with many verdicts is summed up per data set.
    """
    rows: list[tuple[Cell, ...]] = []
    own = [view for view in views if view.panel == panel]
    for view in sorted(own, key=lambda view: (not view.measured, view.id)):
        link = f"{panel}.html#{view.anchor}"
        head = (Cell(view.id, note=f"deck {view.deck}", link=link), Cell(view.statement))
        if not view.measured:
            empty = (Cell(numbers.MISSING, number=True),) * 3
            verdict = Cell("not measured", badge="not measured", note=view.partly)
            rows.append((*head, verdict, Cell(""), *empty))
            continue
        lines = (
            [verdict_cells(row) for _, row in view.rows.iterrows()]
            if len(view.rows) <= MOST
            else [cells for _, group in view.rows.groupby("dataset") for cells in _summed(group)]
        )
        again = (Cell("", note=""), Cell(""))
        rows += [(*(head if i == 0 else again), *line) for i, line in enumerate(lines)]
    return Table(
        f"Claims of the {panel} panel", ("claim", "statement", *VERDICT_COLUMNS), tuple(rows)
    )


def _summed(rows: pd.DataFrame) -> list[tuple[Cell, ...]]:
    """One line per verdict on one data set: how many comparisons, the range of their effects."""
    lines = []
    for verdict in VERDICTS:
        group = rows[rows["verdict"] == verdict]
        if len(group) == 1:
            lines.append(verdict_cells(group.iloc[0]))
        elif len(group):
            lines.append(_range(verdict, group, len(rows)))
    return lines


def _range(verdict: str, group: pd.DataFrame, of: int) -> tuple[Cell, ...]:
    effects, units = group["effect"].astype(float), sorted(set(group["unit"].astype(str)))
    seeds = sorted({int(n) for n in group["n_seeds"]} - {0})
    spread = f"{numbers.significant(effects.min())} to {numbers.significant(effects.max())}"
    unit = "" if units == ["1"] else f" {units[0]}"
    return (
        Cell(verdict, badge=verdict, note=_together(group)),
        Cell(str(group["dataset"].iloc[0]), note=f"{len(group)} of {of} comparisons"),
        Cell(f"{spread}{unit}" if len(units) == 1 else "several units", note="range", number=True),
        Cell(numbers.MISSING, number=True),
        Cell(
            "–".join(str(n) for n in dict.fromkeys([*seeds[:1], *seeds[-1:]])) or "exact",
            number=True,
        ),
    )


def _together(group: pd.DataFrame) -> str:
    """What is said on several rows that are one line here."""
    said = sorted({_partly(row) for _, row in group.iterrows()} - {""})
    return said[0] if len(said) == 1 else "partly measured: see the rows" if said else ""


def _number(value: object) -> float | None:
    if value is None or value == "":
        return None
    number = float(str(value))
    return None if math.isnan(number) else number
