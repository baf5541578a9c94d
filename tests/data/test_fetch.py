"""Against a server on this machine: resume, damage, mirrors, archives, two at once."""

import gzip
import hashlib
import io
import json
import logging
import multiprocessing
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from triptych.data.catalogue import DataSet
from triptych.data.fetch import fetch, fetch_set
from triptych.data.verify import check
from triptych.errors import UserError

Entry = Callable[..., DataSet]
CONTENT = bytes(range(256)) * 4096  # 1 MiB
OTHER = b"another file\n" * 1000


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def no_leftovers(root: Path) -> bool:
    return [path for path in (root / ".parts").rglob("*") if path.is_file()] == []


def test_brings_verifies_and_records(tmp_path: Path, server: Any, entry: Entry) -> None:
    toy = entry([server.describe("a.bin", CONTENT), server.describe("b.bin", OTHER)])
    folder = fetch_set(toy, tmp_path)
    assert folder == tmp_path / "toy"
    assert (folder / "a.bin").read_bytes() == CONTENT
    recorded = json.loads((folder / "manifest.json").read_text())
    assert recorded == {
        "a.bin": {"sha256": sha256(CONTENT), "bytes": len(CONTENT)},
        "b.bin": {"sha256": sha256(OTHER), "bytes": len(OTHER)},
    }
    assert check(toy, folder) == recorded
    assert no_leftovers(tmp_path)


def test_second_fetch_asks_nothing_and_writes_nothing(
    tmp_path: Path, server: Any, entry: Entry
) -> None:
    toy = entry([server.describe("a.bin", CONTENT)])
    folder = fetch_set(toy, tmp_path)
    before = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    asked = len(server.requests)
    fetch_set(toy, tmp_path)
    assert len(server.requests) == asked
    assert {path.name: path.stat().st_mtime_ns for path in folder.iterdir()} == before


@pytest.mark.parametrize("length", [True, False])
def test_interrupted_download_continues(
    tmp_path: Path, server: Any, entry: Entry, length: bool
) -> None:
    server.length = length
    toy = entry([server.describe("a.bin", CONTENT)])
    server.cut["a.bin"] = [300_000, 200_000]
    folder = fetch_set(toy, tmp_path)
    assert (folder / "a.bin").read_bytes() == CONTENT
    assert server.asked("a.bin") == [None, "bytes=300000-", "bytes=500000-"]


def test_part_survives_and_the_next_call_continues_it(
    tmp_path: Path, server: Any, entry: Entry
) -> None:
    toy = entry([server.describe("a.bin", CONTENT)])
    server.cut["a.bin"] = [300_000, 0]  # the second request brings nothing: give up
    with pytest.raises(UserError, match=r"expected 1048576 bytes, found 300000"):
        fetch_set(toy, tmp_path)
    part = tmp_path / ".parts" / "toy" / f"{sha256(CONTENT)}.part"
    assert part.stat().st_size == 300_000
    assert not (tmp_path / "toy" / "a.bin").exists()
    folder = fetch_set(toy, tmp_path)
    assert (folder / "a.bin").read_bytes() == CONTENT
    assert server.asked("a.bin")[-1] == "bytes=300000-"


def test_server_without_ranges_starts_over(tmp_path: Path, server: Any, entry: Entry) -> None:
    server.ranges = False
    toy = entry([server.describe("a.bin", CONTENT)])
    server.cut["a.bin"] = [300_000]
    assert (fetch_set(toy, tmp_path) / "a.bin").read_bytes() == CONTENT


def test_damaged_part_is_thrown_away_in_the_same_call(
    tmp_path: Path, server: Any, entry: Entry
) -> None:
    toy = entry([server.describe("a.bin", CONTENT)])
    parts = tmp_path / ".parts" / "toy"
    parts.mkdir(parents=True)
    (parts / f"{sha256(CONTENT)}.part").write_bytes(b"\xff" * 1000)
    assert (fetch_set(toy, tmp_path) / "a.bin").read_bytes() == CONTENT
    assert server.asked("a.bin") == ["bytes=1000-", None]


