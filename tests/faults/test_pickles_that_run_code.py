"""Pickles written to run code, to change classes or to take memory: refused, without effect."""

import hashlib
import os
import pickle
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from triptych.data import pickles
from triptych.errors import UserError


def load(folder: Path, content: bytes) -> Any:
    path = folder / "raw"
    path.write_bytes(content)
    return pickles.load(path, hashlib.sha256(content).hexdigest())


class Calls:
    """Pickled as a call."""

    def __init__(self, *call: Any) -> None:
        self.call = call

    def __reduce__(self) -> Any:
        return self.call


RECONSTRUCT = np.empty(0).__reduce__()[0]
ARRAY = b"cnumpy\nndarray\n"
MATRIX = b"cscipy.sparse._csr\ncsr_matrix\n"
EMPTY = b"cnumpy.core.multiarray\n_reconstruct\n" + ARRAY + b"K\0\x85U\x01b\x87R"
EVIL: dict[str, bytes] = {
    "a call": pickle.dumps(Calls(os.system, ("touch mark",)), 2),
    "a call inside of a call": pickle.dumps(Calls(list, (Calls(os.system, ("touch mark",)),)), 2),
    "a call in a state": pickle.dumps(Calls(list, (), Calls(eval, ("1",))), 2),
    "a factory of a dictionary": b"\x80\x02ccollections\ndefaultdict\ncposix\nsystem\n\x85R.",
    "a state for a class": b"\x80\x02" + ARRAY + b"}U\x0c__setstate__cposix\nsystem\nsb.",
    "an array of a shape": pickle.dumps(Calls(RECONSTRUCT, (np.ndarray, (1 << 40,), "b")), 2),
    "an array of a class of its own": pickle.dumps(Calls(RECONSTRUCT, (list, (0,), "b")), 2),
    "the class of arrays called": b"\x80\x02" + ARRAY + b"\x8a\x06\0\0\0\0\0\1\x85\x85R.",
    "a state larger than its content": (
        b"\x80\x02" + EMPTY + b"(K\x01\x8a\x06\0\0\0\0\0\1\x85cnumpy\ndtype\nU\x02i1\x85R\x89U\0tb."
    ),
    "a slot far away": b"\x80\x02Nr" + struct.pack("<I", 0x7FFFFFFF) + b".",
    "a slot far away in text": b"Np2147483647\n.",
    "an extension": b"\x80\x02\x82\x01.",
    "a length of 2^60": b"\x80\x04\x8e" + struct.pack("<Q", 1 << 60) + b"x.",
}  # fmt: skip


@pytest.mark.parametrize("what", EVIL)
def test_is_refused(
    what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limits: Any,
    braved: Callable[[str, int], None],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    with limits(), pytest.raises(UserError, match="raw: "):
        load(tmp_path, EVIL[what])
    assert [path.name for path in tmp_path.iterdir()] == ["raw"]
    braved("faults injected", 1)


def test_a_class_keeps_its_attributes(tmp_path: Path, braved: Callable[[str, int], None]) -> None:
    # BUILD with a pair sets attributes of whatever lies on the stack: here of a class.
    load(tmp_path, b"\x80\x02" + MATRIX + b"N}U\x05shape" + ARRAY + b"s\x86b.")
    assert csr_matrix((2, 3)).shape == (2, 3)
    braved("faults injected", 1)


PIECES = (
    b"(", b"]", b"}", b"N", b"K\x02", b"t", b"\x85", b"\x86", b"\x87", b"R", b"b", b"a", b"e", b"s",
    b"u", b"q\0", b"h\0", b"2", b"0", b"\x81", b"U\x01b", ARRAY, MATRIX, EMPTY,
    b"cnumpy\ndtype\n", b"cbuiltins\nlist\n", b"ccollections\ndefaultdict\n", b"cposix\nsystem\n",
    b"\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x0f", b"r\0\0\0\x0f", b"\x89", b"U\x02i8",
)  # fmt: skip


def test_programs_of_random_steps(tmp_path: Path, fuzz: Any) -> None:
    programs = st.lists(st.sampled_from(PIECES), min_size=1, max_size=12).map(b"".join)
    fuzz(programs.map(lambda steps: b"\x80\x02" + steps + b"."), lambda c: load(tmp_path, c))
    assert csr_matrix((2, 3)).toarray().tolist() == [[0.0] * 3] * 2
