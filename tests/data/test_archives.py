"""Archives made to do harm."""

import gzip
import io
import random
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from triptych.data import archives
from triptych.data.archives import gunzip, unpack
from triptych.errors import UserError

GOOD = b"good content"


def add(archive: tarfile.TarFile, name: str, content: bytes = b"", **fields: object) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for key, value in fields.items():
        setattr(info, key, value)
    archive.addfile(info, io.BytesIO(content))


@pytest.fixture
def tar(tmp_path: Path) -> Callable[..., Path]:
    def make(*entries: tuple[str, dict[str, object]]) -> Path:
        path = tmp_path / "a.tar.gz"
        with tarfile.open(path, "w:gz") as archive:
            for name, fields in entries:
                add(archive, name, **fields)  # type: ignore[arg-type]
        return path

    return make


def test_only_listed_members_are_written(tmp_path: Path, tar: Callable[..., Path]) -> None:
    outside = tmp_path / "outside"
    archive = tar(
        ("../outside", {"content": b"x"}),
        (str(outside), {"content": b"x"}),
        ("d/good", {"content": GOOD}),
        ("d/other", {"content": b"x"}),
    )
    target = tmp_path / "out" / "good"
    unpack(archive, {"d/good": (target, len(GOOD))})
    assert target.read_bytes() == GOOD
    assert [p.name for p in target.parent.iterdir()] == ["good"]
    assert not outside.exists()


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE]
)
def test_a_listed_member_that_is_no_file_is_refused(
    tmp_path: Path, tar: Callable[..., Path], kind: bytes
) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"secret")
    archive = tar(("d/good", {"type": kind, "linkname": str(secret)}))
    with pytest.raises(UserError, match="d/good: expected a regular file"):
        unpack(archive, {"d/good": (tmp_path / "good", 100)})
    assert not (tmp_path / "good").exists()


def test_zip_link_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    info = zipfile.ZipInfo("good")
    info.external_attr = 0o120777 << 16
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(info, "/etc/passwd")
    with pytest.raises(UserError, match="good: expected a regular file"):
        unpack(path, {"good": (tmp_path / "out", 100)})


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_zip_with_one_member_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("good", GOOD)
        archive.writestr("good", b"bad")
    with pytest.raises(UserError, match="expected once, found 2 times"):
        unpack(path, {"good": (tmp_path / "out", 100)})


def bomb(path: Path, size: int) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("good", bytes(size))
    return path


def test_member_larger_than_known_is_refused(tmp_path: Path, tar: Callable[..., Path]) -> None:
    target = tmp_path / "out"
    for archive in (bomb(tmp_path / "a.zip", 5_000_000), tar(("good", {"content": bytes(2000)}))):
        with pytest.raises(UserError, match="good: expected at most 1000 bytes, found more"):
            unpack(archive, {"good": (target, 1000)})
        assert not target.exists()


def test_zip_that_lies_about_its_size_is_refused(tmp_path: Path) -> None:
    path = bomb(tmp_path / "a.zip", 5_000_000)
    content = path.read_bytes()
    # The uncompressed size, little-endian, is in the local and in the central header.
    path.write_bytes(content.replace((5_000_000).to_bytes(4, "little"), b"\x10\0\0\0"))
    with pytest.raises(UserError):
        unpack(path, {"good": (tmp_path / "out", 1000)})
    assert not (tmp_path / "out").exists()


def test_tar_that_unpacks_too_far_is_given_up(
    tmp_path: Path, tar: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "SCAN_LIMIT", 10_000)
    archive = tar(("big", {"content": bytes(20_000)}), ("good", {"content": GOOD}))
    with pytest.raises(UserError, match="unpacks to more than 10000 bytes"):
        unpack(archive, {"good": (tmp_path / "out", 100)})


def test_missing_member_is_named(tmp_path: Path, tar: Callable[..., Path]) -> None:
    archive = tar(("a", {"content": GOOD}))
    with pytest.raises(UserError, match="no member called c"):
        unpack(archive, {"a": (tmp_path / "a", 100), "c": (tmp_path / "c", 100)})
    with pytest.raises(UserError, match="c: expected once, found 0 times"):
        unpack(bomb(tmp_path / "a.zip", 10), {"c": (tmp_path / "c", 100)})


@pytest.mark.parametrize("content", [b"", b"neither", b"PK\x03\x04 cut"])
def test_not_an_archive(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a"
    path.write_bytes(content)
    with pytest.raises(UserError):
        unpack(path, {"a": (tmp_path / "out", 100)})


def test_truncated_tar(tmp_path: Path, tar: Callable[..., Path]) -> None:
    noise = random.Random(0).randbytes(100_000)  # does not compress, so a cut is within it
    archive = tar(("good", {"content": noise}))
    archive.write_bytes(archive.read_bytes()[:50_000])
    with pytest.raises(UserError, match="damaged archive"):
        unpack(archive, {"good": (tmp_path / "out", 100_000)})
    assert not (tmp_path / "out").exists()


def test_gunzip_is_bounded(tmp_path: Path) -> None:
    packed = tmp_path / "a.gz"
    packed.write_bytes(gzip.compress(bytes(1_000_000)))
    with pytest.raises(UserError, match="expected at most 999999 bytes"):
        gunzip(packed, tmp_path / "out", 999_999)
    gunzip(packed, tmp_path / "out", 1_000_000)
    assert (tmp_path / "out").stat().st_size == 1_000_000
