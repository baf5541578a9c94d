"""Files that jobs exchange or a mirror sends: damaged ones are refused, never believed."""

import gzip
import io
import json
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from damage import damaged
from hypothesis import strategies as st

from triptych import files, records
from triptych.checkpoint import Checkpoint
from triptych.data import archives, catalogue, mirrors, parts
from triptych.records import Record

ROOT = Path(__file__).parents[2]
JSON_TOKENS = (b"{", b"[", b"[" * 5000, b"null", b"NaN", b'"\\ud800"', b'"seeds": 1,')


def test_json(tmp_path: Path, fuzz: Any) -> None:
    path = tmp_path / "run.json"
    valid = files.canonical_json({"seeds": [0, 1], "facts": {"0": {"status": "done"}}, "é": 0.5})

    def read(content: bytes) -> None:
        path.write_bytes(content)
        assert isinstance(files.read_object(path, "seeds", "facts"), dict)

    read(valid.encode())
    fuzz(damaged(valid.encode(), JSON_TOKENS), read)


@pytest.mark.parametrize("name", ["r.csv", "r.csv.gz"])
def test_records(name: str, tmp_path: Path, fuzz: Any) -> None:
    path, again = tmp_path / name, tmp_path / "again.csv"
    columns = ("graphs", "nodes", "karate", "gcn", 0, "test")
    records.write(path, [
        Record(*columns, "accuracy", 0.5, "fraction", "exact", 34, "4 labels, each"),
        Record(*columns, "nll", float("nan"), "nats", "estimate", 34, 'of "all"'),
    ])  # fmt: skip

    def read(content: bytes) -> None:
        path.write_bytes(content)
        found = records.read(path)
        again.write_text(records.to_csv(found))  # what is accepted is whole
        assert len(records.read(again)) == len(found)

    valid = path.read_bytes()
    read(valid)
    inputs = damaged(valid, (b"\n", b",,", b'"'))
    if path.suffix == ".gz":
        inner = damaged(gzip.decompress(valid), (b"\n", b",,", b'"'))
        inputs = inputs | inner.map(lambda text: gzip.compress(text, 1))
    fuzz(inputs, read)


HEADER = (b'"BF16"', b'"F8_E4M3"', b'"I64"', b'"BOOL"', b'"dtype"', b"[0,99]", b"{", b"{}")


def test_arrays(tmp_path: Path, fuzz: Any) -> None:
    path = tmp_path / "part.safetensors"
    meta = {"meta": json.dumps({"kind": "images", "part": "train", "dataset": "digits"})}
    files.write_arrays(path, {"x": np.arange(4.0), "y": np.array([0, 1])}, meta)

    def read(content: bytes) -> None:
        path.write_bytes(content)
        part = parts.read_part(path)
        assert all(isinstance(array, np.ndarray) for array in part.arrays.values())

    valid = path.read_bytes()
    read(valid)
    fuzz(damaged(valid, HEADER), read)


def test_a_checkpoint_is_the_saved_one_or_none(tmp_path: Path, fuzz: Any) -> None:
    checkpoint = Checkpoint(tmp_path / "c.safetensors", key="k" * 8)
    tensors = {"w": torch.arange(4.0), "step": torch.tensor(3), "half": torch.ones(2).bfloat16()}
    facts = {"step": 3, "best": [None, 0]}
    checkpoint.save(tensors, facts)
    valid = checkpoint.path.read_bytes()

    def read(content: bytes) -> None:
        checkpoint.path.write_bytes(content)
        found = checkpoint.load()
        if found is None:
            raise files.UserError("ignored")
        assert found[1] == facts and found[0].keys() == tensors.keys()
        assert all(torch.equal(found[0][name], tensors[name]) for name in tensors)

    read(valid)
    outcomes = fuzz(damaged(valid, HEADER), read)
    # Only what lies outside of tensors, facts and key may change: blanks in the header.
    assert outcomes["accepted"] <= outcomes.total() / 10


def test_catalogue(fuzz: Any) -> None:
    text = (ROOT / "src/triptych/data/catalogue.yaml").read_text()
    start = text.index("\nmnist:")
    valid = text[start : text.index("\nbinarized_mnist:")].encode()
    tokens = (
        b"&a",
        b"*a",
        b"!!python/name:os.system",
        b"<<: ",
        b"\n- ",
        b"mnist:\n",
        b"2024-13-01",
    )

    def read(content: bytes) -> None:
        for name, dataset in catalogue.parse(content.decode(errors="replace")).items():
            assert name == dataset.name and dataset.address(dataset.files[0])

    read(valid)
    fuzz(damaged(valid, tokens), read)


def test_index_of_a_mirror(tmp_path: Path, fuzz: Any) -> None:
    mirror = tmp_path / "mirror"
    (mirror / "d").mkdir(parents=True)
    (mirror / "d" / "f").write_bytes(b"content")
    (tmp_path / "secret").write_bytes(b"secret")
    entry = {"url": "http://x.example/f", "path": "d/f", "sha256": "0" * 64}
    valid = json.dumps({"group": {"files": [entry]}}).encode()
    part = tmp_path / "part"

    def read(content: bytes) -> None:
        (mirror / "manifest.json").write_bytes(content)
        opened = mirrors.open_mirror(str(mirror), tmp_path / "scratch")
        for source in opened.sources(mirrors.Wanted("d", "f", "http://x.example/f", "0" * 64)):
            try:
                source.receive(part, None, 100, progress=False)
            except mirrors.SourceError:
                continue
            assert part.read_bytes() == b"content"

    read(valid)
    tokens = (*JSON_TOKENS, b"../secret", b"\\u0000", b"/", b"~/")
    fuzz(damaged(valid, tokens), read)


def archive(kind: str) -> bytes:
    stream = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as opened:
            opened.writestr(zipfile.ZipInfo("d/good"), b"good" * 20)
        return stream.getvalue()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for name in ("d/other", "d/good"):
            info = tarfile.TarInfo(name)
            info.size = 80
            tar.addfile(info, io.BytesIO(b"good" * 20))
    content = stream.getvalue()[:3584]
    return gzip.compress(content, mtime=0) if kind == "tar.gz" else content


@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz"])
def test_archives(kind: str, tmp_path: Path, fuzz: Any) -> None:
    packed, out = tmp_path / "archive", tmp_path / "out"
    out.mkdir()

    def read(content: bytes) -> None:
        packed.write_bytes(content)
        archives.unpack(packed, {"d/good": (out / "good", 100)})
        assert (out / "good").stat().st_size <= 100

    valid = archive(kind)
    read(valid)
    assert (out / "good").read_bytes() == b"good" * 20
    # A size of a member in base 256, as large and as negative as it gets, after the first name.
    sizes = [valid[:124] + first + bytes([last] * 11) + valid[136:] for first in (b"\x80", b"\xff")
             for last in (0, 1, 0xFF)]  # fmt: skip
    inputs = damaged(valid, (b"../", b"/", b"..", b"\x80" + b"\xff" * 11))
    fuzz(inputs | st.sampled_from(sizes), read)
    assert {path.name for path in out.iterdir()} <= {"good"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["archive", "out"]