@pytest.mark.parametrize(
    ("served", "complaint"),
    [
        (CONTENT[:-1] + b"\x00", f"expected sha256 {sha256(CONTENT)}, found "),
        (CONTENT[:-1], "expected 1048576 bytes, found 1048575"),
        (CONTENT + b"\x00", "expected 1048576 bytes, found 1048577"),
    ],
    ids=["corrupt", "truncated", "too long"],
)
def test_wrong_content_is_named_never_used_and_forgotten(
    tmp_path: Path, server: Any, entry: Entry, served: bytes, complaint: str
) -> None:
    toy = entry([server.describe("a.bin", CONTENT), server.describe("b.bin", OTHER)])
    server.files["a.bin"] = served
    with pytest.raises(UserError) as error:
        fetch_set(toy, tmp_path)
    assert "a.bin" in str(error.value) and complaint in str(error.value)
    assert "b.bin" not in str(error.value)  # the good file is not in the list of the missing
    assert not (tmp_path / "toy" / "a.bin").exists()
    assert not (tmp_path / "toy" / "manifest.json").exists()
    server.files["a.bin"] = CONTENT
    assert (fetch_set(toy, tmp_path) / "a.bin").read_bytes() == CONTENT
    assert server.asked("b.bin") == [None]  # fetched once


def test_endless_answer_stops_at_the_known_size(tmp_path: Path, server: Any, entry: Entry) -> None:
    server.length = False
    toy = entry([server.describe("a.bin", OTHER)])
    server.files["a.bin"] = OTHER + CONTENT
    with pytest.raises(UserError, match=f"expected at most {len(OTHER)} bytes, found more"):
        fetch_set(toy, tmp_path)
    assert no_leftovers(tmp_path)


@pytest.mark.parametrize("damage", ["flip", "cut"])
def test_file_damaged_on_disk_is_put_aside_and_fetched_again(
    tmp_path: Path, server: Any, entry: Entry, caplog: pytest.LogCaptureFixture, damage: str
) -> None:
    toy = entry([server.describe("a.bin", CONTENT)])
    path = fetch_set(toy, tmp_path) / "a.bin"
    bad = b"\x01" + CONTENT[1:] if damage == "flip" else CONTENT[:100]
    path.write_bytes(bad)
    with pytest.raises(UserError, match="run 'triptych fetch toy'"):
        check(toy, tmp_path / "toy")
    with caplog.at_level(logging.WARNING):
        fetch_set(toy, tmp_path)
    assert path.read_bytes() == CONTENT
    assert path.with_name("a.bin.damaged").read_bytes() == bad
    assert "put aside as a.bin.damaged" in caplog.text


def test_offline_lists_every_file_its_address_and_the_remedy(tmp_path: Path) -> None:
    # Port 9 on this machine: nothing listens, the refusal is immediate.
    files = [
        {"name": n, "url": f"http://127.0.0.1:9/{n}", "sha256": "0" * 64, "bytes": 1}
        for n in ("a.bin", "b.bin")
    ]
    toy = DataSet.model_validate(
        {
            "name": "toy",
            "title": "Toy",
            "kind": "table",
            "licence": "none",
            "homepage": "https://example.org/",
            "citation": "nobody",
            "reader": "tables.wine",
            "split": None,
            "files": files,
        }
    )
    with pytest.raises(UserError) as error:
        fetch_set(toy, tmp_path)
    first, *lines, last = str(error.value).splitlines()
    assert "toy: 2 file(s)" in first
    assert len(lines) == 2
    for name, line in zip(("a.bin", "b.bin"), lines, strict=True):
        assert line.startswith(f"  {name}: http://127.0.0.1:9/{name} (127.0.0.1:9 not reached")
    assert "data.mirror" in last and "TRIPTYCH_MIRROR" in last


def mirror_folder(root: Path, layout: str, packed: bool) -> Path:
    """A mirror of one file, by index (an own path) or by convention, gzipped or not."""
    path = "elsewhere/copy" if layout == "index" else "toy/a.bin"
    path += ".gz" if packed else ""
    (root / path).parent.mkdir(parents=True)
    (root / path).write_bytes(gzip.compress(CONTENT) if packed else CONTENT)
    if layout == "index":
        index = {"any": {"files": [{"url": "http://127.0.0.1:9/a.bin", "path": path}]}}
        (root / "manifest.json").write_text(json.dumps(index))
    return root


