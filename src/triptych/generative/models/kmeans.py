"""k-means: the code that is one of k prototypes (Lloyd 1982)."""

from collections.abc import Sequence

import numpy as np
import torch
from pydantic import Field
from sklearn.cluster import KMeans
from torch import Tensor

from triptych.generative.closed_form import ClosedForm
from triptych.model import Batch, Meta
from triptych.params import Count, Distinct, ModelParams


class KMeansParams(ModelParams):
    """Parameters of k-means."""

    code_sizes: Distinct[Count] = Field(
        [2, 4, 8, 16], min_length=1, description="Numbers of prototypes that are measured"
    )
    restarts: int = Field(4, ge=1, description="Starts of the algorithm; the best is kept")


class Entry(ClosedForm):
    """Codes are one-hot: the index of the nearest of k prototypes; no density, no samples."""

    Params = KMeansParams
    family = "k-means"

    def __init__(self, params: KMeansParams, meta: Meta) -> None:
        super().__init__(params, meta)
        self.code_sizes: Sequence[int] = sorted(params.code_sizes)
        for size in self.code_sizes:
            self.register_buffer(f"prototypes_{size}", torch.zeros(size, self.dimensions))

    def fit_closed_form(self, train: Batch, rng: torch.Generator) -> bool:
        """Lloyd's algorithm from k-means++ starts, once for each code size."""
        flat = self.normalised(train["x"]).flatten(1).numpy().astype(np.float64)
        for size in self.code_sizes:
            seed = int(torch.randint(2**31 - 1, (1,), generator=rng))
            fitted = KMeans(size, n_init=self.params.restarts, random_state=seed).fit(flat)
            self._prototypes(size).copy_(torch.from_numpy(fitted.cluster_centers_))
        return True

    def encode(self, x: Tensor, size: int) -> Tensor:
        """One-hot codes [N, size]."""
        flat = self.normalised(x).flatten(1)
        nearest = torch.cdist(flat, self._prototypes(size)).argmin(1)
        return torch.nn.functional.one_hot(nearest, size).to(flat.dtype)

    def decode(self, z: Tensor) -> Tensor:
        """The prototype of each code, [N, C, H, W] in [−1, 1]."""
        return (z @ self._prototypes(z.shape[1])).view(-1, *self.shape)

    def _prototypes(self, size: int) -> Tensor:
        return self.get_buffer(f"prototypes_{size}")
