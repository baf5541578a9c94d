"""The verb ``verify``: are these the reference numbers, and do they come from what is here now?"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from triptych import comparison, provenance, records
from triptych.comparison import Comparison, Moved, Named
from triptych.errors import UserError
from triptych.files import read_json, write_bytes, write_json
from triptych.provenance import Finding, Platform, Provenance

REFERENCE = "records.csv.gz"  # of the pocket scale 15 MB of text, 0.8 MB packed: git keeps each one
LISTED = 40  # entries printed of each list; the rest is counted


@dataclass(frozen=True)
class Verification:
    """Outcome of both halves.

    Attributes:
        comparison: Fresh numbers against the reference.
        provenance: Results against parameters, code and inputs.
        differences: In what the platforms differ ("torch: 2.13.0, reference 2.12.0"); empty where
            the fresh records were made on the platform of the reference.
    """

    comparison: Comparison
    provenance: Provenance
    differences: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Both halves did."""
        return self.comparison.passed and self.provenance.passed


def run(
    reports: Path = Path("reports"),
    results: Path = Path("results"),
    reference: Path | None = None,
    update: bool = False,
) -> int:
    """Verify, print what was found, and say by the exit status whether all is well.

    Args:
        reports: Folder of the fresh ``records.csv``.
        results: Folder whose ``run.json`` files are checked.
        reference: Folder of the reference ``records.csv.gz`` and ``platform.json``; by default
            ``reference`` below ``reports``.
        update: Replace the reference by the fresh records instead of comparing.

    Returns:
        0 if nothing moved and nothing is stale, 1 otherwise.

    Raises:
        UserError: A table is missing or damaged, or ``update`` is refused.
    """
    reference = reference if reference is not None else reports / "reference"
    if update:
        count = write_reference(reports, results, reference)
        print(f"verify: {count} reference records written to {reference}")
        return 0
    outcome = verify(reports, results, reference)
    for line in describe(outcome):
        print(line)
    return 0 if outcome.passed else 1


def verify(reports: Path, results: Path, reference: Path) -> Verification:
    """Compare the records and check the results; see :func:`run`."""
    if not (reference / REFERENCE).exists():
        raise UserError(
            f"{reference}/{REFERENCE}: expected the reference records, found none; get them from "
            "the repository, or make them from trusted results with `triptych verify --update`"
        )
    fresh = comparison.essential(records.read(reports / "records.csv"))
    trusted = records.read(reference / REFERENCE)
    found = provenance.check(results)
    made_on: Platform = read_json(reference / "platform.json")
    different = tuple(platform_differences(found.platforms, made_on))
    return Verification(comparison.compare(fresh, trusted, bitwise=not different), found, different)


def write_reference(reports: Path, results: Path, reference: Path) -> int:
    """Make the fresh records the reference.

    Returns:
        How many records it holds.

    Raises:
        UserError: The results do not fit what is here now, or come from several platforms.
    """
    fresh = comparison.essential(records.read(reports / "records.csv"))
    found = provenance.check(results)
    if not found.passed:
        first = _finding(found.mismatches[0]) if found.mismatches else "no run.json found"
        raise UserError(
            f"verify --update: expected results made from the present parameters, code and inputs, "
            f"found {len(found.mismatches)} mismatches below {results} (first: {first}); "
            "run the pipeline first"
        )
    if len(found.platforms) != 1:
        named = "; ".join(_differing(found.platforms))
        raise UserError(
            f"verify --update: expected results of one platform, found {len(found.platforms)} "
            f"({named}); compute all of them on one machine"
        )
    records.write(reference / REFERENCE, fresh)
    write_json(reference / "platform.json", found.platforms[0])
    if (reports / "claims.csv").exists():  # for readers of the repository; nothing compares it
        write_bytes(reference / "claims.csv", (reports / "claims.csv").read_bytes())
    return len(fresh)


