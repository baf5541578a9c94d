"""Raw files: from a mirror or their canonical address, verified, into one folder per data set."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from filelock import FileLock

from triptych.data.archives import gunzip, unpack
from triptych.data.catalogue import Archive, DataSet, File, get
from triptych.data.download import SourceError, Unreachable
from triptych.data.mirrors import VARIABLE, Mirror, Source, Wanted, choose, open_mirror
from triptych.data.verify import fault, intact
from triptych.errors import UserError
from triptych.files import canonical_json, sha256_file, write_if_changed


def fetch(name: str, root: Path, mirror: str | None = None, progress: bool = True) -> Path:
    """Bring the raw files of a data set to ``root/<name>`` and verify every one.

    The mirror is asked first, then the canonical address. Files that are there and intact are
    left alone; damaged ones are put aside as ``<file>.damaged`` and fetched again. An embedded set
    has no files and gets an empty manifest. Two calls at once for one set take turns.

    Args:
        name: A name in the catalogue.
        root: The folder of all raw data.
        mirror: A folder or an http(s) address; the variable TRIPTYCH_MIRROR overrides it.
        progress: Show bars while downloading, if standard error is a terminal.

    Returns:
        The folder ``root/<name>``; its ``manifest.json`` maps each file to sha256 and bytes.

    Raises:
        UserError: A file could not be had from anywhere, with a line for each; or no such set.
    """
    return fetch_set(get(name), Path(root), mirror, progress)


def fetch_set(
    dataset: DataSet, root: Path, mirror: str | None = None, progress: bool = False
) -> Path:
    """As :func:`fetch`, for an entry that need not be in the catalogue."""
    folder = root / dataset.name
    folder.mkdir(parents=True, exist_ok=True)
    with _only_one(dataset.name, root):
        found = intact(dataset, folder)
        missing = [file for file in dataset.files if file.name not in found]
        if missing:
            parts = root / ".parts" / dataset.name
            _Fetcher(dataset, folder, parts, choose(mirror), progress).bring(missing)
            found = intact(dataset, folder)
        write_if_changed(folder / "manifest.json", canonical_json(found))
    return folder


@contextmanager
def _only_one(name: str, root: Path) -> Iterator[None]:
    locks = root / ".locks"
    locks.mkdir(parents=True, exist_ok=True)
    with FileLock(locks / f"{name}.lock"):
        yield


@dataclass
class _Fetcher:
    """One attempt to bring the missing files of one set; remembers which hosts are dead."""

    dataset: DataSet
    folder: Path
    parts: Path
    location: str | None
    progress: bool
    dead: dict[str, str] = field(default_factory=dict)

    def bring(self, missing: list[File]) -> None:
        """Bring all files, or raise one UserError that has a line for each that is missing."""
        self.parts.mkdir(parents=True, exist_ok=True)
        mirror, complaint = self._open_mirror()
        problems: dict[str, list[str]] = {}
        for file in missing:
            reasons = self._file(file, mirror)
            if reasons is not None:
                problems[file.name] = complaint + reasons
        members = [file for file in missing if file.member and file.name in problems]
        if members and self.dataset.archive is not None:
            reasons = self._members(self.dataset.archive, members, mirror)
            for file in members:
                problems.pop(file.name)
                if reasons is not None:
                    problems[file.name] = complaint + reasons
        if problems:
            raise UserError(self._explain(problems))

    def _open_mirror(self) -> tuple[Mirror | None, list[str]]:
        if self.location is None:
            return None, []
        try:
            return open_mirror(self.location, self.parts / "index.part"), []
        except SourceError as error:
            return None, [f"mirror {self.location}: {error}"]
        except UserError as error:
            return None, [str(error)]

    def _file(self, file: File, mirror: Mirror | None) -> list[str] | None:
        """Bring one file. Returns why every source failed, or None.

        A member of an archive is asked of the mirror only: it has no address of its own.
        """
        address = self.dataset.address(file)
        wanted = Wanted(self.dataset.name, file.name, address, file.sha256, file.md5)
        sources = list(mirror.sources(wanted)) if mirror else []
        if file.url is not None:
            sources.append(Source(file.url))
        part = self.parts / f"{file.sha256 or file.md5 or _key(address)}.part"

        def accept() -> None:
            if problem := fault(part, file):
                raise UserError(problem)
            part.replace(self.folder / file.name)

        return self._first(sources, part, file.bytes, file.bytes, accept)

    def _members(
        self, archive: Archive, members: list[File], mirror: Mirror | None
    ) -> list[str] | None:
        """Bring the archive and unpack members. Returns why every source failed, or None."""
        name = archive.url.rsplit("/", 1)[-1]
        wanted = Wanted(self.dataset.name, name, archive.url, archive.sha256)
        sources = [*(mirror.sources(wanted) if mirror else []), Source(archive.url)]
        part = self.parts / f"{archive.sha256 or _key(archive.url)}.part"

        def accept() -> None:
            if archive.sha256 is not None and (found := sha256_file(part)) != archive.sha256:
                raise UserError(f"expected sha256 {archive.sha256}, found {found}")
            self._unpack(part, members)
            part.unlink()

        return self._first(sources, part, archive.bytes, archive.limit, accept)

    def _first(
        self,
        sources: list[Source],
        part: Path,
        size: int | None,
        limit: int,
        accept: Callable[[], None],
    ) -> list[str] | None:
        """Try sources until one is accepted. Returns why each failed, or None.

        What is refused is deleted. If it continued an earlier download, that one may have been the
        damaged part, so the same source is asked once more from the start.
        """
        reasons: list[str] = []
        for source in sources:
            tries = 2 if part.exists() else 1
            for _ in range(tries):
                try:
                    self._receive(source, part, size, limit)
                    accept()
                    return None
                except SourceError as error:
                    reasons.append(self._reason(source, str(error)))
                    break
                except UserError as error:
                    part.unlink(missing_ok=True)
                    reasons.append(self._reason(source, f"{error} (not used)"))
        return reasons

    def _unpack(self, archive: Path, members: list[File]) -> None:
        """Unpack members beside the archive, verify all, and only then put them in place."""
        unpacked = {file.name: self.parts / f"{file.name}.member" for file in members}
        try:
            unpack(archive, {str(f.member): (unpacked[f.name], f.bytes) for f in members})
            for file in members:
                if problem := fault(unpacked[file.name], file):
                    raise UserError(f"member {file.member}: {problem}")
            for file in members:
                unpacked[file.name].replace(self.folder / file.name)
        finally:
            for path in unpacked.values():
                path.unlink(missing_ok=True)

    def _receive(self, source: Source, part: Path, size: int | None, limit: int) -> None:
        """Bring one source's content to ``part``, unpacked if it was gzipped."""
        host = urlsplit(source.location).netloc if source.remote else ""
        if host in self.dead:
            raise SourceError(self.dead[host])
        try:
            if not source.compressed:
                source.receive(part, size, limit, self.progress)
                return
            packed = part.with_suffix(".gz.part")
            # gzip cannot grow its input by more than a header and 5 bytes per 16 kB block.
            source.receive(packed, None, limit + limit // 1024 + 1024, self.progress)
        except Unreachable as error:
            self.dead[host] = str(error)
            raise
        try:
            gunzip(packed, part, limit)
        finally:
            packed.unlink(missing_ok=True)

    def _reason(self, source: Source, text: str) -> str:
        """Names the place in the mirror; the canonical address is in the line already."""
        own = {file.url for file in self.dataset.files}
        if self.dataset.archive is not None:
            own.add(self.dataset.archive.url)
        if source.location in own:
            return text
        if text == "not there" or text.startswith("HTTP 404"):
            return f"not in the mirror {self.location}"
        return f"mirror {source.location}: {text}"

    def _explain(self, problems: Mapping[str, list[str]]) -> str:
        by_name = {file.name: file for file in self.dataset.files}
        lines = [
            f"  {name}: {self.dataset.address(by_name[name])} ({'; '.join(dict.fromkeys(reasons))})"
            for name, reasons in problems.items()
        ]
        return "\n".join(
            [
                f"data set {self.dataset.name}: {len(lines)} file(s) could not be fetched",
                *lines,
                "Connect to the network and run it again, or name a mirror (a folder or an http(s) "
                f"address that holds the files): data.mirror in params.yaml, or {VARIABLE}",
            ]
        )


def _key(address: str) -> str:
    """A file name for the part of a download whose digest is not known beforehand."""
    return hashlib.sha256(address.encode()).hexdigest()
