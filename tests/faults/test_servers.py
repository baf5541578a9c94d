"""Servers and mirrors that answer nonsense: the next source is asked, nothing is believed."""

import email.message
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from triptych.data import download, mirrors
from triptych.data.download import SourceError, Unreachable
from triptych.errors import UserError

URL = "http://server.example/file"


class Answer(io.BytesIO):
    def __init__(
        self, status: int, headers: dict[str, str], content: bytes = b"0123456789"
    ) -> None:
        super().__init__(content)
        self.status = status
        self.headers = email.message.Message()
        for name, value in headers.items():
            self.headers[name] = value


NONSENSE = {
    "a length of 5000 digits": Answer(200, {"Content-Length": "9" * 5000}),
    "a length in other digits": Answer(200, {"Content-Length": "²"}),
    "a negative length": Answer(200, {"Content-Length": "-1"}),
    "a length of two numbers": Answer(200, {"Content-Length": "10, 10"}),
    "a part that was not asked for": Answer(206, {"Content-Range": "bytes 5-9/10"}),
    "a part of 5000 digits": Answer(206, {"Content-Range": f"bytes 0-9/{'9' * 5000}"}),
    "a part of nothing": Answer(206, {"Content-Range": "none"}),
    "a part without a range": Answer(206, {}),
}


@pytest.mark.parametrize("what", NONSENSE)
def test_a_header_that_makes_no_sense(
    what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, braved: Callable[[str, int], None]
) -> None:
    monkeypatch.setattr(download, "_open", lambda url, start: NONSENSE[what])
    part = tmp_path / "part"
    try:  # the content is ten bytes whatever the header says; the digest is checked by the caller
        download.download(URL, part, size=10, limit=10)
    except SourceError as error:
        assert str(error)
    else:
        assert part.read_bytes() == b"0123456789"
    assert [path.name for path in tmp_path.iterdir()] in (["part"], [])
    braved("faults injected", 1)


@pytest.mark.parametrize("error", [ValueError("unknown url type"), OSError(5, "I/O error")])
def test_an_address_that_cannot_be_opened(
    error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    braved: Callable[[str, int], None],
) -> None:  # fmt: skip
    def fail(url: str, start: int) -> Any:
        raise error

    monkeypatch.setattr(download, "_open", fail)
    with pytest.raises(Unreachable, match=r"server\.example not reached"):
        download.download(URL, tmp_path / "part", size=10, limit=10)
    braved("faults injected", 1)


@pytest.mark.parametrize(
    "location", ["http://[::1", "http://", "https:///x", "ftp://x", "file:///"]
)
def test_an_address_that_is_none(
    location: str, tmp_path: Path, braved: Callable[[str, int], None]
) -> None:
    with pytest.raises(UserError, match=r"mirror .*: expected"):
        mirrors.open_mirror(location, tmp_path / "scratch")
    braved("faults injected", 1)


def test_a_mirror_whose_files_are_folders(
    tmp_path: Path, braved: Callable[[str, int], None]
) -> None:
    (tmp_path / "mirror" / "manifest.json").mkdir(parents=True)
    (tmp_path / "mirror" / "set" / "file").mkdir(parents=True)
    mirror = mirrors.open_mirror(str(tmp_path / "mirror"), tmp_path / "scratch")
    sources = list(mirror.sources(mirrors.Wanted("set", "file", URL, None)))
    assert len(sources) == 2  # as it is, and gzipped
    for source in sources:
        with pytest.raises(SourceError):
            source.receive(tmp_path / "part", None, 100, progress=False)
    braved("faults injected", 2)
