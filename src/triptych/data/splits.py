"""Train, validation and test: fixed by (data set, seed), by the rule that the catalogue names."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from triptych.data import dealing
from triptych.data.catalogue import FewLabels, Folds, HoldOut, Scaffold, SplitRule, Standard, get
from triptych.data.prepared import Prepared
from triptych.errors import UserError
from triptych.seeding import numpy_generator

Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Split:
    """Which items train, validate and test.

    Attributes:
        train, validation, test: Sorted, disjoint item numbers, int64.
        rule: The protocol in one sentence, for records and tables.
    """

    train: Indices
    validation: Indices
    test: Indices
    rule: str


def split(prepared: Prepared, dataset: str, seed: int, rule: SplitRule | None = None) -> Split:
    """Split a data set; only (dataset, seed) and the data decide the outcome.

    Args:
        prepared: The data.
        dataset: Its name: part of the seed, and the catalogue entry whose rule applies.
        seed: The number of the split.
        rule: Another rule than the catalogue's.

    Raises:
        UserError: The set has no rule, or too few items of a class for it.
    """
    rule = rule if rule is not None else get(dataset).split
    if rule is None:
        raise UserError(
            f"data set {dataset}: it has no split rule in the catalogue, so nothing can be trained "
            "on it; choose another, or give it one"
        )
    classes = _classes(prepared)
    rng = numpy_generator("split", dataset, seed)
    match rule:
        case HoldOut():
            return _hold_out(classes, rule, rng)
        case FewLabels():
            return _few_labels(dataset, classes, rule, rng)
        case Standard():
            return _standard(prepared, dataset, classes, rule, rng)
        case Folds():
            return _folds(dataset, classes, rule, seed)
        case Scaffold():
            return _scaffold(prepared, dataset, classes, rule, rng)


def _classes(prepared: Prepared) -> Indices:
    """The stratum of each item: its class; 0 for all if there are none; -1 if it is unlabelled."""
    labels = prepared.arrays.get("y")
    if prepared.meta["task"] == "classification" and labels is not None:
        return np.asarray(labels, dtype=np.int64)
    n = prepared.meta["n"]
    assert isinstance(n, int)
    return np.zeros(n, dtype=np.int64)


def _hold_out(classes: Indices, rule: HoldOut, rng: np.random.Generator) -> Split:
    sizes = np.bincount(classes[classes >= 0])
    total = int(sizes.sum())
    test = quota(sizes, round(rule.test * total))
    validation = quota(sizes, round(rule.validation * total), room=sizes - test)
    parts = _deal(classes, [sizes - test - validation, validation, test], rng)
    kind = "stratified by class" if len(sizes) > 1 else "not stratified"
    return Split(
        *parts,
        f"repeated hold-out {rule.train:.0%}/{rule.validation:.0%}/{rule.test:.0%} "
        f"(train/validation/test), {kind}, drawn anew for each seed",
    )


def _few_labels(dataset: str, classes: Indices, rule: FewLabels, rng: np.random.Generator) -> Split:
    sizes = np.bincount(classes[classes >= 0])
    if rule.train is not None and rule.validation is not None:
        if rule.train + rule.validation >= sizes.sum():
            raise UserError(
                f"data set {dataset}: expected more than {rule.train} + {rule.validation} items, "
                f"found {sizes.sum()}; ask for fewer labels"
            )
        train = quota(sizes, rule.train)
        validation = quota(sizes, rule.validation, room=sizes - train)
        amount = f"{rule.train} training and {rule.validation} validation labels in all"
    else:
        train = np.full(len(sizes), rule.train_per_class)
        validation = np.full(len(sizes), rule.validation_per_class)
        amount = (
            f"{rule.train_per_class} training and {rule.validation_per_class} validation labels "
            "per class"
        )
    test = sizes - train - validation
    if (test <= 0).any():
        short = int(np.argmin(test))
        raise UserError(
            f"data set {dataset}: class {short} has {sizes[short]} items, too few for "
            f"{train[short]} to train and {validation[short]} to validate with one left to test; "
            "ask for fewer labels"
        )
    parts = _deal(classes, [train, validation, test], rng)
    kind = "stratified by class" if len(sizes) > 1 else "not stratified"
    return Split(*parts, f"{amount}, {kind}, all others test, drawn anew for each seed")


def _standard(
    prepared: Prepared, dataset: str, classes: Indices, rule: Standard, rng: np.random.Generator
) -> Split:
    marks = prepared.arrays.get("split")
    if marks is None:
        raise UserError(f"data set {dataset}: it defines no split; use another split rule")
    train, validation, test = (np.flatnonzero(marks == part) for part in range(3))
    if validation.size:
        return Split(train, validation, test, "the standard train, validation and test parts")
    sizes = np.bincount(classes[train])
    held = quota(sizes, round(rule.validation * len(train)))
    kept, held_out, _ = _deal(classes[train], [sizes - held, held, np.zeros_like(held)], rng)
    return Split(
        train[kept],
        train[held_out],
        test,
        f"the standard test part; {rule.validation:.0%} of the training part, stratified, "
        "validates, drawn anew for each seed",
    )


def _folds(dataset: str, classes: Indices, rule: Folds, seed: int) -> Split:
    """Fold ``seed mod k`` tests, the next one validates; ``seed div k`` numbers the partition."""
    sizes = np.bincount(classes[classes >= 0])
    if sizes.min() < rule.folds:
        raise UserError(
            f"data set {dataset}: class {int(np.argmin(sizes))} has {sizes.min()} items, too few "
            f"for {rule.folds} folds; ask for fewer folds"
        )
    partition, tested = divmod(seed, rule.folds)
    rng = numpy_generator("split", dataset, "partition", partition)
    fold = dealing.folds(classes, rule.folds, rng)
    validated = (tested + 1) % rule.folds
    return Split(
        np.flatnonzero((fold >= 0) & (fold != tested) & (fold != validated)),
        np.flatnonzero(fold == validated),
        np.flatnonzero(fold == tested),
        f"{rule.folds}-fold cross-validation, stratified by class: seed s tests on fold s mod "
        f"{rule.folds} of partition s div {rule.folds}, validates on the next fold and trains on "
        f"the other {rule.folds - 2}",
    )


def _scaffold(
    prepared: Prepared, dataset: str, classes: Indices, rule: Scaffold, rng: np.random.Generator
) -> Split:
    scaffold = prepared.arrays.get("scaffold")
    if scaffold is None:
        raise UserError(f"data set {dataset}: it has no scaffolds; use another split rule")
    shares = (rule.train, rule.validation, rule.test)
    part = dealing.groups(classes, scaffold, shares, rng)
    train, validation, test = (np.flatnonzero(part == number) for number in range(3))
    kinds = int(classes.max()) + 1
    if any(len(np.unique(classes[chosen])) < kinds for chosen in (train, validation, test)):
        raise UserError(
            f"data set {dataset}: expected every class in every part of the scaffold split, found "
            "a part without one; use other shares, or fewer seeds"
        )
    return Split(
        train,
        validation,
        test,
        f"scaffold split {rule.train:.0%}/{rule.validation:.0%}/{rule.test:.0%} "
        "(train/validation/test), no Bemis-Murcko scaffold in two parts, drawn anew for each seed",
    )


def quota(sizes: Indices, total: int, room: Indices | None = None) -> Indices:
    """Share ``total`` places among classes in proportion to their sizes (largest remainder).

    Every class that has room gets a place if there are places enough for all; ties go to the
    first class.

    Args:
        sizes: Items per class [C].
        total: Places to share out.
        room: The most places per class [C]; ``sizes`` if not given.

    Returns:
        Places per class [C]; they sum to ``total`` and none exceeds its room.

    Raises:
        UserError: There is not room enough.
    """
    room = sizes if room is None else room
    if total > room.sum():
        raise UserError(f"split: expected room for {total} items, found {room.sum()}")
    ideal = sizes * (total / sizes.sum())
    least = np.minimum(1, room) if total >= np.count_nonzero(room) else np.zeros_like(room)
    given: Indices = np.clip(np.floor(ideal).astype(np.int64), least, room)
    while (short := total - int(given.sum())) != 0:
        step = 1 if short > 0 else -1
        able = given < room if step > 0 else given > least
        gain = np.where(able, step * (ideal - given), -np.inf)
        given[np.argmax(gain)] += step
    return given


def _deal(
    classes: Indices, amounts: list[Indices], rng: np.random.Generator
) -> tuple[Indices, Indices, Indices]:
    """Shuffle each class and deal it out; ``amounts`` are the places per part and class."""
    parts: list[list[Indices]] = [[] for _ in amounts]
    for c in range(len(amounts[0])):
        members = rng.permutation(np.flatnonzero(classes == c))
        ends = np.cumsum([amount[c] for amount in amounts])
        for part, chunk in zip(parts, np.split(members, ends)[: len(parts)], strict=True):
            part.append(chunk)
    train, validation, test = (np.sort(np.concatenate(part)).astype(np.int64) for part in parts)
    return train, validation, test
