"""Softmax over the neighbours of every node, and the weighted sum that it makes, head by head."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from triptych.graphs.adjacency import Edges
from triptych.graphs.sparse import Sparse, product

SLOPE = 0.2  # of LeakyReLU below zero (Veličković et al. 2018)
BLOCK = 2048  # edges whose two rows are multiplied at once: they stay in a core's cache

Structure = tuple[Sparse, Sparse, Sparse]


def structure(edges: Edges, nodes: int, dtype: torch.dtype) -> Structure:
    """What attention over these edges needs, M edges in the order of target, then source.

    Args:
        edges: int64 [2, M], distinct; row 0 source, row 1 target; loops are edges like others.
        nodes: N.
        dtype: Type of the entries, which are all 1.

    Returns:
        ``pattern`` [N, N] with a place for each edge at (target, source); ``into`` [N, M] with a 1
        at (target of m, m): its product sums over the edges into a node; ``out`` [N, M] with a 1
        at (source of m, m).
    """
    source, target = edges[:, np.lexsort((edges[0], edges[1]))]
    number, ones = np.arange(len(source)), np.ones(len(source))
    places = (target, source, nodes), (target, number, len(source)), (source, number, len(source))
    pattern, into, out = (
        Sparse.from_entries(rows, columns, ones, (nodes, width), dtype)
        for rows, columns, width in places
    )
    return pattern, into, out


def ends(graph: Structure) -> tuple[Tensor, Tensor]:
    """Source and target of every edge: int64 [M] each."""
    _, into, out = graph
    return out.transposed.col_indices(), into.transposed.col_indices()


def softmax(graph: Structure, scores: Tensor) -> Tensor:
    """exp(score) over its sum at the same target: [M, K] from scores [M, K].

    The largest score of each target is taken off first, so that nothing overflows.
    """
    pattern, into, _ = graph
    _, target = ends(graph)
    starts = pattern.matrix.crow_indices()
    top = torch.segment_reduce(scores, "max", offsets=starts, axis=0)
    powers = (scores - top.index_select(0, target)).exp()
    total = product(into.matrix, powers)
    shares: Tensor = powers / total.index_select(0, target)
    return shares


def weights(graph: Structure, to_source: Tensor, to_target: Tensor) -> Tensor:
    """α = softmax_j LeakyReLU(to_source_j + to_target_i), without gradient: [M, K].

    Args:
        graph: Of :func:`structure`.
        to_source: Part of the score that the source brings, [N, K].
        to_target: Part of the score that the target brings, [N, K].
    """
    return softmax(graph, _leaky(_sums(graph, to_source.detach(), to_target.detach())))


def attend(
    graph: Structure, to_source: Tensor, to_target: Tensor, h: Tensor, keep: Tensor | None = None
) -> Tensor:
    """Σ_j keep_ij α_ij h_j for every node i and head, differentiable in all but ``keep``.

    Written out with its gradient, since the intermediate [M, K, H] of the plain form would cost
    three times the seconds on 1e5 edges.

    Args:
        graph: Of :func:`structure`.
        to_source: [N, K], as for :func:`weights`.
        to_target: [N, K].
        h: [N, K, H].
        keep: [M, K]: factors on α after the softmax (dropout); None for 1.

    Returns:
        [N, K, H].
    """
    if keep is None:
        keep = to_source.new_ones(graph[0].values.numel(), to_source.shape[1])
    result: Tensor = _Attend.apply(graph, to_source, to_target, h, keep)  # type: ignore[no-untyped-call]
    return result


class _Attend(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, graph: Structure, to_source: Tensor, to_target: Tensor, h: Tensor, keep: Tensor
    ) -> Tensor:
        sums = _sums(graph, to_source, to_target)
        alpha = softmax(graph, _leaky(sums))
        weighted = (alpha * keep).T.contiguous()
        heads = h.transpose(0, 1).contiguous()
        matrices = [graph[0].with_values(each) for each in weighted]
        ctx.graph, ctx.matrices = graph, matrices
        ctx.save_for_backward(sums, alpha, h, keep)
        products = [product(m.matrix, each) for m, each in zip(matrices, heads, strict=True)]
        return torch.stack(products, dim=1)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[None, Tensor, Tensor, Tensor, None]:
        (gradient,) = gradients
        sums, alpha, h, keep = ctx.saved_tensors
        _, into, out = ctx.graph
        heads = gradient.transpose(0, 1).contiguous()
        to_h = [product(m.transposed, each) for m, each in zip(ctx.matrices, heads, strict=True)]
        to_alpha = _products(ctx.graph, gradient, h) * keep
        share = alpha * to_alpha
        _, target = ends(ctx.graph)
        inner = product(into.matrix, share).index_select(0, target)
        to_sums = (share - alpha * inner) * torch.where(sums > 0, 1.0, SLOPE)
        return (
            None,
            product(out.matrix, to_sums),
            product(into.matrix, to_sums),
            torch.stack(to_h, dim=1),
            None,
        )


def _sums(graph: Structure, to_source: Tensor, to_target: Tensor) -> Tensor:
    source, target = ends(graph)
    return to_source.index_select(0, source) + to_target.index_select(0, target)


def _leaky(sums: Tensor) -> Tensor:
    return torch.nn.functional.leaky_relu(sums, SLOPE)


def _products(graph: Structure, at_target: Tensor, at_source: Tensor) -> Tensor:
    """⟨at_target_i, at_source_j⟩ per head for every edge j → i: [M, K] from two [N, K, H]."""
    nodes, heads, width = at_source.shape
    left, right = at_target.reshape(nodes, -1), at_source.reshape(nodes, -1)
    ones = left.new_ones(width)
    source, target = ends(graph)
    blocks = [
        (left.index_select(0, i) * right.index_select(0, j)).view(-1, width) @ ones
        for i, j in zip(torch.split(target, BLOCK), torch.split(source, BLOCK), strict=True)
    ]
    return torch.cat(blocks).view(-1, heads)
