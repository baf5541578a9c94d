"""Principal component analysis: the linear code of least squared error (Eckart & Young 1936)."""

from collections.abc import Sequence

import numpy as np
import torch
from pydantic import Field
from sklearn.decomposition import PCA
from torch import Tensor

from triptych.generative.base import GenerativeModel
from triptych.model import Batch, Meta
from triptych.params import Count, Distinct, ModelParams


class PCAParams(ModelParams):
    """Parameters of PCA."""

    code_sizes: Distinct[Count] = Field(
        [2, 4, 8, 16], min_length=1, description="Numbers of components that are measured"
    )


class Entry(GenerativeModel):
    """Mean and leading eigenvectors of the training covariance; no density, no samples."""

    Params = PCAParams
    family = "PCA"

    mean: Tensor
    components: Tensor

    def __init__(self, params: PCAParams, meta: Meta) -> None:
        super().__init__(params, meta)
        self.code_sizes: Sequence[int] = sorted(params.code_sizes)
        self.register_buffer("mean", torch.zeros(self.dimensions))
        self.register_buffer("components", torch.zeros(self.code_sizes[-1], self.dimensions))

    def fit_closed_form(self, train: Batch, rng: torch.Generator) -> bool:
        """Full SVD of the centred training images; the training mean alone is subtracted."""
        flat = self.normalised(train["x"]).flatten(1).numpy().astype(np.float64)
        fitted = PCA(self.code_sizes[-1], svd_solver="full").fit(flat)
        self.mean.copy_(torch.from_numpy(fitted.mean_))
        self.components.copy_(torch.from_numpy(fitted.components_))
        return True

    def encode(self, x: Tensor, size: int) -> Tensor:
        """Leading ``size`` scores [N, size]."""
        flat = self.normalised(x).flatten(1) - self.mean
        return flat @ self.components[:size].T

    def decode(self, z: Tensor) -> Tensor:
        """Images [N, C, H, W] in the span of the leading components."""
        flat = z @ self.components[: z.shape[1]] + self.mean
        return flat.view(-1, *self.shape)
