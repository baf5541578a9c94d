"""A claim: a statement of the decks, and how an effect or a discrepancy is read off for it.

One file a claim, in the folder of its panel, named after its id (``g01_codes.py``), defining
``CLAIMS``: a list of :class:`Statistical` and :class:`Identity`. Files are found by name; nothing
else needs to know of a new one.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class Effect:
    """One effect on one data set, per seed, positive in the direction that the deck claims.

    Attributes:
        dataset: Where it was measured.
        values: Seed -> paired effect (difference, or log-ratio).
        unit: Unit of the effect.
        margin: The claim holds when the interval lies wholly above it, is contradicted when wholly
            below. 0 unless the claim names another.
        comparison: What was subtracted from what, in a few words ("mse: pca − autoencoder").
        test_train_ratio: n_test / n_train when seeds redraw overlapping hold-out splits of one
            small set (the interval is then widened by it); 0 where the split is fixed.
        floor: Noise floor of the measure: the margin counts as reached only beyond it, in either
            direction, so that an effect smaller than the floor is undecided.
    """

    dataset: str
    values: Mapping[int, float]
    unit: str
    comparison: str
    margin: float = 0.0
    test_train_ratio: float = 0.0
    floor: float = 0.0


@dataclass(frozen=True)
class Check:
    """Outcome of an identity: the largest disagreement of two independent computations.

    Attributes:
        dataset: What it was computed on ("linear-Gaussian model", "all 2x2 binary images").
        discrepancy: Largest absolute disagreement.
        tolerance: Derived bound (rounding, the claim's own), never fitted.
        unit: Unit of both.
        comparison: The two quantities, in a few words.
        n: How many cases were compared.
    """

    dataset: str
    discrepancy: float
    tolerance: float
    unit: str
    comparison: str
    n: int


@dataclass(frozen=True)
class Claim:
    """A statement and its source.

    Attributes:
        id: "G01".
        panel: generative, graphs or uncertainty.
        deck: "A", "B" or "A, B".
        statement: What the deck says, in one sentence.
        experiment: What is measured and what decides.
    """

    id: str
    panel: str
    deck: str
    statement: str
    experiment: str


@dataclass(frozen=True)
class Statistical(Claim):
    """A claim about an effect; ``effects`` is a pure function of the table of records.

    The table has the columns of :class:`triptych.records.Record`. An effect that the records do not
    support (a model is missing) is left out; a claim without effects is "not measured".
    """

    effects: Callable[[pd.DataFrame], list[Effect]]


@dataclass(frozen=True)
class Identity(Claim):
    """A claim that two independently computed quantities agree; run as a job of its own."""

    check: Callable[[], list[Check]]
