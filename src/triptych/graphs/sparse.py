"""Sparse matrices that multiply dense ones, with the gradient for the dense factor.

The transpose is kept beside the matrix, both by rows (CSR): the gradient of S H is then one more
product of the same kind, in a fixed order of summation, on the CPU and on a GPU.
"""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse
import torch
from torch import Tensor
from torch.nn import functional

from triptych.files import Array

# torch announces once that CSR is in beta; what is used of it here is covered by tests.
warnings.filterwarnings("ignore", message="Sparse CSR tensor support is in beta")


@dataclass(frozen=True, eq=False)
class Sparse:
    """A constant sparse matrix.

    Attributes:
        matrix: CSR, shape [R, C].
        transposed: CSR of the transpose, shape [C, R]; ``matrix`` itself where they are equal.
        order: int64 [entries]; ``transposed.values()`` are ``matrix.values()[order]``.
    """

    matrix: Tensor
    transposed: Tensor
    order: Tensor

    @classmethod
    def from_entries(
        cls,
        rows: Array,
        columns: Array,
        values: Array,
        shape: tuple[int, int],
        dtype: torch.dtype = torch.float32,
    ) -> "Sparse":
        """The matrix with ``values[k]`` at (``rows[k]``, ``columns[k]``), no place named twice."""
        # SciPy sorts by counting, O(entries); the "values" it carries along are their places.
        places = np.arange(len(values), dtype=np.int64)
        by_rows = scipy.sparse.coo_array((places, (rows, columns)), shape=shape).tocsr()
        by_rows.sort_indices()
        forward = torch.as_tensor(values[by_rows.data], dtype=dtype)
        by_rows.data = places
        by_columns = by_rows.tocsc()
        order = torch.as_tensor(by_columns.data)
        matrix = _csr(by_rows.indptr, by_rows.indices, forward, shape)
        backward = forward[order]
        symmetric = (
            shape[0] == shape[1]
            and np.array_equal(by_rows.indptr, by_columns.indptr)
            and np.array_equal(by_rows.indices, by_columns.indices)
            and torch.equal(forward, backward)
        )
        if symmetric:  # one copy: half the memory, and the caches hold twice as much of it
            return cls(matrix, matrix, order)
        transposed = _csr(by_columns.indptr, by_columns.indices, backward, shape[::-1])
        return cls(matrix, transposed, order)

    @classmethod
    def from_dense(cls, dense: Tensor) -> "Sparse":
        """The non-zero entries of a matrix [R, C]."""
        held = scipy.sparse.coo_array(dense.cpu().numpy())
        shape = (dense.shape[0], dense.shape[1])
        made = cls.from_entries(held.row, held.col, held.data, shape, dense.dtype)
        return made.to(dense.device)

    @property
    def values(self) -> Tensor:
        """The entries, row by row."""
        return self.matrix.values()

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.matrix.shape[0], self.matrix.shape[1]

    def with_values(self, values: Tensor) -> "Sparse":
        """The same places with other entries [entries]."""
        return Sparse(
            _like(self.matrix, values), _like(self.transposed, values[self.order]), self.order
        )

    def to(self, device: torch.device) -> "Sparse":
        """The matrix on a device."""
        matrix = self.matrix.to(device)
        one = self.transposed is self.matrix
        transposed = matrix if one else self.transposed.to(device)
        return Sparse(matrix, transposed, self.order.to(device))

    def __matmul__(self, dense: Tensor) -> Tensor:
        """S H for dense H [C, F]: [R, F], differentiable in H."""
        result: Tensor = _Product.apply(self.matrix, self.transposed, dense)  # type: ignore[no-untyped-call]
        return result


def product(matrix: Tensor, dense: Tensor, values: Tensor | None = None) -> Tensor:
    """S H for S [R, C] by rows (CSR) and dense H [C, F]: [R, F], without a gradient.

    ``values`` [entries] stand in for those of S, which then only says where they are.

    A row of S names rows of H and their weights: what an embedding bag is. Its kernel on the CPU is
    compiled for the width and fetches rows before they are needed. Beside the library's product of
    sparse matrices it takes half the time where H fits into the caches and is 32 wide or more, and
    a third where it does not fit.
    """
    held = matrix.values() if values is None else values
    fast = dense.device.type == "cpu" and dense.dtype == held.dtype == torch.float32
    if not (fast and dense.shape[1]):
        of_these = matrix if values is None else _like(matrix, values)
        sparse_product: Tensor = torch.sparse.mm(of_these, dense.contiguous())
        return sparse_product
    with torch.no_grad():
        return functional.embedding_bag(
            matrix.col_indices(),
            dense,
            matrix.crow_indices(),
            mode="sum",
            per_sample_weights=held,
            include_last_offset=True,
        )


Features = Tensor | Sparse


def multiply(features: Features, weight: Tensor) -> Tensor:
    """X W for dense or sparse X [N, F] and W [F, H]: [N, H]."""
    product: Tensor = features @ weight
    return product


class _Product(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, matrix: Tensor, transposed: Tensor, dense: Tensor) -> Tensor:
        ctx.transposed = transposed
        return product(matrix, dense)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[None, None, Tensor]:
        return None, None, product(ctx.transposed, gradients[0])


def _csr(starts: Array, columns: Array, values: Tensor, shape: tuple[int, int]) -> Tensor:
    # Half as many bytes to read for every entry as with the library's default, where they suffice.
    small = max(len(columns), *shape) <= np.iinfo(np.int32).max
    integers = np.int32 if small else np.int64
    return torch.sparse_csr_tensor(
        torch.as_tensor(starts.astype(integers)),
        torch.as_tensor(columns.astype(integers)),
        values,
        size=shape,
        check_invariants=True,
    )


def _like(matrix: Tensor, values: Tensor) -> Tensor:
    return torch.sparse_csr_tensor(
        matrix.crow_indices(),
        matrix.col_indices(),
        values,
        size=matrix.shape,
        check_invariants=False,  # the places are those of a checked matrix
    )
