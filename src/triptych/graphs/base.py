"""What every model of the graph panel has in common, whatever its task."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from triptych.data.parts import Part
from triptych.files import Array
from triptych.heap import keep_freed_memory
from triptych.model import Meta, Model
from triptych.records import Kind

Parts = Mapping[str, Part]


@dataclass(frozen=True)
class Number:
    """A measured number, before the job adds who it belongs to; see ``triptych.records.Record``."""

    split: str
    metric: str
    value: float
    unit: str
    n: int
    protocol: str
    kind: Kind = "exact"


@dataclass(frozen=True)
class Measured:
    """What one seed's evaluation leaves: numbers for the tables and arrays for later measures."""

    numbers: list[Number]
    arrays: dict[str, Array] = field(default_factory=dict)


class GraphModel(Model):
    """A model that sees a graph. A task is a subclass of this; a model, a subclass of a task.

    Attributes:
        task: Name of the task in the records.
        symmetry: What a renumbering of the nodes does to :meth:`respond`: renumbers its rows
            (equivariant) or nothing (invariant, whole graphs).
    """

    data_kinds: ClassVar[tuple[str, ...]] = ("graph",)
    task: ClassVar[str]
    symmetry: ClassVar[Literal["equivariant", "invariant"]] = "equivariant"

    def __init__(self, params: Any, meta: Meta) -> None:
        super().__init__(params, meta)
        # A step makes and frees the same large tensors as the last one; given back to the system in
        # between, every page of them would be cleared again: a tenth of the time of attention.
        keep_freed_memory()

    def respond(self, x: Tensor, edge_index: Tensor) -> Tensor:
        """The deterministic output for any graph.

        Args:
            x: Node features [N, F].
            edge_index: int64 [2, E], row 0 source, row 1 target.

        Returns:
            [N, outputs] where the model is equivariant.
        """
        raise NotImplementedError(f"{type(self).__name__} does not define respond")

    def measure(self, parts: Parts, stream: tuple[object, ...]) -> Measured:
        """Evaluate the trained model.

        Args:
            parts: train, validation and test.
            stream: (panel, model, data set, seed): names every random draw.
        """
        raise NotImplementedError(f"{type(self).__name__} does not define measure")


def labels(parts: Parts) -> NDArray[np.int64]:
    """Labels of all nodes, -1 where no part has one: int64 [N]. For measuring only."""
    known = np.full(int(parts["train"].meta["n"]), -1, dtype=np.int64)
    for part in parts.values():
        known[part.arrays["index"]] = part.arrays["y"]
    return known
