"""Features after several steps of averaging, for the few nodes that a loss needs."""

import scipy.sparse
import torch
from torch import Tensor

from triptych.graphs.sparse import Sparse

DENSE_ABOVE = 0.3  # share of non-zero features above which a dense product is faster


def smoothed_rows(matrix: Sparse, x: Tensor, hops: int, index: Tensor) -> Tensor:
    """Rows ``index`` of Âᴷ X.

    From the left, so that only the rows that are asked for are carried along: on Cora, with 140
    labelled nodes of 2,708, this costs a twentieth of smoothing every node.

    Args:
        matrix: Â [N, N].
        x: X [N, F].
        hops: K ≥ 1.
        index: int64 [n].

    Returns:
        [n, F], on the device of ``index``.
    """
    held = matrix.matrix.cpu()
    step = scipy.sparse.csr_array(
        (held.values().numpy(), held.col_indices().numpy(), held.crow_indices().numpy()),
        shape=matrix.shape,
    )
    features = x.cpu().numpy()
    rows = step[index.cpu().numpy()]
    for _ in range(hops - 1):
        rows = rows @ step
    if (features != 0).mean() < DENSE_ABOVE:
        product = (rows @ scipy.sparse.csr_array(features)).toarray()
    else:
        product = rows @ features
    return torch.from_numpy(product).to(index.device)
