"""What the claims lose where jobs are missing, said on every row that is affected.

A claim is a function of the table of records and does not say which of them it reads. It is
therefore asked again with stand-ins for the records of the missing jobs: an effect that it has only
then is missing now, and an effect that moves is measured on less than it should be.
"""

import csv
import io
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from triptych import records
from triptych.claims import evaluate
from triptych.claims.base import Claim, Identity, Statistical
from triptych.errors import UserError
from triptych.files import write_text

COLUMN = "partly"  # of the partial report's claims.csv alone
# As measured elsewhere, and far below and above all that is: even the best of several then moves.
FACTORS = (1.0, 1e-3, 1e3)
NAMED = 4  # missing jobs that a row names
APART = 20  # missing pairs of entry and data set that are told apart; of more, entries are
SAME = ["panel", "dataset", "model", "seed", "split", "metric", "protocol"]

Key = tuple[str, str, str]  # data set, comparison, unit
Effects = dict[Key, str]


@dataclass(frozen=True)
class Absent:
    """A job of the plan that left no numbers.

    Attributes:
        panel: Panel.
        model: Entry in ``params.yaml``.
        kind: Its model file.
        dataset: Catalogue name.
        seeds: Its seeds.
        tables: Tables that an earlier run left of it: they show which numbers it makes.
    """

    panel: str
    model: str
    kind: str
    dataset: str
    seeds: tuple[int, ...]
    tables: tuple[Path, ...] = ()


