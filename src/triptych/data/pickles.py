"""The few raw files that are pickles: verified first, then opened with an allow-list.

A pickle can call any function it names. These may name only what arrays, sparse matrices and
plain containers are made of.
"""

import collections
import io
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from triptych.errors import UserError
from triptych.files import sha256_bytes

# The functions themselves, taken from a round trip: their module differs between NumPy versions.
_reconstruct: Callable[..., Any] = np.empty(0).__reduce__()[0]  # type: ignore[assignment]

_ALLOWED: dict[tuple[str, str], Any] = {
    ("numpy.core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy._core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    ("scipy.sparse.csr", "csr_matrix"): csr_matrix,
    ("scipy.sparse._csr", "csr_matrix"): csr_matrix,
    ("collections", "defaultdict"): collections.defaultdict,
    ("__builtin__", "list"): list,
    ("builtins", "list"): list,
}


class _Restricted(pickle.Unpickler):
    def __init__(self, content: bytes, source: str) -> None:
        # latin1: the files were written by Python 2, whose strings are bytes.
        super().__init__(io.BytesIO(content), encoding="latin1")
        self._source = source

    def find_class(self, module: str, name: str) -> Any:
        try:
            return _ALLOWED[module, name]
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
        return _Restricted(content, str(path)).load()
    except UserError:
        raise
    except Exception as error:  # a damaged pickle can raise anything
        raise UserError(f"{path}: expected a pickle of arrays, found none ({error!r})") from None
