"""What a corruption is: its constants in each published set, and a function of clean images."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from triptych.data.corruptions.draws import Draws

ConstantSet: TypeAlias = Literal["small", "cifar_c", "imagenet_c"]
CONSTANT_SETS: tuple[ConstantSet, ...] = ("small", "cifar_c", "imagenet_c")
SEVERITIES = (1, 2, 3, 4, 5)
Pixels: TypeAlias = NDArray[np.float64]
Bytes: TypeAlias = NDArray[np.uint8]
Apply: TypeAlias = Callable[[Pixels, Any, Draws], Pixels]


@dataclass(frozen=True)
class Corruption:
    """One kind of corruption.

    Attributes:
        apply: ``(x, constant, draws) -> y``: x and y [N, H, W, C] with 1.0 for white; y may leave
            0..1, the caller clips and rounds once. Image i of the result may depend on image i and
            on ``draws`` alone.
        constants: Constant set -> the constants of severities 1 to 5, in that order.
        validation_in: Sets in which the kind is kept apart for tuning and is therefore not part of
            the mean over kinds (ImageNet-C names four such kinds).
    """

    apply: Apply
    constants: Mapping[ConstantSet, tuple[Any, ...]]
    validation_in: frozenset[ConstantSet] = frozenset()

    def __post_init__(self) -> None:
        for name, values in self.constants.items():
            if len(values) != len(SEVERITIES):
                raise ValueError(f"constants of {name}: expected five, found {len(values)}")
