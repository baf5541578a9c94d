"""Whether raw files on disk are the ones that the catalogue describes."""

import hashlib
import logging
from pathlib import Path
from typing import TypeAlias

from triptych.data.catalogue import DataSet, File
from triptych.errors import UserError
from triptych.files import read_json, sha256_file

log = logging.getLogger(__name__)

Digests: TypeAlias = dict[str, dict[str, str | int]]


def fault(path: Path, file: File) -> str | None:
    """What is wrong with a file, as expected and found, or None if it is intact."""
    if not path.is_file():
        return "missing"
    if (size := path.stat().st_size) != file.bytes:
        return f"expected {file.bytes} bytes, found {size}"
    if file.sha256 is not None and (found := sha256_file(path)) != file.sha256:
        return f"expected sha256 {file.sha256}, found {found}"
    if file.sha256 is None and file.md5 is not None and (found := md5_file(path)) != file.md5:
        return f"expected md5 {file.md5}, found {found}"
    return None


def md5_file(path: Path) -> str:
    """Hexadecimal MD5 of a file: guards against damage where no better digest is published."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def intact(dataset: DataSet, folder: Path) -> Digests:
    """The digests of the files that are there and intact.

    A damaged file is put aside as ``<file>.damaged``, so that it is never used, and named in a
    warning.
    """
    found: Digests = {}
    for file in dataset.files:
        path = folder / file.name
        problem = fault(path, file)
        if problem is None:
            found[file.name] = {"sha256": sha256_file(path), "bytes": file.bytes}
        elif path.exists():
            aside = path.with_name(f"{file.name}.damaged")
            path.replace(aside)
            log.warning("%s: %s; put aside as %s", path, problem, aside.name)
    return found


def check(dataset: DataSet, folder: Path) -> Digests:
    """Verify a folder of raw files against the catalogue and its own manifest, offline.

    Returns:
        The content of the manifest: ``{file: {"sha256": ..., "bytes": ...}}``.

    Raises:
        UserError: A file is missing or damaged.
    """
    if not dataset.files:
        return {}
    remedy = f"run 'triptych fetch {dataset.name}'"
    manifest = folder / "manifest.json"
    if not manifest.exists():
        raise UserError(f"{folder}: expected the raw files of {dataset.name}, found none; {remedy}")
    recorded: Digests = read_json(manifest)
    for file in dataset.files:
        path = folder / file.name
        problem = fault(path, file)
        digest = recorded.get(file.name, {}).get("sha256")
        if problem is None and digest != (found := sha256_file(path)):
            problem = f"expected sha256 {digest} from {manifest.name}, found {found}"
        if problem is not None:
            raise UserError(f"{path}: {problem}; {remedy}")
    return recorded


def recorded_sha256(folder: Path, name: str) -> str:
    """The digest that ``folder/manifest.json`` records for a raw file.

    Raises:
        UserError: There is no manifest or no such entry.
    """
    entry = read_json(folder / "manifest.json").get(name)
    if not isinstance(entry, dict) or not isinstance(entry.get("sha256"), str):
        raise UserError(
            f"{folder / 'manifest.json'}: expected the digest of {name}, found none; fetch it again"
        )
    return str(entry["sha256"])
