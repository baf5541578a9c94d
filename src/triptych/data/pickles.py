"""The few raw files that are pickles: verified first, then opened with an allow-list.

A pickle can call any function it names. These may name only what arrays, sparse matrices and
plain containers are made of, and may not ask for more memory than they have content for.
"""

import collections
import io
import pickle
import pickletools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from triptych.errors import UserError
from triptych.files import sha256_bytes

# The functions themselves, taken from a round trip: their module differs between NumPy versions.
_make: Callable[..., Any] = np.empty(0).__reduce__()[0]  # type: ignore[assignment]


class _Array:
    """Stands for the class of arrays, which a pickle could call with any shape."""


def _reconstruct(kind: Any, shape: Any, code: Any) -> Any:
    """An array without values, as every pickled array begins; its values follow as its state."""
    if kind is not _Array or shape != (0,):
        raise ValueError(f"expected an array to be made empty, found the shape {shape!r}")
    return _make(np.ndarray, (0,), code)


_ALLOWED: dict[tuple[str, str], Any] = {
    ("numpy.core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy._core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): np.dtype,
    ("collections", "defaultdict"): collections.defaultdict,
    ("__builtin__", "list"): list,
    ("builtins", "list"): list,
}


class _Restricted(pickle.Unpickler):
    def __init__(self, content: bytes, source: str) -> None:
        # latin1: the files were written by Python 2, whose strings are bytes.
        super().__init__(io.BytesIO(content), encoding="latin1")
        self._source = source
        # Of this pickle alone, which can set attributes of any class that it names.
        matrix = type("csr_matrix", (csr_matrix,), {})
        modules = ("scipy.sparse.csr", "scipy.sparse._csr")
        self._allowed = _ALLOWED | {(module, "csr_matrix"): matrix for module in modules}

    def find_class(self, module: str, name: str) -> Any:
        try:
            return self._allowed[module, name]
        except KeyError:
            raise UserError(
                f"{self._source}: this pickle asks for {module}.{name}, which no array file "
                "needs; it was not run. Delete the file and fetch it again"
            ) from None

    def persistent_load(self, pid: Any) -> Any:
        raise UserError(
            f"{self._source}: this pickle refers to something outside itself ({pid!r}); "
            "delete the file and fetch it again"
        )


def _check_memo(content: bytes) -> None:
    """Refuse slots beyond the content: the unpickler makes room for all slots up to the largest."""
    for operation, argument, _ in pickletools.genops(content):
        if "PUT" in operation.name and int(str(argument)) > len(content):
            raise ValueError(f"expected at most {len(content)} objects, found number {argument}")


def load(path: Path | str, sha256: str) -> Any:
    """Open a pickled raw file whose content is known.

    The bytes that are hashed are the bytes that are read: nothing can change in between.

    Args:
        path: The file.
        sha256: The digest that it must have.

    Raises:
        UserError: The digest differs, or the pickle is damaged or names something not allowed.
    """
    content = Path(path).read_bytes()
    found = sha256_bytes(content)
    if found != sha256:
        raise UserError(
            f"{path}: expected sha256 {sha256}, found {found}; delete the file and fetch it again"
        )
    try:
        _check_memo(content)
        return _Restricted(content, str(path)).load()
    except UserError:
        raise
    except Exception as error:  # a damaged pickle can raise anything
        raise UserError(f"{path}: expected a pickle of arrays, found none ({error!r})") from None
