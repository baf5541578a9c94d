"""What a shifted test set is: which shift it stands for, what it needs, how it is made."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np

from triptych.data.catalogue import DataSet
from triptych.data.parts import Part
from triptych.data.prepared import Prepared
from triptych.files import Array
from triptych.seeding import numpy_generator

Kind = Literal[
    "covariate", "subpopulation", "label", "open set", "out-of-distribution", "human labels",
    "picture",
]  # fmt: skip
KINDS: tuple[Kind, ...] = (
    "covariate", "subpopulation", "label", "open set", "out-of-distribution",
)  # fmt: skip
# Two of the others have no classes; "human labels" are the test part itself, with people's votes;
# on a "picture" nothing is measured.
LABELLED: tuple[Kind, ...] = ("covariate", "subpopulation", "label")
UNLABELLED = -1  # the label of an example that belongs to no class of the training data


@dataclass(frozen=True)
class Source:
    """What a set is made from.

    Attributes:
        part: The test part of one seed.
        x: Its inputs as the corruptions see them: images uint8 [N, H, W, C] stretched to 0..255,
            tables float64 [N, F].
        prepared: Data set by name -> its prepared arrays, for the companions alone.
    """

    part: Part
    x: Array
    prepared: Callable[[str], Prepared]

    @property
    def labels(self) -> Array:
        """Labels of the test part, [N]."""
        return self.part.arrays["y"]

    @property
    def dataset(self) -> str:
        """Name of the data set."""
        return str(self.part.meta["dataset"])

    def rng(self, *purpose: object) -> np.random.Generator:
        """A generator of this data set, this seed and this purpose."""
        return numpy_generator("shift", *purpose, self.dataset, self.part.meta["seed"])


@dataclass(frozen=True)
class Made:
    """One set.

    Attributes:
        x: Inputs, of the type and range of ``Source.x``.
        y: Labels [N]; None where no input belongs to a class of the training data.
        attributes: Further arrays whose first axis are the examples (a stroke's thickness).
        facts: What is to be known of the set besides, as JSON (a target prior).
    """

    x: Array
    y: Array | None = None
    attributes: Mapping[str, Array] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)


Make: TypeAlias = Callable[[Source], Mapping[str, Made]]


@dataclass(frozen=True)
class Shift:
    """A named family of test sets.

    Attributes:
        kind: Which kind of shift it stands for. Sets of the first three kinds have labels, those of
            the last two have none.
        make: Source -> variant -> set; a family of one set names it "". Variants that are degrees
            of one thing are numbers ("45").
        applies: Whether it means something on a data set of the catalogue.
        companions: Other data sets whose prepared arrays it needs, given the data set.
    """

    kind: Kind
    make: Make
    applies: Callable[[DataSet], bool]
    companions: Callable[[DataSet], tuple[str, ...]] = lambda dataset: ()


def images(dataset: DataSet) -> bool:
    """For sets that apply to every set of images."""
    return dataset.kind == "images"


def of(*names: str) -> Callable[[DataSet], bool]:
    """For sets that apply to some data sets by name."""
    return lambda dataset: dataset.name in names