@pytest.mark.parametrize("packed", [True, False], ids=["gzipped", "plain"])
@pytest.mark.parametrize("layout", ["index", "convention"])
@pytest.mark.parametrize("kind", ["folder", "address"])
@pytest.mark.parametrize("how", ["argument", "environment"])
def test_mirror_is_asked_first(
    tmp_path: Path,
    server: Any,
    entry: Entry,
    monkeypatch: pytest.MonkeyPatch,
    packed: bool,
    layout: str,
    kind: str,
    how: str,
) -> None:
    mirror = mirror_folder(tmp_path / "mirror", layout, packed)
    for path in mirror.rglob("*"):
        if path.is_file():
            server.files[f"m/{path.relative_to(mirror)}"] = path.read_bytes()
    location = str(mirror) if kind == "folder" else f"{server.url}/m"
    toy = entry([server.describe("a.bin", CONTENT) | {"url": "http://127.0.0.1:9/a.bin"}])
    if how == "environment":  # overrides the argument
        monkeypatch.setenv("TRIPTYCH_MIRROR", location)
        location = str(tmp_path / "no such folder")
    folder = fetch_set(toy, tmp_path / "raw", mirror=location)
    assert (folder / "a.bin").read_bytes() == CONTENT
    assert no_leftovers(tmp_path / "raw")


def test_file_that_is_itself_gz_stays_packed(tmp_path: Path, server: Any, entry: Entry) -> None:
    packed = gzip.compress(CONTENT)
    (tmp_path / "mirror" / "toy").mkdir(parents=True)
    (tmp_path / "mirror" / "toy" / "a.gz").write_bytes(packed)
    toy = entry([server.describe("a.gz", packed, serve=False)])
    folder = fetch_set(toy, tmp_path / "raw", mirror=str(tmp_path / "mirror"))
    assert (folder / "a.gz").read_bytes() == packed


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.bin", CONTENT[:-5]),
        ("a.bin.gz", gzip.compress(CONTENT)[:-5]),
        ("a.bin.gz", gzip.compress(CONTENT + CONTENT)),
        ("a.bin.gz", b"not gzip"),
    ],
    ids=["short", "short gz", "gz too large", "no gz"],
)
def test_bad_mirror_copy_falls_back_to_the_address(
    tmp_path: Path, server: Any, entry: Entry, name: str, content: bytes
) -> None:
    mirror = tmp_path / "mirror"
    (mirror / "toy").mkdir(parents=True)
    (mirror / "toy" / name).write_bytes(content)
    toy = entry([server.describe("a.bin", CONTENT)])
    folder = fetch_set(toy, tmp_path / "raw", mirror=str(mirror))
    assert (folder / "a.bin").read_bytes() == CONTENT
    assert (mirror / "toy" / name).read_bytes() == content  # a mirror is never written to
    del server.files["a.bin"]
    (folder / "a.bin").unlink()
    with pytest.raises(UserError, match=rf"mirror {mirror}/toy/{name}: .*not used.*HTTP 404"):
        fetch_set(toy, tmp_path / "raw", mirror=str(mirror))


def test_mirror_index_is_not_trusted(tmp_path: Path, server: Any, entry: Entry) -> None:
    mirror = tmp_path / "mirror"
    mirror.mkdir()
    (tmp_path / "secret").write_bytes(CONTENT)
    described = server.describe("a.bin", CONTENT)
    part = {"url": described["url"], "path": "part.bin", "sha256": "1" * 64}  # says: other content
    outside = {"url": described["url"], "path": "../secret"}
    (mirror / "part.bin").write_bytes(CONTENT)
    (mirror / "manifest.json").write_text(json.dumps({"x": {"files": [part, outside]}}))
    fetch_set(entry([described]), tmp_path / "raw", mirror=str(mirror))
    assert server.asked("a.bin") == [None]  # neither copy was taken: it came from the address


@pytest.mark.parametrize("location", ["no such folder", "ftp://example.org/x"])
def test_wrong_mirror_is_named_but_does_not_hinder(
    tmp_path: Path, server: Any, entry: Entry, location: str
) -> None:
    toy = entry([server.describe("a.bin", CONTENT)])
    assert fetch_set(toy, tmp_path, mirror=location)
    (tmp_path / "toy" / "a.bin").unlink()
    server.files.clear()
    with pytest.raises(UserError, match=f"mirror '{location}': expected a folder or an http"):
        fetch_set(toy, tmp_path, mirror=location)


