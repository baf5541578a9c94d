"""Many small networks trained side by side, each on a part of the data of its own."""

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from triptych.model import Batch, Trainable


class Stack(Trainable):
    """M dense networks of one shape; member m sees the first n_m training examples alone.

    Its examples are n_m draws with replacement from these, made once (a bootstrap resample), and a
    step draws its batch from them: members of one size differ as models fitted to different samples
    of that size do, convex ones included. Their weights are one tensor per layer, so that a step of
    all costs little more than a step of one. The loss is the sum of their losses: no gradient
    reaches another member.
    """

    def __init__(self, widths: Sequence[int], sizes: Sequence[int], batch_size: int) -> None:
        """Build it.

        Args:
            widths: Inputs, hidden units of each layer, classes; two numbers are a linear model.
            sizes: Training examples n_m of each member, [M].
            batch_size: Examples per member and step.
        """
        super().__init__()
        self.batch_size = batch_size
        counts = torch.tensor(sizes)
        resample = (torch.rand(len(sizes), max(sizes)) * counts[:, None]).long()
        self.register_buffer("sizes", counts, persistent=False)
        self.register_buffer("resample", resample, persistent=False)
        self.weights = nn.ParameterList()
        self.biases = nn.ParameterList()
        for inputs, outputs in pairwise(widths):
            bound = 1 / math.sqrt(inputs)  # torch's own rule for a dense layer
            self.weights.append(_uniform(bound, len(sizes), inputs, outputs))
            self.biases.append(_uniform(bound, len(sizes), 1, outputs))

    def forward(self, x: Tensor) -> Tensor:
        """Logits [M, B, K] of inputs [M, B, D], or of the same inputs [B, D] for every member."""
        h = x
        for depth, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            h = (h.relu() if depth else h) @ weight + bias
        return h

    def refresh(self, batch: Batch, rng: torch.Generator) -> Batch:
        """A batch per member, x [M, B, D] and y [M, B], of the whole training part [N, ...]."""
        sizes = self.get_buffer("sizes")
        shape = (len(sizes), self.batch_size)
        drawn = torch.rand(shape, generator=rng, device=sizes.device)
        rows = self.get_buffer("resample").gather(1, (drawn * sizes[:, None]).long())
        return {"x": batch["x"][rows], "y": batch["y"][rows]}

    def loss(self, batch: Batch, rng: torch.Generator) -> Tensor:
        """Sum over members of their mean cross-entropies."""
        y = batch["y"]
        logits = self(batch["x"])
        return len(logits) * functional.cross_entropy(logits.flatten(0, 1), y.flatten())

    def validation_loss(self, batch: Batch, rng: torch.Generator) -> Tensor:
        """The same on held-out examples, which every member sees alike."""
        y = batch["y"].expand(len(self.get_buffer("sizes")), -1)
        return self.loss({"x": batch["x"], "y": y}, rng)


def _uniform(bound: float, *shape: int) -> nn.Parameter:
    return nn.Parameter(torch.empty(shape).uniform_(-bound, bound))
