"""The one row format of every number.

A record is one measured number with what it means nothing without. Everything in the reports is
computed from records by pure functions; nothing else carries numbers from a job to a page.
"""

import csv
import gzip
import io
import math
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal, get_args

from triptych.errors import UserError, shown
from triptych.files import write_bytes

Kind = Literal["exact", "lower bound", "upper bound", "estimate"]
LIMIT = 1 << 29  # bytes of a table, unpacked; all three panels make some ten million
HELD_OUT = "validation kind, in no mean over kinds"  # in the protocol of its records
ALL_SEEDS = -1  # the seed of a number that no seed moves (an identity, a data set's own property)


@dataclass(frozen=True, order=True)
class Record:
    """One number.

    Attributes:
        panel: generative, graphs or uncertainty.
        task: What the model was asked to do, for example "density" or "node classification".
        dataset: Name in the catalogue.
        model: The entry's name in ``params.yaml``.
        seed: The seed that fixed split and training, or ``ALL_SEEDS``.
        split: train, validation or test; a corrupted test set is "test+<kind>@<severity>", any
            other shifted one "test:<set>" or "test:<set>@<variant>".
        metric: Name of the measure; a named variant follows a slash ("probe_accuracy/code=8").
        value: The number; nan where a job diverged.
        unit: "bits/dim", "fraction", "nats", "1" ...
        kind: exact, lower bound, upper bound or estimate.
        n: How many examples (or samples) the number is an average over.
        protocol: What the number means nothing without: extractor, sample count, σ₁ choice,
            clipping, EMA, bins, split rule.
    """

    panel: str
    task: str
    dataset: str
    model: str
    seed: int
    split: str
    metric: str
    value: float
    unit: str
    kind: Kind
    n: int
    protocol: str

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise ValueError(f"record kind: expected one of {get_args(Kind)}, found {self.kind!r}")


COLUMNS = tuple(field.name for field in fields(Record))


def shifted(kind: str, severity: int) -> str:
    """The split name of a shifted test set; severity 0 is the clean one.

    Example:
        >>> shifted("rotate", 3), shifted("rotate", 0)
        ('test+rotate@3', 'test')
    """
    return f"test+{kind}@{severity}" if severity else "test"


def named(name: str, variant: str = "") -> str:
    """The split name of a shifted test set that is no corruption.

    Example:
        >>> named("photographs"), named("strokes", "1")
        ('test:photographs', 'test:strokes@1')
    """
    return f"test:{name}@{variant}" if variant else f"test:{name}"


def to_csv(records: Iterable[Record]) -> str:
    """Records as CSV text: sorted, shortest exact floats: equal numbers give equal bytes."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    for record in sorted(records, key=_sort_key):
        row = vars(record) | {"value": repr(float(record.value))}
        writer.writerow([row[column] for column in COLUMNS])
    return stream.getvalue()


def write(path: Path | str, records: Sequence[Record]) -> None:
    """Write records atomically as CSV; two rows may not claim to be the same number.

    A path that ends in ".gz" is compressed; equal numbers give equal bytes there, too.

    Raises:
        ValueError: Two records agree in everything but value and protocol.
    """
    seen: set[tuple[object, ...]] = set()
    for record in records:
        key = _identity(record)
        if key in seen:
            raise ValueError(f"two records for the same number: {key}")
        seen.add(key)
    content = to_csv(records).encode()
    write_bytes(path, gzip.compress(content, mtime=0) if _compressed(path) else content)


def read(path: Path | str) -> list[Record]:
    """Read records written by :func:`write`.

    Raises:
        UserError: The file is missing, is no CSV, has other columns or a damaged row.
    """
    path = Path(path)
    if not path.is_file():
        raise UserError(f"{path}: expected a records file, found none; run the job that makes it")
    reader = csv.DictReader(io.StringIO(_text(path), newline=""), strict=True)
    try:
        columns = tuple(reader.fieldnames or ())
        if columns != COLUMNS:
            raise UserError(
                f"{path}: expected the columns {', '.join(COLUMNS)}, found "
                f"{shown(', '.join(columns)) if columns else 'an empty file'}; delete it and rerun"
            )
        return [_from_row(row) for row in reader]
    except (TypeError, ValueError, csv.Error) as error:
        raise UserError(
            f"{path}, line {reader.line_num}: expected a complete record, found a damaged row "
            f"({error}); delete the file and run its job"
        ) from None


def _compressed(path: Path | str) -> bool:
    return Path(path).suffix == ".gz"


def _text(path: Path) -> str:
    """The file's text, unpacked.

    Raises:
        UserError: Its bytes are no such text.
    """
    try:
        with (gzip.open if _compressed(path) else open)(path, "rb") as stream:
            content = stream.read(LIMIT + 1)
        if len(content) > LIMIT:
            raise UserError(f"{path}: expected at most {LIMIT} bytes of records, found more")
        return str(content, "utf-8")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise UserError(
            f"{path}: expected records as CSV text, found other bytes ({error}); delete the file "
            "and run its job"
        ) from None


def _from_row(row: dict[str, Any]) -> Record:
    if None in row or None in row.values():
        raise ValueError(f"expected {len(COLUMNS)} values")
    numbers = {"seed": int(row["seed"]), "value": float(row["value"]), "n": int(row["n"])}
    return Record(**(row | numbers))


def _identity(record: Record) -> tuple[object, ...]:
    return (
        record.panel, record.task, record.dataset, record.model, record.seed, record.split,
        record.metric, record.kind,
    )  # fmt: skip


def _sort_key(record: Record) -> tuple[object, ...]:
    value = record.value if not math.isnan(record.value) else math.inf
    return (*_identity(record), value)
