"""The verb ``claims``: from records and checks to one verdict per claim and data set."""

import csv
import io
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from triptych import records
from triptych.claims import ledger
from triptych.claims.base import Check, Claim, Effect, Identity, Statistical
from triptych.claims.files import modules as claim_modules
from triptych.claims.identities import read_checks
from triptych.claims.verdict import Verdict, interval_of, judge_check, judge_effect
from triptych.files import write_text
from triptych.registry import PANELS

COLUMNS = (
    "id", "panel", "dataset", "kind", "statement", "effect", "low", "high", "margin", "unit",
    "n_seeds", "verdict", "evidence", "comparison",
)  # fmt: skip
EFFECT_COLUMNS = ("id", "panel", "dataset", "comparison", "unit", "margin", "seed", "value")


@dataclass(frozen=True)
class Row:
    """One line of ``claims.csv``; a number that does not exist is None."""

    id: str
    panel: str
    dataset: str
    kind: str
    statement: str
    effect: float | None
    low: float | None
    high: float | None
    margin: float | None
    unit: str
    n_seeds: int
    verdict: Verdict
    evidence: str
    comparison: str


def modules() -> list[str]:
    """Entry modules of the verb: this one and every claim file."""
    return ["triptych.claims.evaluate", *(m for panel in PANELS for m in claim_modules(panel))]


def run(
    record_file: Path,
    timing_file: Path,
    check_files: Sequence[Path],
    out: Path,
    claims: Iterable[Claim] | None = None,
) -> None:
    """Judge every claim of the decks.

    Args:
        record_file: ``reports/records.csv``.
        timing_file: ``reports/timings.csv``: numbers in seconds, in the same format.
        check_files: ``results/identities/<panel>/checks.csv`` of every panel.
        out: ``reports/claims.csv``; the effect of every seed goes to ``effects.csv`` beside it.
        claims: Those to judge; by default all of the ledger.
    """
    table = read_tables(record_file, timing_file)
    claims = ledger.every_claim() if claims is None else list(claims)
    effects = [
        (claim, effect)
        for claim in claims
        if isinstance(claim, Statistical)
        for effect in claim.effects(table)
    ]
    checks = [row for path in check_files for row in read_checks(Path(path))]
    write_rows(Path(out), judge(claims, effects, checks))
    write_effects(Path(out).with_name("effects.csv"), effects)


def read_tables(*paths: Path) -> pd.DataFrame:
    """Record files as one table with the columns of a record."""
    rows = [record for path in paths for record in records.read(path)]
    return pd.DataFrame([vars(record) for record in rows], columns=list(records.COLUMNS))


def judge(
    claims: Iterable[Claim],
    effects: Sequence[tuple[Claim, Effect]],
    checks: Sequence[tuple[str, Check]],
) -> list[Row]:
    """A verdict per claim and effect or check; at least one row for every claim."""
    rows: list[Row] = []
    taken: set[str] = set()
    for claim in claims:
        found: list[Row] = []
        if isinstance(claim, Statistical):
            found = [_effect_row(claim, effect) for owner, effect in effects if owner is claim]
        elif isinstance(claim, Identity):
            if claim.id in taken:  # checks carry the id alone: the first part shows them all
                continue
            taken.add(claim.id)
            found = [_check_row(claim, check) for name, check in checks if name == claim.id]
        rows += found or [_empty_row(claim)]
    return sorted(set(rows), key=_order)


def _effect_row(claim: Claim, effect: Effect) -> Row:
    finite = {seed: value for seed, value in effect.values.items() if math.isfinite(value)}
    interval = interval_of(replace(effect, values=finite))  # a diverged seed has no effect
    return Row(
        *_head(claim, effect.dataset),
        effect=interval.mean if interval.n else None,
        low=interval.low if interval.n else None,
        high=interval.high if interval.n else None,
        margin=effect.margin + effect.floor,
        unit=effect.unit,
        n_seeds=interval.n,
        verdict=judge_effect(interval, effect.margin, effect.floor),
        evidence=evidence(claim),
        comparison=effect.comparison,
    )


def _check_row(claim: Claim, check: Check) -> Row:
    return Row(
        *_head(claim, check.dataset),
        effect=check.discrepancy,
        low=None,
        high=None,
        margin=check.tolerance,
        unit=check.unit,
        n_seeds=0,
        verdict=judge_check(check),
        evidence=evidence(claim),
        comparison=f"{check.comparison} ({check.n} cases)",
    )


def _empty_row(claim: Claim) -> Row:
    return Row(
        *_head(claim, ""),
        effect=None,
        low=None,
        high=None,
        margin=None,
        unit="",
        n_seeds=0,
        verdict="not measured",
        evidence=evidence(claim),
        comparison="",
    )


def _head(claim: Claim, dataset: str) -> tuple[str, str, str, str, str]:
    return claim.id, claim.panel, dataset, ledger.kind_of(claim), claim.statement


def evidence(claim: Claim) -> str:
    """Link to the section of the report that shows the measurement."""
    return f"{claim.panel}.html#{claim.id.lower()}"


def _order(row: Row) -> tuple[object, ...]:
    return row.id, row.kind != "statistical", row.dataset, _natural(row.comparison), row.unit


def _natural(text: str) -> list[tuple[int, str]]:
    """Sort key under which "code size 8" comes before "code size 16"."""
    pieces = re.split(r"(\d+)", text)
    return [(int(piece), "") if piece.isdigit() else (-1, piece) for piece in pieces]


def write_rows(path: Path, rows: Iterable[Row]) -> None:
    """Write verdicts atomically; equal verdicts give equal bytes."""
    _write(path, COLUMNS, ([_text(getattr(row, c)) for c in COLUMNS] for row in rows))


def write_effects(path: Path, effects: Iterable[tuple[Claim, Effect]]) -> None:
    """Write the effect of every seed, which the forest plots draw."""
    lines = [
        [
            claim.id, claim.panel, effect.dataset, effect.comparison, effect.unit, effect.margin,
            seed, value,
        ]
        for claim, effect in effects
        for seed, value in effect.values.items()
    ]  # fmt: skip
    lines.sort(key=lambda line: (line[0], line[2], _natural(str(line[3])), line[6]))
    _write(path, EFFECT_COLUMNS, ([_text(cell) for cell in line] for line in lines))


def _write(path: Path, columns: Sequence[str], lines: Iterable[Sequence[str]]) -> None:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(lines)
    write_text(path, stream.getvalue())


def _text(value: object) -> str:
    if value is None:
        return ""
    return repr(float(value)) if isinstance(value, float) else str(value)
