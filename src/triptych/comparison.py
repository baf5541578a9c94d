"""Fresh records against reference records: which numbers moved, by how much, beyond what allowance.

**On the platform that made the reference** (same processor model, library versions, threads and
device) every number must be equal to the last bit: all draws are seeded and all sums are ordered.

**Elsewhere** rounding differs, and training amplifies it: in the worst case a run of the same seed
on another machine is a fresh draw from the distribution over seeds. Let s be the standard deviation
of the n reference values of one number, and let m of its seeds be run again. Under that worst case,
for normal values, the two means over these m seeds differ with variance 2σ²/m, so that

    (mean(f) - mean(r)) / (s √(2/m))

has Student's t distribution with n - 1 degrees of freedom where m = n (s is independent of both
means). The allowance is its 99 % half-width plus rounding,

    t_{0.995, n-1} · s · √(2/m) + rounding,

and is generous: seeds also fix the split and the initialisation, which are the same on every
machine, so that s overstates what a platform can do. Even in the worst case one number in a hundred
lies outside by chance; a changed computation moves many, in one direction. Numbers outside are all
named, and the comparison fails when they are more than five times as many as chance accounts for:
the numbers of one model share its training, so that they do not scatter independently.

**Rounding** covers numbers that no seed moves: a sum of 10⁴ float32 terms has a relative error of
about √10⁴ ε = 1.2·10⁻⁵ (ε = 2⁻²³, random signs), a difference that vanishes leaves about ε itself,
and a fraction of n examples moves by 1/n when one of them lies on a boundary.
"""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from triptych.records import ALL_SEEDS, Record

LEVEL = 0.995  # one-sided; 99 % two-sided
RELATIVE = 1e-5
EPSILON = 2.0**-23
CHANCE = 5 * 2 * (1 - LEVEL)  # share of numbers that may lie outside on another platform

Row = tuple[str, str, str, str, str, str, str]  # what identifies a number apart from its seed


@dataclass(frozen=True)
class Moved:
    """A number outside its allowance.

    Attributes:
        name: Panel, data set, model, split and metric.
        seeds: Seeds whose mean is compared; a single one where rows are compared bit by bit.
        reference: Mean over these seeds in the reference.
        found: The same mean in the fresh records.
        allowance: Largest absolute difference that would have passed.
        unit: Unit of the three.
    """

    name: str
    seeds: tuple[int, ...]
    reference: float
    found: float
    allowance: float
    unit: str

    @property
    def change(self) -> float:
        """Found minus reference."""
        return self.found - self.reference

    @property
    def excess(self) -> float:
        """How many allowances the change is; infinite where none is allowed or it is not finite."""
        if self.allowance == 0 or not math.isfinite(self.change):
            return math.inf
        return abs(self.change) / self.allowance


@dataclass(frozen=True)
class Named:
    """Rows of one number that could not be compared.

    Attributes:
        name: Panel, data set, model, split and metric.
        seeds: Their seeds.
        reason: Why, in a few words.
    """

    name: str
    seeds: tuple[int, ...]
    reason: str


@dataclass(frozen=True)
class Comparison:
    """Outcome of comparing two tables of records.

    Attributes:
        bitwise: Whether equality was demanded (the platforms are the same).
        compared: Rows that both tables have and that were judged.
        numbers: Numbers that these rows are of, all seeds of one counting once.
        moved: Numbers outside their allowance, worst first.
        missing: Rows of the reference that the fresh records lack.
        new: Fresh rows that the reference lacks.
        redefined: Rows whose unit, count or protocol changed: not the same number any more.
        unjudged: Rows without a derivable tolerance (one seed only, on another platform).
    """

    bitwise: bool
    compared: int
    numbers: int
    moved: tuple[Moved, ...]
    missing: tuple[Named, ...]
    new: tuple[Named, ...]
    redefined: tuple[Named, ...]
    unjudged: tuple[Named, ...]

    @property
    def passed(self) -> bool:
        """Nothing vanished or changed its meaning, and no more moved than chance accounts for."""
        allowed = 0.0 if self.bitwise else CHANCE * self.numbers
        return len(self.moved) <= allowed and not (self.missing or self.redefined)


def essential(rows: Sequence[Record]) -> list[Record]:
    """The rows that a reference holds: all but those of single corruption kinds.

    Three rows in four are of one kind and severity; the mean over kinds, which is kept, moves
    whenever one of them does.
    """
    return [row for row in rows if "@" not in row.split or row.split.startswith("test+mean@")]


