import gzip
import hashlib
import json
import pickle
import struct
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from triptych.data import images, pictures
from triptych.errors import UserError


def write_idx(path: Path, values: np.ndarray[Any, Any]) -> None:
    header = struct.pack(f">BBBB{values.ndim}I", 0, 0, 8, values.ndim, *values.shape)
    path.write_bytes(gzip.compress(header + values.tobytes()))


def test_digits_are_counts_of_16() -> None:
    digits = images.digits(None)
    x = digits.arrays["x"]
    assert x.shape == (1797, 8, 8, 1) and x.dtype == np.uint8
    assert (x.min(), x.max(), digits.meta["levels"]) == (0, 16, 17)
    assert np.bincount(digits.arrays["y"]).tolist() == [
        178, 182, 177, 183, 181, 182, 181, 179, 174, 180,
    ]  # fmt: skip


def test_idx_round_trip(tmp_path: Path) -> None:
    values = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)
    write_idx(tmp_path / "a", values)
    assert np.array_equal(images.read_idx(tmp_path / "a"), values)


@pytest.mark.parametrize(
    "content",
    [
        b"\x00\x00\x0d\x01\x00\x00\x00\x01\x00",  # floats
        b"\x00\x00\x08\x01\x00\x00\x00\x02\x00",  # one value missing
        b"\x00\x00\x08\x03\x00\x00",  # header cut
        b"",
    ],
)
def test_bad_idx(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a").write_bytes(gzip.compress(content))
    with pytest.raises(UserError, match="expected"):
        images.read_idx(tmp_path / "a")
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(UserError, match=r"expected a gzipped|expected an idx"):
        images.read_idx(tmp_path / "a")


def test_mnist_layout(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    parts = {"train": 6, "t10k": 3}
    for name, n in parts.items():
        write_idx(
            tmp_path / f"{name}-images-idx3-ubyte.gz", rng.integers(0, 256, (n, 28, 28), np.uint8)
        )
        write_idx(tmp_path / f"{name}-labels-idx1-ubyte.gz", np.arange(n, dtype=np.uint8))
    read = images.idx(tmp_path, classes=list("0123456789"))
    assert read.arrays["x"].shape == (9, 28, 28, 1)
    assert read.arrays["y"].tolist() == [0, 1, 2, 3, 4, 5, 0, 1, 2]
    assert read.arrays["split"].tolist() == [0] * 6 + [2] * 3
    write_idx(tmp_path / "t10k-labels-idx1-ubyte.gz", np.arange(2, dtype=np.uint8))
    with pytest.raises(UserError, match="as many labels"):
        images.idx(tmp_path, classes=[])


@pytest.mark.parametrize("ending", [b"\n", b" "])
def test_amat(tmp_path: Path, ending: bytes) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"0 1 1" + ending + b"1 0 0" + ending)
    assert images.read_amat(path, columns=3).tolist() == [[0, 1, 1], [1, 0, 0]]


@pytest.mark.parametrize("content", [b"", b"0 2 1\n", b"0 1\n1 ", b"0 1 1\n1 0", b"0,1,1\n"])
def test_bad_amat(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a"
    path.write_bytes(content)
    with pytest.raises(UserError, match="expected"):
        images.read_amat(path, columns=3)


def test_cifar_layout(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (12, 32, 32, 3), np.uint8)
    y = rng.integers(0, 10, 12).tolist()
    names = [f"data_batch_{i}" for i in range(1, 6)] + ["test_batch"]
    manifest = {}
    for i, name in enumerate([*names, "batches.meta"]):
        part = slice(2 * i, 2 * i + 2)
        planes = x[part].transpose(0, 3, 1, 2).reshape(-1, 3072)
        batch: dict[str, Any] = {"data": planes, "labels": y[part]}
        if name == "batches.meta":
            batch = {"label_names": [f"class {c}" for c in range(10)]}
        content = pickle.dumps(batch, protocol=3)
        (tmp_path / name).write_bytes(content)
        manifest[name] = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    read = images.cifar10(tmp_path)
    assert np.array_equal(read.arrays["x"], x)
    assert read.arrays["y"].tolist() == y
    assert read.arrays["split"].tolist() == [0] * 10 + [2] * 2
    assert read.meta["n_classes"] == 10
    (tmp_path / "test_batch").write_bytes(pickle.dumps({"data": 0, "labels": []}))
    with pytest.raises(UserError, match="expected sha256"):
        images.cifar10(tmp_path)


def test_human_labels(tmp_path: Path) -> None:
    np.save(tmp_path / "cifar10h-counts.npy", np.eye(4, 10))
    read = images.cifar10h(tmp_path)
    assert read.arrays["counts"].dtype == np.int64 and read.arrays["counts"].shape == (4, 10)
    np.save(tmp_path / "cifar10h-counts.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(UserError, match="expected an array"):
        images.cifar10h(tmp_path)


def test_photographs() -> None:
    read = pictures.photographs(None)
    assert {k: v.shape for k, v in read.arrays.items()} == {
        "china": (427, 640, 3),
        "flower": (427, 640, 3),
    }


def png(pixels: np.ndarray[Any, Any]) -> bytes:
    out = BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def test_frost_and_bad_picture(tmp_path: Path) -> None:
    pixels = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    (tmp_path / "frost1.png").write_bytes(png(pixels))
    (tmp_path / "manifest.json").write_text("{}")
    assert np.array_equal(pictures.frost(tmp_path).arrays["frost1"], pixels)
    (tmp_path / "frost2.png").write_bytes(png(pixels)[:40])
    with pytest.raises(UserError, match=r"frost2\.png: expected a PNG or JPEG"):
        pictures.frost(tmp_path)


def test_picture_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "MAX_PIXELS", 3)
    with pytest.raises(UserError, match="at most 3 pixels"):
        pictures.decode(png(np.zeros((2, 2, 3), np.uint8)), "RGB", "x")


def test_omniglot_layout(tmp_path: Path) -> None:
    drawing = np.array([[True, False], [False, False]])
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        for name in ("Greek/c2/b", "Greek/c1/a", "Latin/c1/a"):
            archive.writestr(f"set/{name}.png", png(drawing))
    read = pictures.omniglot(tmp_path, file="set.zip")
    assert read.arrays["x"][0, ..., 0].tolist() == [[1, 0], [0, 0]]
    assert read.arrays["y"].tolist() == [0, 1, 2]
    assert read.meta["classes"] == ["Greek/c1", "Greek/c2", "Latin/c1"]
