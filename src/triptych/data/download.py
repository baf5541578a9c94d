"""One file over HTTP, resumed where an earlier attempt stopped."""

import http.client
import re
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from tqdm import tqdm

TIMEOUT = 10.0  # seconds to connect, and to wait for the next bytes
ATTEMPTS = 5  # within one call, and only while each brings something new
BLOCK = 1 << 16


class SourceError(Exception):
    """One source could not give a file; another may. The message says why."""


class Unreachable(SourceError):
    """The host did not answer at all, so asking it for the next file is pointless."""


def download(url: str, part: Path, *, size: int | None, limit: int, progress: bool = False) -> None:
    """Receive ``url`` into ``part``, continuing it if it is there already.

    What an interrupted call received stays in ``part`` for the next one. The content is not
    verified here: the caller knows the digest.

    Args:
        url: An http or https address.
        part: The file to write.
        size: The exact size in bytes, where it is known.
        limit: The most bytes accepted.
        progress: Show a bar, if standard error is a terminal.

    Raises:
        SourceError: Not found, cut short, or of another size than expected.
        Unreachable: No connection to the host.
    """
    for _ in range(ATTEMPTS):
        before = _length(part)
        expected = _receive(url, part, size, limit, progress)
        if expected is None or _length(part) == expected:
            return
        if _length(part) <= before:
            break
    raise SourceError(
        f"cut short: expected {expected} bytes, found {_length(part)}, "
        "which are kept; run it again to continue"
    )


def _receive(url: str, part: Path, size: int | None, limit: int, progress: bool) -> int | None:
    """One request. Returns the size that the whole file should have, if anything says so."""
    start = _length(part)
    if size is not None and start == size:
        return size
    if start > (limit if size is None else size):
        part.unlink()
        start = 0
    try:
        response = _open(url, start)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 416 and start:  # the server's file is not longer than ours: start over
            part.unlink()
            return _receive(url, part, size, limit, progress)
        raise SourceError(f"HTTP {error.code} {error.reason}") from None
    except (http.client.HTTPException, OSError, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        raise Unreachable(f"{urlsplit(url).netloc} not reached ({reason})") from None
    with response:
        if response.status != 206:  # the server ignores ranges and sends the whole file
            start = 0
        expected = _total(response, start)
        if None not in (size, expected) and size != expected:
            raise SourceError(f"expected {size} bytes, found {expected}")
        label = url.rsplit("/", 1)[-1]
        with part.open("r+b" if start else "wb") as out:
            out.seek(start)
            whole = _copy(response, out, start, expected, limit, progress, label)
        if not whole:
            part.unlink()
            raise SourceError(f"expected at most {limit} bytes, found more")
    return size if size is not None else expected


def _open(url: str, start: int) -> Any:
    headers = {"User-Agent": "triptych", "Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
    return urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=TIMEOUT)


def _total(response: Any, start: int) -> int | None:
    """The size of the whole file from the headers of a whole or a partial answer."""
    if response.status == 206:
        given = re.fullmatch(
            r"bytes ([0-9]{1,18})-[0-9]+/([0-9]{1,18})", response.headers.get("Content-Range", "")
        )
        if given is None or int(given[1]) != start:
            raise SourceError(f"asked for the bytes from {start}, was sent others")
        return int(given[2])
    length = response.headers.get("Content-Length")
    return int(length) if re.fullmatch("[0-9]{1,18}", length or "") else None


def _copy(
    response: Any,
    out: IO[bytes],
    start: int,
    expected: int | None,
    limit: int,
    progress: bool,
    label: str,
) -> bool:
    """Write what comes until it ends or breaks off; False if it is more than the limit."""
    shown = progress and sys.stderr.isatty()
    room = limit - start
    with tqdm(
        total=expected, initial=start, unit="B", unit_scale=True, desc=label, disable=not shown
    ) as bar:
        while True:
            try:
                block = response.read(BLOCK)
            except (http.client.HTTPException, OSError):
                return True  # cut off: what came so far is kept, and the caller counts it
            if not block:
                return True
            room -= len(block)
            if room < 0:
                return False
            out.write(block)
            bar.update(len(block))


def _length(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
