"""What a reader returns: arrays that every consumer of one kind of data can rely on."""

from dataclasses import dataclass
from typing import TypeAlias

from triptych.files import Array

JSON: TypeAlias = "bool | int | float | str | list[JSON] | dict[str, JSON] | None"
Meta: TypeAlias = dict[str, JSON]


@dataclass(frozen=True)
class Prepared:
    """A data set in memory.

    Attributes:
        arrays: By kind, with N items, F features and E directed edges:

            images: ``x`` uint8 [N, H, W, C], ``y`` int64 [N] where there are labels.
            table: ``x`` float64 [N, F] as published (not scaled), ``y`` [N].
            graph: ``x`` float32 [N, F], ``edge_index`` int64 [2, E] (row 0 source, row 1 target;
            both directions, sorted, no self-loops, no multi-edges), ``y`` [N], ``edge_label`` int64
            [E] where edges have kinds.
            graphs: the same over all graphs together (the edges are block diagonal), ``graph``
            int64 [nodes], ``y`` int64 [graphs], ``edge_label`` int64 [E] where there are any.
            molecules: the arrays of graphs, of atoms (``x`` uint8) and bonds; ``smiles`` uint8
            (UTF-8 of all), ``smiles_offsets`` int64 [N + 1], ``scaffold`` int64 [N],
            ``fingerprint`` uint8 [N, 256] (packed bits).
            pictures: one uint8 [H, W, 3] per picture, by name.
            labels: ``counts`` int64 [N, classes], for the items of another set.
            shifted: one uint8 [S N, H, W, C] per corruption, for the N images of another set's
            test part at S severities, ``y`` their labels.

            ``y`` is int64 for classes (-1 where no label exists) and float64 for regression.
            ``split`` int8 [N] where the set defines one: 0 train, 1 validation, 2 test, -1 unused.
        meta: Always ``kind``, ``n`` (items), ``n_classes`` (or None), ``task`` (classification,
            regression or None), ``standard_split``, ``notes``; ``levels`` for images.
    """

    arrays: dict[str, Array]
    meta: Meta


def describe(
    kind: str,
    n: int,
    *,
    task: str | None,
    classes: list[str] | None = None,
    standard_split: bool = False,
    notes: list[str] | None = None,
    **more: JSON,
) -> Meta:
    """The metadata that every set has, and ``more``; class names are in the order of ``y``."""
    return {
        "kind": kind,
        "n": n,
        "task": task,
        "n_classes": None if classes is None else len(classes),
        "classes": list[JSON](classes) if classes is not None else None,
        "standard_split": standard_split,
        "notes": list[JSON](notes or []),
        **more,
    }