def compare(fresh: Sequence[Record], reference: Sequence[Record], bitwise: bool) -> Comparison:
    """Compare two tables of records.

    Args:
        fresh: What was computed now.
        reference: What it is compared with.
        bitwise: Demand equality to the last bit (same platform) instead of the allowance.
    """
    here, there = _by_number(fresh), _by_number(reference)
    moved: list[Moved] = []
    lists: dict[str, list[Named]] = {"missing": [], "new": [], "redefined": [], "unjudged": []}
    compared = numbers = 0
    for number in sorted(here.keys() | there.keys()):
        name, mine, theirs = _name(number), here.get(number, {}), there.get(number, {})
        _note(lists["missing"], name, theirs.keys() - mine.keys(), "not among the fresh records")
        _note(lists["new"], name, mine.keys() - theirs.keys(), "not in the reference")
        common = sorted(mine.keys() & theirs.keys())
        other = {seed for seed in common if _meaning(mine[seed]) != _meaning(theirs[seed])}
        _note(lists["redefined"], name, other, _difference(mine, theirs, other))
        same = [seed for seed in common if seed not in other]
        pairs = {seed: (mine[seed], theirs[seed]) for seed in same}
        if not bitwise and pairs and allowance(list(theirs.values())) is None:
            _note(lists["unjudged"], name, set(same), "one seed: its spread is unknown")
            continue
        compared += len(same)
        numbers += bool(same)
        moved += _moved_bits(name, pairs) if bitwise else _moved_means(name, pairs, theirs)
    return Comparison(
        bitwise,
        compared,
        numbers,
        tuple(sorted(moved, key=lambda m: (-m.excess, m.name, m.seeds))),
        **{key: tuple(value) for key, value in lists.items()},
    )


def allowance(reference: Sequence[Record], again: int | None = None) -> float | None:
    """How far the mean over the seeds of one number may lie from the reference elsewhere.

    Args:
        reference: The number's rows in the reference, one per seed.
        again: How many of these seeds were run again; default: all.

    Returns:
        The half-width of the module's docstring in the number's unit; None where a single seed that
        matters tells nothing about the spread.
    """
    values = [row.value for row in reference if math.isfinite(row.value)]
    if not values:
        return 0.0
    first = reference[0]
    rounding = RELATIVE * max(map(abs, values)) + EPSILON
    if first.unit == "fraction" and first.n > 0:
        rounding += 1 / min(row.n for row in reference)
    if len(values) > 1:
        from scipy.stats import t

        n = len(values)
        half_width = t.ppf(LEVEL, n - 1) * statistics.stdev(values) * math.sqrt(2 / (again or n))
        return float(half_width) + rounding
    seedless = first.seed == ALL_SEEDS or first.kind == "exact"
    return rounding if seedless else None


def _moved_bits(name: str, pairs: Mapping[int, tuple[Record, Record]]) -> list[Moved]:
    return [
        Moved(name, (seed,), old.value, new.value, 0.0, new.unit)
        for seed, (new, old) in pairs.items()
        if repr(new.value) != repr(old.value)
    ]


def _moved_means(
    name: str, pairs: Mapping[int, tuple[Record, Record]], theirs: Mapping[int, Record]
) -> list[Moved]:
    finite = {
        seed: (new, old)
        for seed, (new, old) in pairs.items()
        if math.isfinite(new.value) and math.isfinite(old.value)
    }
    # A number that became nan or infinite (or ceased to be) has no mean to compare.
    moved = _moved_bits(name, {seed: pairs[seed] for seed in pairs.keys() - finite.keys()})
    if not finite:
        return moved
    found = statistics.fmean(new.value for new, _ in finite.values())
    expected = statistics.fmean(old.value for _, old in finite.values())
    allowed = allowance(list(theirs.values()), len(finite))
    assert allowed is not None
    if abs(found - expected) > allowed:
        unit = next(iter(theirs.values())).unit
        moved.append(Moved(name, tuple(sorted(finite)), expected, found, allowed, unit))
    return moved


def _by_number(rows: Sequence[Record]) -> dict[Row, dict[int, Record]]:
    table: dict[Row, dict[int, Record]] = {}
    for row in rows:
        number = (
            row.panel, row.dataset, row.model, row.split, row.metric, row.kind, row.task,
        )  # fmt: skip
        table.setdefault(number, {})[row.seed] = row
    return table


def _name(number: Row) -> str:
    panel, dataset, model, split, metric, kind, task = number
    return f"{panel}/{dataset}/{model} {split} {metric} ({kind}, {task})"


def _meaning(row: Record) -> tuple[str, int, str]:
    return row.unit, row.n, row.protocol


def _difference(mine: Mapping[int, Record], theirs: Mapping[int, Record], seeds: set[int]) -> str:
    changes = {
        f"{field} {getattr(theirs[seed], field)!r} -> {getattr(mine[seed], field)!r}"
        for seed in seeds
        for field in ("unit", "n", "protocol")
        if getattr(theirs[seed], field) != getattr(mine[seed], field)
    }
    return "; ".join(sorted(changes))


def _note(notes: list[Named], name: str, seeds: set[int], reason: str) -> None:
    if seeds:
        notes.append(Named(name, tuple(sorted(seeds)), reason))
