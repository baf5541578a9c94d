"""Chosen rows of a sparse matrix: what a minibatch reads of an operator, and of wide features."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from triptych.graphs.sparse import Sparse, product


@dataclass(frozen=True, eq=False)
class Entries:
    """A small sparse matrix by its entries; a place may be named twice, which adds up.

    Attributes:
        shape: Rows and columns.
        row: int64 [e], ascending.
        column: int64 [e].
        value: [e].
    """

    shape: tuple[int, int]
    row: Tensor
    column: Tensor
    value: Tensor

    def __matmul__(self, dense: Tensor) -> Tensor:
        """The product with H [columns, F]: [rows, F], differentiable in H."""
        numbers = torch.arange(self.shape[0] + 1, device=self.row.device)
        starts = torch.searchsorted(self.row, numbers)
        matrix = _csr(starts, self.column, self.value.to(dense.dtype), self.shape)
        result: Tensor = _Product.apply(matrix, self.row, dense)  # type: ignore[no-untyped-call]
        return result

    def dense(self) -> Tensor:
        """The matrix written out; for checking."""
        out = torch.zeros(self.shape, dtype=self.value.dtype, device=self.value.device)
        return out.index_put((self.row, self.column), self.value, accumulate=True)


@dataclass(frozen=True, eq=False)
class Rows:
    """A sparse matrix [R, C] that gives away whole rows.

    Attributes:
        width: C.
        starts: int64 [R + 1]; row i has the entries ``starts[i]`` to ``starts[i + 1]``.
        column: int64 [entries].
        value: [entries].
    """

    width: int
    starts: Tensor
    column: Tensor
    value: Tensor

    @classmethod
    def of(cls, sparse: Sparse) -> "Rows":
        """The same matrix."""
        matrix = sparse.matrix
        return cls(
            sparse.shape[1],
            matrix.crow_indices().to(torch.int64),
            matrix.col_indices().to(torch.int64),
            matrix.values(),
        )

    def __len__(self) -> int:
        return len(self.starts) - 1

    def places(self, chosen: Tensor) -> tuple[Tensor, Tensor]:
        """Where the entries of some rows lie.

        Args:
            chosen: int64 [B], rows.

        Returns:
            For every entry of those rows, row after row: its row's position in ``chosen`` and its
            place in ``column`` and ``value``; both int64 [e].
        """
        first = self.starts[chosen]
        counts = self.starts[chosen + 1] - first
        row = torch.repeat_interleave(counts)
        before = counts.cumsum(0) - counts
        place = torch.arange(len(row), device=row.device) + (first - before)[row]
        return row, place

    def take(self, chosen: Tensor, value: Tensor | None = None) -> Entries:
        """Rows of the matrix as a matrix [B, C].

        Args:
            chosen: int64 [B].
            value: Other values for all entries of the matrix.
        """
        row, place = self.places(chosen)
        values = self.value if value is None else value
        return Entries((len(chosen), self.width), row, self.column[place], values[place])

    def __matmul__(self, dense: Tensor) -> Tensor:
        """The product with H [C, F]: [R, F]; without a gradient."""
        with torch.no_grad():
            value, shape = self.value.to(dense.dtype), (len(self), self.width)
            matrix = _csr(self.starts, self.column, value, shape)
            return product(matrix, dense)

    def with_values(self, value: Tensor) -> "Rows":
        """The same places with other entries."""
        return Rows(self.width, self.starts, self.column, value)


class _Product(torch.autograd.Function):
    """S H with the gradient for H alone."""

    @staticmethod
    def forward(ctx: Any, matrix: Tensor, row: Tensor, dense: Tensor) -> Tensor:
        ctx.matrix, ctx.row = matrix, row
        return product(matrix, dense)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[None, None, Tensor]:
        # Entry by entry: a minibatch has few, and the library would sort them by column first.
        matrix, (gradient,) = ctx.matrix, gradients
        found = gradient.new_zeros(matrix.shape[1], gradient.shape[1])
        terms = gradient.index_select(0, ctx.row) * matrix.values()[:, None]
        return None, None, found.index_add_(0, matrix.col_indices(), terms)


def _csr(starts: Tensor, column: Tensor, value: Tensor, shape: tuple[int, int]) -> Tensor:
    # Columns of a row may come in any order, and twice: a product does not mind, a check would.
    return torch.sparse_csr_tensor(starts, column, value, size=shape, check_invariants=False)