def tar_gz(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def zipped(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def member(name: str, content: bytes, known: bool = True) -> dict[str, Any]:
    digest = {"sha256": sha256(content)} if known else {"md5": hashlib.md5(content).hexdigest()}
    return {"name": name, "member": f"deep/{name}", "bytes": len(content)} | digest


MEMBERS = {"../evil": b"x", "deep/a.bin": CONTENT, "deep/c.bin": b"unlisted", "deep/b.bin": OTHER}


@pytest.mark.parametrize("make", [tar_gz, zipped])
@pytest.mark.parametrize("known", ["members", "archive"])
def test_members_of_an_archive(
    tmp_path: Path, server: Any, entry: Entry, make: Callable[..., bytes], known: str
) -> None:
    packed = make(MEMBERS)
    server.files["all.pack"] = packed
    archive: dict[str, Any] = {"url": f"{server.url}/all.pack"}
    if known == "archive":
        archive |= {"sha256": sha256(packed), "bytes": len(packed)}
    else:
        archive |= {"at_most": 10_000_000}
    files = [member(n, c, known == "members") for n, c in (("a.bin", CONTENT), ("b.bin", OTHER))]
    toy = entry(files, archive=archive)
    folder = fetch_set(toy, tmp_path / "raw")
    assert sorted(path.name for path in folder.iterdir()) == ["a.bin", "b.bin", "manifest.json"]
    assert (folder / "b.bin").read_bytes() == OTHER
    assert check(toy, folder)["a.bin"]["sha256"] == sha256(CONTENT)
    assert no_leftovers(tmp_path / "raw")
    assert not list(tmp_path.rglob("*evil*"))
    fetch_set(toy, tmp_path / "raw")
    assert server.asked("all.pack") == [None]  # the archive is not fetched for a complete set
    (folder / "b.bin").write_bytes(OTHER[:-1] + b"?")
    fetch_set(toy, tmp_path / "raw")
    assert (folder / "b.bin").read_bytes() == OTHER


@pytest.mark.parametrize("what", ["member", "archive"])
def test_damaged_archive_or_member_is_named(
    tmp_path: Path, server: Any, entry: Entry, what: str
) -> None:
    good = tar_gz({"deep/a.bin": CONTENT})
    bad = tar_gz({"deep/a.bin": CONTENT[:-1] + b"?"}) if what == "member" else good[:-1] + b"?"
    archive: dict[str, Any] = {"url": f"{server.url}/all.tar.gz"}
    if what == "archive":
        archive |= {"sha256": sha256(good), "bytes": len(good)}
    else:
        archive |= {"at_most": 10_000_000}
    server.files["all.tar.gz"] = bad
    toy = entry([member("a.bin", CONTENT)], archive=archive)
    expected = sha256(CONTENT) if what == "member" else sha256(good)
    with pytest.raises(UserError, match=rf"all.tar.gz#deep/a.bin \(.*expected sha256 {expected}"):
        fetch_set(toy, tmp_path)
    assert not (tmp_path / "toy" / "a.bin").exists()
    assert no_leftovers(tmp_path)
    server.files["all.tar.gz"] = good
    assert (fetch_set(toy, tmp_path) / "a.bin").read_bytes() == CONTENT


def test_archive_may_lie_in_the_mirror(tmp_path: Path, server: Any, entry: Entry) -> None:
    packed = tar_gz({"deep/a.bin": CONTENT})
    (tmp_path / "mirror" / "toy").mkdir(parents=True)
    (tmp_path / "mirror" / "toy" / "all.tar.gz").write_bytes(packed)
    archive = {
        "url": "http://127.0.0.1:9/all.tar.gz",
        "sha256": sha256(packed),
        "bytes": len(packed),
    }
    toy = entry([member("a.bin", CONTENT)], archive=archive)
    folder = fetch_set(toy, tmp_path / "raw", mirror=str(tmp_path / "mirror"))
    assert (folder / "a.bin").read_bytes() == CONTENT


def _fetch_in_process(toy: DataSet, root: Path, results: Any) -> None:
    folder = fetch_set(toy, root)
    results.put((folder / "a.bin").read_bytes() == CONTENT)


def test_two_at_once_download_once(tmp_path: Path, server: Any, entry: Entry) -> None:
    server.delay = 0.5  # long enough that the second starts while the first downloads
    toy = entry([server.describe("a.bin", CONTENT)])
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    both = [
        context.Process(target=_fetch_in_process, args=(toy, tmp_path, results)) for _ in range(2)
    ]
    for process in both:
        process.start()
    for process in both:
        process.join(60)
    assert [process.exitcode for process in both] == [0, 0]
    assert [results.get(timeout=5), results.get(timeout=5)] == [True, True]
    assert server.asked("a.bin") == [None]


def test_embedded_set_needs_nothing(tmp_path: Path) -> None:
    folder = fetch("digits", tmp_path)
    assert json.loads((folder / "manifest.json").read_text()) == {}


def test_no_bar_without_a_terminal(
    tmp_path: Path, server: Any, entry: Entry, capfd: pytest.CaptureFixture[str]
) -> None:
    fetch_set(entry([server.describe("a.bin", CONTENT)]), tmp_path, progress=True)
    assert capfd.readouterr().err == ""
