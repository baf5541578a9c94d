"""From raw files to arrays that jobs read: one safetensors file and a manifest of digests."""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from triptych.data.catalogue import DataSet, get
from triptych.data.prepared import Prepared
from triptych.data.verify import check
from triptych.errors import UserError
from triptych.files import read_arrays, read_json, sha256_file, write_arrays, write_json

ARRAYS = "arrays.safetensors"
MANIFEST = "manifest.json"


def prepare(name: str, raw_root: Path, out: Path) -> Path:
    """Verify the raw files of a data set, read them, and write arrays and manifest.

    The same raw files give the same bytes.

    Args:
        name: A name in the catalogue.
        raw_root: The folder that ``fetch`` filled; not looked at for an embedded set.
        out: The folder to write ``arrays.safetensors`` and ``manifest.json`` to.

    Returns:
        The path of the manifest: ``dataset``, ``title``, ``kind``, ``arrays`` (sha256, and shape
        and type of each), ``meta``, ``licence``, ``homepage``, ``citation``, ``raw`` (digests),
        ``reader``, ``arguments``, ``split``.

    Raises:
        UserError: A raw file is missing or damaged, or is not what the reader expects.
    """
    dataset = get(name)
    return prepare_set(dataset, Path(raw_root), Path(out))


def prepare_set(dataset: DataSet, raw_root: Path, out: Path) -> Path:
    """As :func:`prepare`, for an entry that need not be in the catalogue."""
    raw = raw_root / dataset.name if dataset.files else None
    digests = check(dataset, raw) if raw is not None else {}
    prepared = read_raw(dataset, raw)
    write_arrays(out / ARRAYS, prepared.arrays)
    manifest = {
        "dataset": dataset.name,
        "title": dataset.title,
        "kind": dataset.kind,
        "arrays": {
            "sha256": sha256_file(out / ARRAYS),
            "contents": {
                key: {"shape": list(array.shape), "dtype": str(array.dtype)}
                for key, array in prepared.arrays.items()
            },
        },
        "meta": prepared.meta,
        "licence": dataset.licence,
        "homepage": dataset.homepage,
        "citation": dataset.citation,
        "raw": digests,
        "reader": dataset.reader,
        "arguments": dataset.arguments,
        "split": dataset.split.model_dump(exclude_none=True) if dataset.split else None,
    }
    write_json(out / MANIFEST, manifest)
    return out / MANIFEST


def read_raw(dataset: DataSet, raw: Path | None) -> Prepared:
    """What a data set's reader makes of its raw files.

    Raises:
        UserError: The files are not what the reader expects.
    """
    read = reader(dataset)
    try:
        return read(raw, **dataset.arguments)
    except UserError:
        raise
    except Exception as error:  # files of another layout can raise anything
        if raw is None:
            raise
        raise UserError(
            f"{raw}: expected files that {dataset.reader} can read, found others ({error!r}); "
            f"delete the folder and run 'triptych fetch {dataset.name}'"
        ) from error


def reader(dataset: DataSet) -> Callable[..., Prepared]:
    """The function that reads a data set.

    Raises:
        UserError: The catalogue names a function that does not exist.
    """
    module, function = dataset.reader.split(".")
    try:
        found: Any = getattr(import_module(f"triptych.data.{module}"), function)
    except (ModuleNotFoundError, AttributeError) as error:
        raise UserError(f"data set {dataset.name}: no reader {dataset.reader} ({error})") from None
    return found  # type: ignore[no-any-return]


def load(folder: Path) -> Prepared:
    """Read what :func:`prepare` wrote.

    Raises:
        UserError: A file is missing or damaged, or arrays and manifest do not belong together.
    """
    folder = Path(folder)
    manifest = read_json(folder / MANIFEST)
    path = folder / ARRAYS
    if not path.exists():
        raise UserError(f"{path}: expected the prepared arrays, found none; prepare the set again")
    expected, found = manifest["arrays"]["sha256"], sha256_file(path)
    if expected != found:
        raise UserError(
            f"{path}: expected sha256 {expected}, found {found}; delete the folder and prepare "
            "the set again"
        )
    return Prepared(read_arrays(path), manifest["meta"])
