"""A mirror: a folder or an address that holds copies of raw files, asked before anything else.

It may have a ``manifest.json`` that says where the copy of each canonical address lies,
``{group: {"files": [{"url", "path", "sha256", ...}]}}``; without an entry, the copy of a file is
looked for at ``<data set>/<file name>``. In both cases the copy may be gzipped (``.gz``).
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote, urlsplit

from triptych.data.archives import copy
from triptych.data.download import SourceError, download
from triptych.errors import UserError

VARIABLE = "TRIPTYCH_MIRROR"
INDEX_LIMIT = 16 << 20


@dataclass(frozen=True)
class Source:
    """A place where a file may be: a path or an address."""

    location: str
    compressed: bool = False

    @property
    def remote(self) -> bool:
        """Whether it is an address."""
        return is_address(self.location)

    def receive(self, part: Path, size: int | None, limit: int, progress: bool) -> None:
        """Bring the content, still compressed, to ``part``.

        Raises:
            SourceError: It is not there or not whole.
        """
        if self.remote:
            download(self.location, part, size=size, limit=limit, progress=progress)
            return
        try:
            copy(Path(self.location), part, limit)
        except FileNotFoundError:
            raise SourceError("not there") from None
        except (OSError, ValueError, UserError) as error:
            raise SourceError(str(error)) from None


@dataclass(frozen=True)
class Wanted:
    """What is asked of a mirror: the canonical address, the name, and what is known of it."""

    dataset: str
    name: str
    address: str
    sha256: str | None
    md5: str | None = None


@dataclass(frozen=True)
class Mirror:
    """A mirror and its index (entries of ``manifest.json``, if it has one)."""

    location: str
    index: tuple[dict[str, Any], ...]

    def sources(self, wanted: Wanted) -> Iterator[Source]:
        """Places where the mirror may hold a file, best first."""
        paths = [
            (str(entry["path"]), str(entry["path"]).endswith(".gz"))
            for entry in self.index
            if entry.get("url") == wanted.address and not _conflicts(entry, wanted)
        ]
        if not paths:
            conventional = f"{wanted.dataset}/{wanted.name}"
            paths = [(conventional, False), (f"{conventional}.gz", True)]
        for path, gz in paths:
            if PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts:
                continue  # a mirror's index must not point outside the mirror
            place = f"{self.location}/{quote(path) if is_address(self.location) else path}"
            yield Source(place, compressed=gz and not wanted.name.endswith(".gz"))


def is_address(location: str) -> bool:
    """Whether a location is an http(s) address rather than a folder."""
    return location.startswith(("http://", "https://"))


def choose(setting: str | None) -> str | None:
    """The mirror to use: the environment variable TRIPTYCH_MIRROR, else the given setting."""
    return os.environ.get(VARIABLE) or setting or None


def open_mirror(location: str, scratch: Path) -> Mirror:
    """Read a mirror's index, if it has one.

    Args:
        location: A folder or an http(s) address.
        scratch: A file that the index of a remote mirror may be received into.

    Raises:
        UserError: The location is neither an existing folder nor an http(s) address.
        SourceError: The address cannot be reached.
    """
    if is_address(location):
        location = location.rstrip("/")
        if not _host(location):
            raise UserError(f"mirror {location!r}: expected an address with a host, found none")
        scratch.unlink(missing_ok=True)
        try:
            download(f"{location}/manifest.json", scratch, size=None, limit=INDEX_LIMIT)
            content = scratch.read_bytes()
        except SourceError as error:
            if not str(error).startswith("HTTP 4"):  # an address without an index
                raise
            content = b"{}"
        finally:
            scratch.unlink(missing_ok=True)
    else:
        folder = Path(location).expanduser()
        if "://" in location or not folder.is_dir():
            raise UserError(
                f"mirror {location!r}: expected a folder or an http(s) address, found neither; "
                f"correct data.mirror in params.yaml or the variable {VARIABLE}"
            )
        location = str(folder)
        manifest = folder / "manifest.json"
        content = manifest.read_bytes() if manifest.is_file() else b"{}"
    return Mirror(location, tuple(_entries(content, location)))


def _host(location: str) -> str:
    try:
        return urlsplit(location).hostname or ""
    except ValueError:
        return ""


def _entries(content: bytes, location: str) -> Iterator[dict[str, Any]]:
    try:
        groups = json.loads(content)
        for group in groups.values():
            for entry in group.get("files", []) if isinstance(group, dict) else []:
                if isinstance(entry, dict) and {"url", "path"} <= entry.keys():
                    yield entry
    except (ValueError, RecursionError, AttributeError, TypeError) as error:
        raise UserError(
            f"mirror {location}: manifest.json is not an index of files ({error}); "
            "correct it or take it away"
        ) from None


def _conflicts(entry: dict[str, Any], wanted: Wanted) -> bool:
    """Whether an entry says that its content is another one, for example a part of the file."""
    pairs = [(entry.get("sha256"), wanted.sha256), (entry.get("md5"), wanted.md5)]
    return any(theirs is not None and ours not in (None, theirs) for theirs, ours in pairs)
