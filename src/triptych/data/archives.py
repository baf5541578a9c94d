"""Unpacking: only the members asked for, only regular files, only up to their known size."""

import gzip
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from triptych.errors import UserError
from triptych.files import atomic_path

BLOCK = 1 << 20
# A tar is read from its start: give up on one that unpacks to more than this before the members.
SCAN_LIMIT = 4 << 30


class Readable(Protocol):
    """An open stream of bytes."""

    def read(self, size: int, /) -> bytes:
        """At most ``size`` bytes; none at the end."""


def unpack(archive: Path, wanted: Mapping[str, tuple[Path, int]]) -> None:
    """Write members of a zip or tar, gzipped or not, to given paths, each atomically.

    A member's own path never decides where anything is written.

    Args:
        archive: The archive; its kind is told from its content.
        wanted: For each member, the file to write and the most bytes that it may have.

    Raises:
        UserError: The archive is damaged, a member is missing, is not a regular file (a link, a
            folder, a device), is there twice (zip), or is larger than allowed.
    """
    try:
        if zipfile.is_zipfile(archive):
            _unpack_zip(archive, wanted)
        elif tarfile.is_tarfile(archive):
            _unpack_tar(archive, wanted)
        else:
            raise UserError(f"{archive}: expected a zip or tar.gz, found neither; delete it")
    except UserError:
        raise
    except Exception as error:  # a damaged archive can raise anything
        raise UserError(f"{archive}: damaged archive ({error}); delete it and try again") from None


def bounded_copy(source: Readable, target: Path, limit: int, what: str) -> None:
    """Copy a stream to a file.

    Raises:
        UserError: The stream has more than ``limit`` bytes, whatever its header says.
    """
    with target.open("wb") as out:
        room = limit
        while block := source.read(min(BLOCK, room + 1)):
            room -= len(block)
            if room < 0:
                raise UserError(f"{what}: expected at most {limit} bytes, found more")
            out.write(block)


def _unpack_zip(archive: Path, wanted: Mapping[str, tuple[Path, int]]) -> None:
    with zipfile.ZipFile(archive) as opened:
        entries = opened.infolist()
        for member, (target, limit) in wanted.items():
            what = f"{archive.name}: member {member}"
            found = [entry for entry in entries if entry.filename == member]
            if len(found) != 1:
                raise UserError(f"{what}: expected once, found {len(found)} times")
            mode = found[0].external_attr >> 16
            # Some archivers store no file type at all; 0 is then a regular file.
            if found[0].is_dir() or stat.S_IFMT(mode) not in (0, stat.S_IFREG):
                raise UserError(f"{what}: expected a regular file, found a link or a folder")
            if found[0].flag_bits & 1:
                raise UserError(f"{what}: expected a plain member, found an encrypted one")
            with opened.open(found[0]) as source, atomic_path(target) as part:
                bounded_copy(source, part, limit, what)


def _unpack_tar(archive: Path, wanted: Mapping[str, tuple[Path, int]]) -> None:
    left = dict(wanted)
    scanned = 0
    with tarfile.open(archive, "r:*") as opened:
        for entry in opened:
            scanned += entry.size
            if entry.size < 0:  # would send the scan backwards, for ever
                raise UserError(f"{archive.name}: expected sizes of members, found {entry.size}")
            if scanned > SCAN_LIMIT:
                raise UserError(f"{archive.name}: unpacks to more than {SCAN_LIMIT} bytes")
            if entry.name not in left:
                continue
            target, limit = left.pop(entry.name)
            what = f"{archive.name}: member {entry.name}"
            # isreg is false for links, folders and devices; a link is never followed.
            source = opened.extractfile(entry) if entry.isreg() else None
            if source is None:
                raise UserError(f"{what}: expected a regular file, found a link or a folder")
            with source, atomic_path(target) as part:
                bounded_copy(source, part, limit, what)
            if not left:
                return
    raise UserError(f"{archive.name}: no member called {', '.join(sorted(left))}")


def gunzip(source: Path, target: Path, limit: int) -> None:
    """Unpack a gzipped file.

    Raises:
        UserError: It is damaged, cut short, or larger than ``limit`` bytes when unpacked.
    """
    try:
        with gzip.open(source, "rb") as stream:
            bounded_copy(stream, target, limit, source.name)
    except (OSError, EOFError, zlib.error) as error:
        raise UserError(f"{source}: expected a whole gzip file ({error}); delete it") from None


def copy(source: Path, target: Path, limit: int) -> None:
    """Copy a file of at most ``limit`` bytes."""
    if source.stat().st_size > limit:
        raise UserError(f"{source}: expected at most {limit} bytes, found {source.stat().st_size}")
    shutil.copyfile(source, target)
