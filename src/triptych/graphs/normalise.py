"""Scaling of node features; in a transductive task all of them are known, only labels are not."""

from typing import Literal

from torch import Tensor

Scaling = Literal["none", "rows", "columns"]


def scale(x: Tensor, scaling: Scaling) -> Tensor:
    """Features [N, F] as the network sees them."""
    if scaling == "rows":
        return rows(x)
    return columns(x) if scaling == "columns" else x


def rows(x: Tensor) -> Tensor:
    """Every row divided by the sum of its absolute values; rows of zeros stay zeros.

    For word counts this is the row normalisation of Kipf and Welling (2017). CiteSeer has empty
    rows, so the division is guarded.
    """
    total = x.abs().sum(dim=1, keepdim=True)
    return x / total.where(total > 0, 1.0)


def columns(x: Tensor) -> Tensor:
    """Every column at mean 0 and variance 1 over all nodes; constant columns become zeros."""
    centred = x - x.mean(dim=0)
    deviation = centred.square().mean(dim=0).sqrt()
    # A constant column's deviation is rounding error, not zero.
    varies = deviation > 1e-6 * x.abs().amax(dim=0)
    return (centred / deviation.where(varies, 1.0)) * varies
