"""Readers of raw files: what is damaged is refused with a message or read as valid data.

The digests of the damaged files are recorded as if they were right, so that the readers see them.
"""

import gzip
import hashlib
import io
import json
import pickle
import struct
import zipfile
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from damage import damaged
from hypothesis import strategies as st
from PIL import Image
from scipy.sparse import csr_matrix

from triptych.data.catalogue import DataSet, get
from triptych.data.prepare import read_raw
from triptych.files import canonical_json, write_arrays

RNG = np.random.default_rng(0)
Files = dict[str, bytes]


def idx(*shape: int) -> bytes:
    values = RNG.integers(0, 3, shape, np.uint8)
    return struct.pack(f">BBBB{len(shape)}I", 0, 0, 8, len(shape), *shape) + values.tobytes()


def npy(values: Any) -> bytes:
    stream = io.BytesIO()
    np.save(stream, values)
    return stream.getvalue()


def picture(kind: str, *shape: int) -> bytes:
    stream = io.BytesIO()
    pixels = RNG.integers(0, 256, shape, np.uint8)
    Image.fromarray(pixels if len(shape) == 3 else pixels > 99).save(stream, kind)
    return stream.getvalue()


def zipped(members: Files) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return stream.getvalue()


def mnist(train: int = 4) -> Files:
    return {
        "train-images-idx3-ubyte.gz": gzip.compress(idx(train, 1, 2)),
        "train-labels-idx1-ubyte.gz": gzip.compress(idx(train)),
        "t10k-images-idx3-ubyte.gz": gzip.compress(idx(2, 1, 2)),
        "t10k-labels-idx1-ubyte.gz": gzip.compress(idx(2)),
    }


def binarized() -> Files:
    row = b" ".join([b"0", b"1"] * 392) + b"\n"
    return {f"binarized_mnist_{part}.amat": row * 2 for part in ("train", "valid", "test")}


def cifar() -> Files:
    names = [f"data_batch_{number}" for number in range(1, 6)] + ["test_batch"]
    batch = {"data": RNG.integers(0, 256, (2, 3072), np.uint8), "labels": [3, 7]}
    meta = {"label_names": [f"class {number}" for number in range(10)]}
    return {name: pickle.dumps(batch, 3) for name in names} | {
        "batches.meta": pickle.dumps(meta, 3),
        "cifar10h-counts.npy": npy(np.eye(2, 10)),
    }


def cifar_c() -> Files:
    return {
        "labels.npy": npy(np.tile(np.arange(2), 5)),
        "fog.npy": npy(RNG.integers(0, 256, (10, 32, 32, 3), np.uint8)),
    }


def cora() -> Files:
    words = csr_matrix(np.eye(4, 3, dtype=np.float32))
    one_hot = np.eye(4, 2, dtype=np.int32)
    graph = defaultdict(list, {node: [(node + 1) % 6] for node in range(6)})
    parts = {
        "x": words[:2], "allx": words, "tx": words[:2], "ty": one_hot[:2], "ally": one_hot,
        "graph": graph,
    }  # fmt: skip
    content = {f"ind.cora.{name}": pickle.dumps(value, 3) for name, value in parts.items()}
    return content | {"ind.cora.test.index": b"5\n4\n"}


def mutag() -> Files:
    texts = {
        "A": "1, 2\n2, 1\n3, 4\n4, 3\n", "graph_indicator": "1\n1\n2\n2\n",
        "graph_labels": "1\n-1\n", "node_labels": "0\n1\n0\n2\n", "edge_labels": "0\n0\n1\n1\n",
        "node_attributes": "0.5, 1\n1, 2\n0, 0\n-1, 3e2\n",
    }  # fmt: skip
    return {f"MUTAG_{name}.txt": text.encode() for name, text in texts.items()}


def esol() -> Files:
    rows = ["CCO,-0.77", "c1ccccc1[N+](=O)[O-],-1.8", "CC(=O)Oc1ccccc1.[Na+],-2", "[2H]C,1e-3"]
    return {"delaney-processed.csv": "\n".join(["smiles,y", *rows]).encode()}


