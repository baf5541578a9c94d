"""Image corruptions: seeded per image, rounded once, checked to grow with their severity.

A kind is one file in ``kinds/``, found by name. Nothing here imports torch, so that parameters are
checked quickly.
"""

from triptych.data.corruptions.apply import corrupt
from triptych.data.corruptions.gate import Gate, gate
from triptych.data.corruptions.registry import averaged, find, modules, names

__all__ = ["Gate", "averaged", "corrupt", "find", "gate", "modules", "names"]
