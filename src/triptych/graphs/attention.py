"""Softmax over the neighbours of every node, and the weighted sum that it makes, head by head."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from triptych.graphs.adjacency import Edges
from triptych.graphs.sparse import Sparse, product

SPAN = 80.0  # exp(-80) = 2e-35 is a normal number in single precision, exp(-88) is not
NARROW = 8  # units of a head, below which the library's sampled product is slow
BLOCK = 2048  # edges whose two rows are multiplied at once: they stay in a core's cache
SLOPE = 0.2  # of LeakyReLU below zero (Veličković et al. 2018)

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

    The largest score is taken off first, so that nothing overflows; where scores lie so far apart
    that all powers of a target could then vanish, the largest of each target.
    """
    pattern, into, _ = graph
    _, target = ends(graph)
    low, high = scores.aminmax() if scores.numel() else (scores.sum(), scores.sum())
    if high - low < SPAN:
        powers = (scores - high).exp()
    else:
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
        ctx.graph = graph
        ctx.save_for_backward(sums, alpha, h, keep)
        return _by_head(graph[0].matrix, alpha * keep, h)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[None, Tensor, Tensor, Tensor, None]:
        (gradient,) = gradients
        sums, alpha, h, keep = ctx.saved_tensors
        pattern, into, out = ctx.graph
        to_h = _by_head(pattern.transposed, (alpha * keep).index_select(0, pattern.order), gradient)
        to_alpha = _products(ctx.graph, gradient, h) * keep
        share = alpha * to_alpha
        _, target = ends(ctx.graph)
        inner = product(into.matrix, share).index_select(0, target)
        to_scores = share - alpha * inner
        to_sums = torch.ops.aten.leaky_relu_backward(to_scores, sums, SLOPE, False)
        return None, product(out.matrix, to_sums), product(into.matrix, to_sums), to_h, None


def _sums(graph: Structure, to_source: Tensor, to_target: Tensor) -> Tensor:
    source, target = ends(graph)
    return to_source.index_select(0, source) + to_target.index_select(0, target)


def _leaky(sums: Tensor) -> Tensor:
    return torch.nn.functional.leaky_relu(sums, SLOPE)


def _by_head(places: Tensor, weights: Tensor, h: Tensor) -> Tensor:
    """The weighted sums of every head: [N, K, H] from CSR places, [M, K] and [N, K, H]."""
    heads = zip(weights.T.contiguous(), h.transpose(0, 1).contiguous(), strict=True)
    return torch.stack([product(places, each, own) for own, each in heads], dim=1)


def _products(graph: Structure, at_target: Tensor, at_source: Tensor) -> Tensor:
    """⟨at_target_i, at_source_j⟩ per head for every edge j → i: [M, K] from two [N, K, H]."""
    if at_source.shape[-1] < NARROW:
        return _narrow_products(graph, at_target, at_source)
    pattern = graph[0].matrix
    pairs = zip(at_target.transpose(0, 1), at_source.transpose(0, 1), strict=True)
    # β = 0: the entries of the pattern are left out.
    found = [torch.sparse.sampled_addmm(pattern, i, j.T, beta=0).values() for i, j in pairs]
    return torch.stack(found, dim=1)


def _narrow_products(graph: Structure, at_target: Tensor, at_source: Tensor) -> Tensor:
    """The same, all heads of an edge at once: two to six times faster where H is small."""
    nodes, heads, width = at_source.shape
    left, right = at_target.reshape(nodes, -1), at_source.reshape(nodes, -1)
    ones = left.new_ones(width)
    source, target = ends(graph)
    blocks = [
        (left.index_select(0, i) * right.index_select(0, j)).view(-1, width) @ ones
        for i, j in zip(torch.split(target, BLOCK), torch.split(source, BLOCK), strict=True)
    ]
    return torch.cat(blocks).view(-1, heads)