def mark(
    path: Path,
    claims: Sequence[Claim],
    table: pd.DataFrame,
    absent: Sequence[Absent],
    unchecked: Iterable[str] = (),
    kinds: Mapping[str, str] | None = None,
) -> None:
    """Add a column to ``claims.csv`` that says on each row what it does without.

    Args:
        path: The file, as ``triptych.claims.evaluate`` writes it.
        claims: Those that it shows.
        table: The records behind it.
        absent: Jobs that are missing.
        unchecked: Panels whose identities were not checked.
        kinds: Entry -> model file, of the jobs that are there.
    """
    standing = _stand_ins(table, absent, kinds or {})
    losses = [_loss(claim, table, standing) for claim in claims if isinstance(claim, Statistical)]
    dropped = {c.id for c in claims if isinstance(c, Identity) and c.panel in set(unchecked)}
    with path.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    for name in {row["id"] for row in rows}:
        own = [row for row in rows if row["id"] == name]
        _mark(own, [loss for loss in losses if loss.claim == name], name in dropped)
    text = io.StringIO()
    writer = csv.DictWriter(text, [*evaluate.COLUMNS, COLUMN], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_text(path, text.getvalue())


@dataclass(frozen=True)
class _Loss:
    """What one part of a claim loses: effects that are there but move, and those that are not.

    Both by effect, with the names of the missing jobs that they need.
    """

    claim: str
    moved: Mapping[Key, tuple[str, ...]]
    lost: Mapping[Key, tuple[str, ...]]


def _mark(rows: Sequence[dict[str, str]], losses: Sequence[_Loss], unchecked: bool) -> None:
    """Write on each row of one claim what it, or the claim, does without."""
    measured = sum(row["verdict"] != "not measured" for row in rows)
    lost = [names for loss in losses for names in loss.lost.values()]
    whose = _names([*dict.fromkeys(name for names in lost for name in names)])
    for row in rows:
        key = row["dataset"], row["comparison"], row["unit"]
        said = [
            f"partly measured: without {_names(x.moved[key])}" for x in losses if key in x.moved
        ]
        if lost and row["verdict"] == "not measured":
            said.append(f"not measured without {whose}")
        elif lost:
            of = measured + len(lost)
            said.append(f"{measured} of {of} comparisons, without those of {whose}")
        if unchecked:
            said.append("its identities are not checked")
        row[COLUMN] = "; ".join(said)


def _names(names: Sequence[str]) -> str:
    rest = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {rest} more" if rest > 0 else "")


def _loss(claim: Statistical, table: pd.DataFrame, standing: pd.DataFrame) -> _Loss:
    """Ask a claim with and without the stand-ins, and then without those of each missing entry."""
    own = standing[standing["panel"] == claim.panel]
    if own.empty:
        return _Loss(claim.id, {}, {})
    table = table[table["panel"] == claim.panel]  # others it does not read, and asking takes long
    now, whole = _effects(claim, table), _whole(claim, table, own)
    affected = {key for key in whole if whole[key] != (now.get(key),) * len(FACTORS)}
    owners: dict[Key, list[str]] = {key: [] for key in sorted(affected)}
    for name, rows in own.groupby("absent", sort=False) if affected else ():
        less = _whole(claim, table, own.drop(index=rows.index))
        for key in affected:
            if less.get(key) != whole.get(key):
                owners[key].append(str(name))
    everyone = tuple(str(name) for name in own["absent"].unique())
    moved = {key: tuple(owners[key]) or everyone for key in owners if key in now}
    lost = {key: tuple(owners[key]) or everyone for key in owners if key not in now}
    # An effect that is named after all that it compares has another name where more is compared.
    for key in sorted(now.keys() - whole.keys()):
        others = [other for other in lost if other[0] == key[0]]
        moved[key] = next((lost.pop(other) for other in others), everyone)
    return _Loss(claim.id, moved, lost)


def _whole(
    claim: Statistical, table: pd.DataFrame, standing: pd.DataFrame
) -> dict[Key, tuple[str | None, ...]]:
    """Every effect with stand-ins of middling, low and high values."""
    answers = []
    for factor in FACTORS:
        rows = standing.drop(columns="absent")
        counts = rows["metric"].str.startswith("n_")  # sizes of parts: the same for every model
        rows = rows.assign(value=rows["value"].where(counts, rows["value"] * factor))
        answers.append(_effects(claim, pd.concat([table, rows], ignore_index=True)))
    keys = dict.fromkeys(key for effects in answers for key in effects)
    return {key: tuple(effects.get(key) for effects in answers) for key in keys}


def _effects(claim: Statistical, table: pd.DataFrame) -> Effects:
    """The values of every effect; those of a claim that stand-ins confuse are none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # logarithms of stand-ins mean nothing, nor should they
            found = claim.effects(table)
    except (ValueError, KeyError, IndexError, ArithmeticError):
        return {}
    return {(e.dataset, e.comparison, e.unit): repr(sorted(e.values.items())) for e in found}


def _stand_ins(
    table: pd.DataFrame, absent: Sequence[Absent], kinds: Mapping[str, str]
) -> pd.DataFrame:
    """Records of the names that the missing jobs would have made, and whose they are."""
    pairs = {(job.model, job.dataset) for job in absent}
    frames = []
    for job in absent:
        rows = _pattern(table, job, kinds)
        fixed = rows["seed"] == records.ALL_SEEDS
        copies = [rows[~fixed].assign(seed=seed) for seed in job.seeds]
        new = pd.concat([*copies, rows[fixed]], ignore_index=True)
        label = f"{job.model} on {job.dataset}" if len(pairs) <= APART else job.model
        frames.append(new.assign(model=job.model, dataset=job.dataset, absent=label))
    if not frames:
        return table.head(0).assign(absent="")
    standing = pd.concat(frames, ignore_index=True)
    standing = standing.merge(table[SAME].drop_duplicates(), "left", SAME, indicator="twice")
    standing = standing[standing["twice"] == "left_only"].drop(columns="twice")
    return standing.drop_duplicates(SAME).reset_index(drop=True)


def _pattern(table: pd.DataFrame, job: Absent, kinds: Mapping[str, str]) -> pd.DataFrame:
    """The numbers of one seed that a job makes, as far as earlier or related ones tell.

    First what an earlier run left of it, then the same entry with other seeds or on another data
    set, then entries of the same model file, last everything that is measured on its data set.
    """
    left = [_read(path) for path in job.tables]
    earlier = pd.concat(left, ignore_index=True) if left else table.head(0)
    panel = table[table["panel"] == job.panel]
    here = panel["dataset"] == job.dataset
    own = panel["model"] == job.model
    related = panel["model"].map(lambda name: kinds.get(name) == job.kind)
    for rows in (earlier, panel[own & here], panel[own], panel[related & here], panel[related]):
        if len(rows):
            first = rows["dataset"].iloc[0], rows["model"].iloc[0]
            rows = rows[(rows["dataset"] == first[0]) & (rows["model"] == first[1])]
            break
    else:
        rows = panel[here] if here.any() else panel
    once = rows.drop_duplicates(["split", "metric", "protocol"] if len(earlier) else _NUMBER)
    # How a number is measured on this data set, where it is known: claims compare like with like.
    known = panel[here].drop_duplicates(_NUMBER).set_index(_NUMBER)["protocol"]
    names = pd.MultiIndex.from_frame(once[_NUMBER])
    protocols = pd.Series(known.reindex(names).to_numpy(), index=once.index)
    return once.assign(panel=job.panel, protocol=protocols.fillna(once["protocol"]))


_NUMBER = ["split", "metric"]


def _read(path: Path) -> pd.DataFrame:
    """A table that an earlier run left; empty where it left none that can be read."""
    try:
        return evaluate.read_tables(path)
    except (UserError, OSError):
        return evaluate.read_tables()
