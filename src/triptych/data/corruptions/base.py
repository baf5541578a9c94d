"""What a corruption is: its constants in each published set, and a function of clean images."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

ConstantSet: TypeAlias = Literal["small", "cifar_c", "imagenet_c"]
CONSTANT_SETS: tuple[ConstantSet, ...] = ("small", "cifar_c", "imagenet_c")
SEVERITIES = (1, 2, 3, 4, 5)
Pixels: TypeAlias = NDArray[np.float64]
Bytes: TypeAlias = NDArray[np.uint8]
Apply: TypeAlias = Callable[..., Pixels]
Pictures: TypeAlias = Mapping[str, Bytes]


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
        companion: Data set of pictures that the kind lays over an image; ``apply`` is then given
            them, by name, as a fourth argument.
        colour: Whether it leaves grey images alone: it is made for colour images only.
        block: Bytes of pixels that are worked on at a time: what a core's cache holds, or more for
            a kind whose cost is in its steps. The result does not depend on it.
        scales: Constant set -> severities that form one scale, where not all five do: within each
            the distance from the clean images must rise. Published severities were chosen by a
            classifier's error; where several constants move in turn, distance need not follow.
    """

    apply: Apply
    constants: Mapping[ConstantSet, tuple[Any, ...]]
    validation_in: frozenset[ConstantSet] = frozenset()
    companion: str = ""
    colour: bool = False
    block: int = 1 << 21
    scales: Mapping[ConstantSet, tuple[tuple[int, ...], ...]] = field(default_factory=dict)

    def severity_scales(self, constants: ConstantSet) -> tuple[tuple[int, ...], ...]:
        """The severities of a set, divided into scales."""
        return self.scales.get(constants, (SEVERITIES,))

    def __post_init__(self) -> None:
        for name, values in self.constants.items():
            if len(values) != len(SEVERITIES):
                raise ValueError(f"constants of {name}: expected five, found {len(values)}")
        for name, scales in self.scales.items():
            if sorted({s for scale in scales for s in scale}) != list(SEVERITIES):
                raise ValueError(f"scales of {name}: expected every severity, found {scales}")
