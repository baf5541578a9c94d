"""Operators by name, for models that offer several."""

from typing import Literal

from triptych.graphs.layer import GraphLayer
from triptych.graphs.operators import identity, mean, sage, separate, symmetric

Choice = Literal["none", "mean", "symmetric", "separate", "sage"]
CHOICES: dict[str, type[GraphLayer]] = {
    "none": identity.Layer,
    "mean": mean.Layer,
    "symmetric": symmetric.Layer,
    "separate": separate.Layer,
    "sage": sage.Layer,
}
MEANING = (
    "none: no graph; mean: (D+I)^-1 (A+I); symmetric: (D+I)^-1/2 (A+I) (D+I)^-1/2; separate: own "
    "weight for the node itself, D^-1/2 A D^-1/2 for its neighbours; sage: own weight, D^-1 A"
)
