"""Independent pixels: the likelihood of an image if no pixel told of another."""

import math

import torch
from pydantic import Field
from torch import Tensor

from triptych.generative.base import Likelihood
from triptych.generative.closed_form import SELECTION, ClosedForm
from triptych.model import Batch, Meta
from triptych.params import ModelParams, Positive
from triptych.training import predict_in_batches


class IndependentPixelsParams(ModelParams):
    """Parameters of independent pixels."""

    smoothing: list[Positive] = Field(
        [0.01, 0.03, 0.1, 0.3, 1.0, 3.0],
        min_length=1,
        description="Pseudo-counts per level; the one with the best validation likelihood is kept",
    )


class Entry(ClosedForm):
    """p(x) = Π_i p_i(x_i), each p_i the smoothed frequencies (n_ik + α) / (N + αL) of the levels.

    α = 1 is Laplace's rule of succession. The likelihood is exact.
    """

    Params = IndependentPixelsParams
    family = "independent pixels"
    evaluations_per_sample = 1

    log_p: Tensor

    def __init__(self, params: IndependentPixelsParams, meta: Meta) -> None:
        super().__init__(params, meta)
        uniform = torch.full((self.dimensions, self.levels), -math.log(self.levels))
        self.register_buffer("log_p", uniform)

    def fit_closed_form(self, train: Batch, rng: torch.Generator) -> bool:
        """Count levels; keep the pseudo-count under which validation images are likeliest."""
        counts = level_counts(train["x"], self.levels)
        held_out = train["validation"][:SELECTION]
        tables = [smoothed(counts, alpha) for alpha in self.params.smoothing]
        self.log_p.copy_(max(tables, key=lambda table: float(_sum(table, held_out).mean())))
        return True

    @torch.no_grad()
    def log_likelihood(self, x: Tensor, rng: torch.Generator) -> Likelihood:
        """Exact."""
        return Likelihood(_sum(self.log_p, x), "exact", "product of smoothed level frequencies")

    @torch.no_grad()
    def sample(self, n: int, rng: torch.Generator) -> Tensor:
        """Each pixel on its own, drawn on the grid of levels."""
        draws = torch.multinomial(self.log_p.exp(), n, replacement=True, generator=rng)
        return draws.T.reshape(n, *self.shape).to(torch.uint8)

    def sampling_protocol(self) -> str:
        """What the samples are."""
        return "independent draws of the pixels"


def level_counts(x: Tensor, levels: int) -> Tensor:
    """How often each pixel has each level, float64 [D, L], of images [N, C, H, W]."""
    flat = x.flatten(1)
    dimensions = flat.shape[1]
    offsets = torch.arange(dimensions) * levels
    counts = torch.zeros(dimensions * levels, dtype=torch.float64)
    for rows in predict_in_batches(len(flat), 1000):
        found = (flat[rows].long() + offsets).flatten()
        counts += torch.bincount(found, minlength=len(counts))
    return counts.view(dimensions, levels)


def smoothed(counts: Tensor, alpha: float) -> Tensor:
    """Log of the frequencies [D, L] with ``alpha`` added to every count."""
    added = counts + alpha
    return torch.log(added / added.sum(1, keepdim=True))


def _sum(log_p: Tensor, x: Tensor) -> Tensor:
    """Log p(x) [N], float64, of the table [D, L]."""
    flat = x.flatten(1).long()
    terms = log_p.double().T.gather(0, flat)
    return terms.sum(1)