def platform_differences(found: Sequence[Platform], reference: Platform) -> Iterator[str]:
    """In what the platforms of the fresh results differ from that of the reference.

    Where nothing is known (no result, a processor without a name) equality cannot be claimed, which
    counts as a difference.
    """
    if not found:
        yield "no run.json says where the fresh records were made"
    for key in sorted({key for platform in [*found, reference] for key in platform}):
        values = {platform.get(key, "unknown") for platform in found}
        expected = reference.get(key, "unknown")
        if (values != {expected} and found) or expected == "unknown":
            yield f"{key}: {', '.join(sorted(values))}, reference {expected}"


def _differing(platforms: Sequence[Platform]) -> Iterator[str]:
    for key in platforms[0] if platforms else ():
        values = sorted({platform.get(key, "unknown") for platform in platforms})
        if len(values) > 1:
            yield f"{key}: {', '.join(values)}"


def describe(outcome: Verification) -> list[str]:
    """The outcome as lines of text, the verdict last."""
    numbers, results = outcome.comparison, outcome.provenance
    lines: list[str] = []
    if outcome.differences:
        lines += _section("Platform differs, so numbers may differ too", outcome.differences)
    lines += _section("Moved", map(_moved, numbers.moved))
    lines += _section("Missing", map(_named, numbers.missing))
    lines += _section("Changed in meaning", map(_named, numbers.redefined))
    lines += _section("New", map(_named, numbers.new))
    lines += _section("No tolerance known", map(_named, numbers.unjudged))
    lines += _section("Results that do not fit", map(_finding, results.mismatches))
    lines += _section("Not checkable", _grouped(results.unchecked))
    return [*lines, _verdict(outcome)]


def _verdict(outcome: Verification) -> str:
    numbers, results = outcome.comparison, outcome.provenance
    rule = "bit for bit" if numbers.bitwise else "within the spread over seeds"
    if not results.jobs:
        made_from = "no run.json found: nothing says what the numbers were made from"
    else:
        made_from = (
            f"{results.jobs} results checked against parameters, code and inputs, "
            f"{len(results.mismatches)} do not fit, {len(results.unchecked)} not checkable"
        )
    return (
        f"verify: {'passed' if outcome.passed else 'FAILED'}: {numbers.compared} numbers compared "
        f"{rule}, {len(numbers.moved)} moved, {_rows(numbers.missing)} missing, "
        f"{_rows(numbers.redefined)} changed in meaning, {_rows(numbers.new)} new, "
        f"{_rows(numbers.unjudged)} without tolerance; {made_from}"
    )


def _rows(entries: Sequence[Named]) -> int:
    return sum(len(entry.seeds) for entry in entries)


def _section(title: str, entries: Iterable[str]) -> list[str]:
    listed = list(entries)
    if not listed:
        return []
    more = [f"  ... and {len(listed) - LISTED} more"] if len(listed) > LISTED else []
    return [f"{title}:", *(f"  {entry}" for entry in listed[:LISTED]), *more]


def _moved(entry: Moved) -> str:
    return (
        f"{entry.name}, {_seeds(entry.seeds)}: {entry.reference:.8g} -> {entry.found:.8g} "
        f"{entry.unit} (change {entry.change:+.3g}, allowed {entry.allowance:.3g})"
    )


def _named(entry: Named) -> str:
    return f"{entry.name}, {_seeds(entry.seeds)}: {entry.reason}"


def _seeds(seeds: Sequence[int]) -> str:
    if list(seeds) == [records.ALL_SEEDS]:
        return "no seed"
    return f"seed{'s' if len(seeds) > 1 else ''} {', '.join(map(str, seeds))}"


def _finding(entry: Finding) -> str:
    return f"{entry.job}: {entry.subject}: {entry.message}"


def _grouped(findings: Iterable[Finding]) -> Iterator[str]:
    """One line a file: many jobs share an input."""
    jobs: dict[tuple[str, str], list[str]] = {}
    for finding in findings:
        jobs.setdefault((finding.subject, finding.message), []).append(finding.job)
    for (subject, message), names in jobs.items():
        others = f" and {len(names) - 1} more" if len(names) > 1 else ""
        yield f"{subject}: {message} (wanted by {names[0]}{others})"
