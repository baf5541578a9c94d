"""Rows of a table on their way into a network, and the network that they meet."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from triptych.data.parts import Part
from triptych.files import Array
from triptych.model import Batch
from triptych.uncertainty.networks import Network


class Standardise(nn.Module):
    """(x − mean) / deviation of the training rows, per column; a constant column becomes 0.

    Part of the network and of its stored state, so that shifted rows are scaled as the training
    rows were and their own statistics reach nothing.
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, columns: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(columns))
        self.register_buffer("scale", torch.ones(columns))

    def fit(self, x: Tensor) -> None:
        """Take mean and deviation from training rows [N, columns]."""
        values = x.to(self.mean.device, torch.float64)
        deviation = values.std(dim=0, correction=0)
        self.mean.copy_(values.mean(dim=0))
        self.scale.copy_(torch.where(deviation > 0, deviation, 1.0))

    def forward(self, x: Tensor) -> Tensor:
        """[N, columns] -> [N, columns]."""
        return (x - self.mean) / self.scale


class TableNetwork(Network):
    """The panel's network for rows: two dense hidden layers in place of the convolutions.

    Shapes, for rows [N, F]: trunk [N, hidden] -> head [N, outputs]; dropout in the head alone, as
    for images.
    """

    def __init__(self, columns: int, outputs: int, hidden: int, dropout: float = 0.0) -> None:
        """Build it.

        Args:
            columns: Features F.
            outputs: Classes, or numbers predicted.
            hidden: Units of both hidden layers.
            dropout: Share of inputs dropped before each of the two layers of the head.
        """
        nn.Module.__init__(self)  # both parts are other ones than an image's
        self.trunk = nn.Sequential(Standardise(columns), nn.Linear(columns, hidden), nn.ReLU())
        self.head = nn.Sequential(
            nn.Dropout(dropout),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(hidden, outputs),
        )


def rows_and_targets(part: Part) -> dict[str, Tensor]:
    """The tensors of one part of a table: ``x`` float32 [N, F], ``y`` int64 or float32 [N]."""
    y = torch.from_numpy(part.arrays["y"])
    return {"x": rows(part.arrays["x"]), "y": y.float() if y.is_floating_point() else y}


def rows(x: Array) -> Tensor:
    """Rows as networks see them: [N, F] -> float32 [N, F], in the units of the data set."""
    return torch.from_numpy(np.ascontiguousarray(x)).float()


def standardise(modules: Sequence[nn.Module], train: Batch) -> None:
    """Fit every :class:`Standardise` among the modules to the training rows."""
    for module in modules:
        if isinstance(module, Standardise):
            module.fit(train["x"])
