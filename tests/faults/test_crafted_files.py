"""Files made to mislead: sizes that overflow, types nobody has, rows cut where it does not show."""

import gzip
import json
import pickle
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.sparse import csr_matrix
from test_fuzz_readers import entry, put

from triptych import files, records
from triptych.checkpoint import Checkpoint
from triptych.data import images
from triptych.data.prepare import read_raw
from triptych.errors import UserError

Braved = Callable[[str, int], None]


def idx_header(*shape: int) -> bytes:
    return struct.pack(f">BBBB{len(shape)}I", 0, 0, 8, len(shape), *shape)


@pytest.mark.parametrize(
    "content",
    [
        idx_header(1 << 31, 1 << 31, 4),  # 2^64 values: none, in 64 bits
        idx_header(*[1] * 100) + b"x",  # more dimensions than an array can have
        idx_header(0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF) + b"x",
    ],
)
def test_sizes_that_overflow(content: bytes, tmp_path: Path, braved: Braved) -> None:
    (tmp_path / "a.gz").write_bytes(gzip.compress(content))
    with pytest.raises(UserError, match="expected values of shape"):
        images.read_idx(tmp_path / "a.gz")
    braved("faults injected", 1)


def test_what_unpacks_to_more_than_it_may(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, braved: Braved
) -> None:
    monkeypatch.setattr(images, "LARGEST", 1000)
    monkeypatch.setattr(records, "LIMIT", 1000)
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(bytes(1001)))
    for read in (images.read_idx, records.read):
        with pytest.raises(UserError, match="expected at most 1000 bytes"):
            read(tmp_path / "a.csv.gz")
        braved("faults injected", 1)


def test_a_row_that_ends_before_its_last_value(tmp_path: Path, braved: Braved) -> None:
    row = "graphs,nodes,karate,gcn,0,test,accuracy,0.5,fraction,exact,34"  # and no protocol
    (tmp_path / "r.csv").write_text(f"{','.join(records.COLUMNS)}\n{row}\n")
    with pytest.raises(UserError, match=r"line 2: .*found a damaged row \(expected 12 values\)"):
        records.read(tmp_path / "r.csv")
    braved("faults injected", 1)


@pytest.mark.parametrize("content", ["[" * 100_000, '{"a": ' * 100_000, "9" * 5000])
def test_json_beyond_what_python_reads(content: str, tmp_path: Path, braved: Braved) -> None:
    (tmp_path / "a.json").write_text(content)
    with pytest.raises(UserError, match=r"a\.json: expected JSON"):
        files.read_json(tmp_path / "a.json")
    braved("faults injected", 1)


def test_a_folder_for_a_file(tmp_path: Path, braved: Braved) -> None:
    for read in (files.read_json, files.read_arrays, records.read):
        with pytest.raises(UserError, match="found none"):
            read(tmp_path)
        braved("faults injected", 1)


@pytest.mark.parametrize("kind", ["BF16", "F8_E4M3", "F99"])
def test_arrays_of_a_type_that_numpy_has_not(kind: str, tmp_path: Path, braved: Braved) -> None:
    size = 1 if kind == "F8_E4M3" else 2
    header = {"x": {"dtype": kind, "shape": [4], "data_offsets": [0, 4 * size]}}
    text = json.dumps(header).encode()
    (tmp_path / "a").write_bytes(len(text).to_bytes(8, "little") + text + bytes(4 * size))
    with pytest.raises(UserError, match="found a damaged one"):
        files.read_arrays(tmp_path / "a")
    braved("faults injected", 1)


def test_a_checkpoint_with_one_wrong_bit_is_not_continued(tmp_path: Path, braved: Braved) -> None:
    checkpoint = Checkpoint(tmp_path / "c", key="k")
    checkpoint.save({"w": torch.arange(8.0), "flag": torch.tensor([True])}, {"step": 3})
    assert checkpoint.load() is not None
    content = bytearray(checkpoint.path.read_bytes())
    content[-10] ^= 1
    checkpoint.path.write_bytes(content)
    assert checkpoint.load() is None
    braved("faults injected", 1)


@pytest.mark.parametrize(
    ("reader", "name", "content", "complaint"),
    [
        ("planetoid.public_split", "ind.cora.test.index", b"4\n1152921504606846976\n", "below 12"),
        ("tu.graph_set", "MUTAG_edge_labels.txt", b"0\n0\n1\n", "expected 4 edge labels"),
        ("tu.graph_set", "MUTAG_node_attributes.txt", b"0\n", "expected 4 node attributes"),
        ("cifar_c.published", "labels.npy", b"", "expected an array"),
        ("molecules.table", "delaney-processed.csv", b"smiles,y\nC", "molecules.table can read"),
        ("pictures.omniglot", "set.zip", b"PK\5\6" + bytes(18), "pictures.omniglot can read"),
    ],
)
def test_raw_files_of_another_layout(
    reader: str, name: str, content: bytes, complaint: str, tmp_path: Path, braved: Braved
) -> None:
    dataset, contents = entry(reader)
    put(tmp_path / "raw", contents | {name: content})
    with pytest.raises(UserError, match=complaint):
        read_raw(dataset, tmp_path / "raw")
    braved("faults injected", 1)


@pytest.mark.parametrize(
    ("field", "value"), [("indices", [0, 1, 2, 1 << 20]), ("indptr", [0, 1 << 20, 2, 3, 3])]
)
def test_a_sparse_matrix_that_points_outside_of_itself(
    field: str, value: list[int], tmp_path: Path, braved: Braved
) -> None:
    dataset, contents = entry("planetoid.public_split")
    matrix = csr_matrix(np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 0, 0]], dtype=np.float32))
    setattr(matrix, field, np.array(value, dtype=np.int32))
    put(tmp_path / "raw", contents | {"ind.cora.allx": pickle.dumps(matrix, 3)})
    with pytest.raises(UserError, match=r"planetoid\.public_split can read"):
        read_raw(dataset, tmp_path / "raw")
    braved("faults injected", 1)


def test_missing_raw_files(tmp_path: Path, braved: Braved) -> None:
    for reader in ("tu.graph_set", "images.idx", "molecules.table", "cifar_c.published"):
        dataset, contents = entry(reader)
        *left, gone = sorted(contents)
        folder = tmp_path / reader
        put(folder, {name: contents[name] for name in left})
        with pytest.raises(UserError):
            read_raw(dataset, folder)
        assert gone not in [path.name for path in folder.iterdir()]
        braved("faults injected", 1)


def test_a_description_that_is_no_json(tmp_path: Path, braved: Braved) -> None:
    from triptych.data import parts

    path = tmp_path / "train.safetensors"
    for text in ("{", "[]", json.dumps("x")):
        files.write_arrays(path, {"x": np.zeros(1)}, {"meta": text})
        with pytest.raises(UserError, match="expected a part of a data set"):
            parts.read_part(path)
        braved("faults injected", 1)
