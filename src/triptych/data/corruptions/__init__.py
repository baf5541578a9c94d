"""Image corruptions: seeded per image, rounded once, checked to grow with their severity.

A kind is one file in ``kinds/``, found by name. Nothing here imports torch, so that parameters are
checked quickly.
"""

from triptych.data.corruptions.apply import corrupt
from triptych.data.corruptions.gate import Gate, gate
from triptych.data.corruptions.registry import averaged, companions, find, modules, names

PUBLISHED = {"cifar10": "cifar10_c"}  # data set -> where its corrupted test images are published

__all__ = [
    "PUBLISHED", "Gate", "averaged", "companions", "corrupt", "find", "gate", "modules", "names",
]  # fmt: skip
