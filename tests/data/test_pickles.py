"""The allow-list of the restricted unpickler."""

import collections
import hashlib
import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from triptych.data import pickles
from triptych.errors import UserError


def load(tmp_path: Path, content: bytes) -> Any:
    path = tmp_path / "raw"
    path.write_bytes(content)
    return pickles.load(path, hashlib.sha256(content).hexdigest())


class Evil:
    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> Any:
        return self.call


@pytest.mark.parametrize(
    ("function", "argument", "name"),
    [
        (os.system, "true", "posix.system"),
        (eval, "1", "builtins.eval"),
        (getattr, "x", "builtins.getattr"),
        (np.load, "x", "numpy.load"),
        (pickle.loads, b"", "_pickle.loads"),
    ],
)
def test_anything_else_is_refused_by_name(
    tmp_path: Path, function: Any, argument: Any, name: str
) -> None:
    called = tmp_path / "called"
    content = pickle.dumps([1, Evil(function, argument)], protocol=2)
    with pytest.raises(UserError, match=f"asks for .*{name.split('.')[-1]}"):
        load(tmp_path, content)
    assert not called.exists()


def test_a_refused_function_is_not_called(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    with pytest.raises(UserError, match=r"asks for (_?io)\.open"):
        load(tmp_path, pickle.dumps(Evil(open, str(mark), "w")))
    assert not mark.exists()


def test_dotted_names_do_not_reach_through(tmp_path: Path) -> None:
    # Protocol 4 can name an attribute of an attribute: numpy "ndarray.__class__".
    content = b"\x80\x04\x8c\x05numpy\x8c\x11ndarray.__class__\x93."
    with pytest.raises(UserError, match=r"numpy\.ndarray\.__class__"):
        load(tmp_path, content)


def test_persistent_reference_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="outside itself"):
        load(tmp_path, b"Pabc\n.")


def test_arrays_matrices_and_containers_pass(tmp_path: Path) -> None:
    matrix = csr_matrix(np.array([[0.0, 2.0], [0.0, 0.0]]))
    graph = collections.defaultdict(list, {0: [1, 2]})
    value = {"x": np.arange(3, dtype=np.int32), "graph": graph, "m": matrix}
    read = load(tmp_path, pickle.dumps(value, protocol=3))
    assert np.array_equal(read["x"], value["x"])
    assert read["graph"][0] == [1, 2]
    assert (read["m"] != matrix).nnz == 0


def test_python_2_pickle_of_an_array(tmp_path: Path) -> None:
    # Written by hand as Python 2 wrote it: the bytes of [1, 2] (int32) as a str, old module names.
    content = (
        b"\x80\x02cnumpy.core.multiarray\n_reconstruct\nq\x01cnumpy\nndarray\nq\x02K\x00\x85q\x03"
        b"U\x01bq\x04\x87q\x05Rq\x06(K\x01K\x02\x85q\x07cnumpy\ndtype\nq\x08U\x02i4q\tK\x00K\x01"
        b"\x87q\nRq\x0b(K\x03U\x01<q\x0cNNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tq\rb\x89"
        b"U\x08\x01\x00\x00\x00\x02\x00\x00\x00q\x0etq\x0fb."
    )
    assert load(tmp_path, content).tolist() == [1, 2]


def test_nothing_is_opened_before_its_digest_matches(tmp_path: Path) -> None:
    path = tmp_path / "raw"
    path.write_bytes(pickle.dumps([1]))
    with pytest.raises(UserError, match=f"expected sha256 {'0' * 64}, found"):
        pickles.load(path, "0" * 64)


@pytest.mark.parametrize("content", [b"", b"\x80\x02]q\x00(K\x01", b"not a pickle"])
def test_damaged_pickle(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(UserError, match="expected a pickle of arrays"):
        load(tmp_path, content)