def frost() -> Files:
    return {"frost1.png": picture("PNG", 5, 4, 3), "frost4.jpg": picture("JPEG", 5, 4, 3)}


def omniglot() -> Files:
    drawing = picture("PNG", 5, 5)
    return {"set.zip": zipped({f"set/Greek/c{n}/a.png": drawing for n in (1, 2)})}


MOLECULES = {"file": "delaney-processed.csv", "smiles": "smiles", "target": "y", "classes": None}
READERS: dict[str, tuple[str, Callable[[], Files], dict[str, Any] | None]] = {
    "images.idx": ("mnist", mnist, None),
    "images.dynamic_mnist": ("dynamic_mnist", lambda: mnist(60_000), None),
    "images.binarized_mnist": ("binarized_mnist", binarized, None),
    "images.cifar10": ("cifar10", cifar, None),
    "annotated.cifar10_human": ("cifar10_human", cifar, None),
    "cifar_c.published": ("cifar10_c", cifar_c, None),
    "planetoid.public_split": ("cora", cora, None),
    "fastgcn.split": ("cora_fastgcn", cora, None),
    "tu.graph_set": ("mutag", mutag, None),
    "molecules.table": ("esol", esol, MOLECULES),
    "pictures.frost": ("frost", frost, None),
    "pictures.omniglot": ("omniglot_small1", omniglot, {"file": "set.zip"}),
}
TOKENS = (
    b"[", b"(", b"%99", b"c1", b"=", b".", b"\t", b"#", b"nan,", b"R", b"b", b"cos\nsystem\n",
    b"r\xff\xff\xff\x7f", b"0", b"2", b"e", b"'O'", b"'descr'",
)  # fmt: skip


def entry(reader: str) -> tuple[DataSet, Files]:
    name, make, arguments = READERS[reader]
    dataset = get(name)
    assert dataset.reader == reader
    changes = {} if arguments is None else {"arguments": arguments}
    return dataset.model_copy(update=changes), make()


def put(folder: Path, contents: Files) -> None:
    folder.mkdir(exist_ok=True)
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    digests = {n: {"sha256": hashlib.sha256(c).hexdigest()} for n, c in contents.items()}
    (folder / "manifest.json").write_text(json.dumps(digests))


def test_every_reader_of_files_is_fuzzed() -> None:
    from triptych.data.catalogue import catalogue

    readers = {dataset.reader for dataset in catalogue().values() if dataset.files}
    assert readers - {"images.cifar10h"} == set(READERS)  # which cifar10_human calls


@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning", "ignore:loadtxt:UserWarning")
@pytest.mark.parametrize("reader", READERS)
def test_damaged_raw_files(reader: str, tmp_path: Path, fuzz: Any) -> None:
    dataset, contents = entry(reader)
    raw, out = tmp_path / "raw", tmp_path / "out"

    def read(change: tuple[str, bytes, bool]) -> None:
        name, content, packed = change
        put(raw, contents | {name: gzip.compress(content, 1) if packed else content})
        found = read_raw(dataset, raw)
        write_arrays(out / "arrays", found.arrays)  # what is accepted can be kept
        canonical_json(found.meta)

    first = next(iter(contents))
    read((first, contents[first], False))
    write_arrays(out / "valid", read_raw(dataset, raw).arrays)

    def change(name: str) -> st.SearchStrategy[tuple[str, bytes, bool]]:
        packed = name.endswith(".gz")
        whole = damaged(contents[name], TOKENS)
        inner = damaged(gzip.decompress(contents[name]), TOKENS) if packed else whole
        return st.tuples(st.just(name), inner, st.just(packed)) | st.tuples(
            st.just(name), whole, st.just(False)
        )

    fuzz(st.sampled_from(sorted(contents)).flatmap(change), read)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "raw"]
