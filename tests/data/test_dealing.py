"""Folds and scaffold splits: nothing leaks, nothing is left out, only data set and seed decide."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triptych.data import dealing, motifs
from triptych.data.catalogue import Folds, Scaffold
from triptych.data.prepared import Prepared, describe
from triptych.data.splits import Split, split
from triptych.errors import UserError

TEN = Folds(rule="folds", folds=10)
SCAFFOLD = Scaffold(rule="scaffold", train=0.5, validation=0.15, test=0.35)


def toy(class_sizes: list[int], unlabelled: int = 0) -> Prepared:
    y = np.repeat(np.arange(-1, len(class_sizes)), [unlabelled, *class_sizes])
    y = np.random.default_rng(0).permutation(y)
    names = [str(c) for c in range(len(class_sizes))]
    return Prepared({"y": y}, describe("graphs", len(y), task="classification", classes=names))


def parts(result: Split) -> list[set[int]]:
    return [set(part.tolist()) for part in (result.train, result.validation, result.test)]


@given(st.lists(st.integers(10, 40), min_size=2, max_size=4), st.integers(0, 3), st.integers(0, 5))
@settings(max_examples=30)
def test_ten_seeds_are_one_cross_validation(
    class_sizes: list[int], partition: int, unlabelled: int
) -> None:
    data = toy(class_sizes, unlabelled)
    found = [split(data, "toy", 10 * partition + fold, TEN) for fold in range(10)]
    labelled = set(np.flatnonzero(data.arrays["y"] >= 0).tolist())
    tested: list[int] = []
    for fold, result in enumerate(found):
        train, validation, test = parts(result)
        assert train | validation | test == labelled
        assert len(train) + len(validation) + len(test) == len(labelled)
        # The inner fold of one seed is the test fold of the next: never of its own.
        assert validation == parts(found[(fold + 1) % 10])[2]
        counts = np.bincount(data.arrays["y"][result.test], minlength=len(class_sizes))
        assert np.abs(counts - np.array(class_sizes) / 10).max() < 1
        assert abs(len(test) - len(labelled) / 10) < 1
        tested += sorted(test)
    assert sorted(tested) == sorted(labelled)  # each graph is tested once


def test_ten_more_seeds_are_another_partition() -> None:
    data = toy([40, 40])
    first, second = (split(data, "toy", seed, TEN) for seed in (3, 13))
    assert parts(first)[2] != parts(second)[2]
    assert parts(first) == parts(split(data, "toy", 3, TEN))
    assert parts(first) != parts(split(data, "other", 3, TEN))
    assert first.rule == second.rule and "seed s tests on fold s mod 10" in first.rule


def test_too_few_for_the_folds() -> None:
    with pytest.raises(UserError, match="class 1 has 9 items, too few for 10 folds"):
        split(toy([30, 9]), "toy", 0, TEN)


def screen() -> Prepared:
    return motifs.data_set(None, 600, 0.1, 0.1, 80, 0)


def test_no_scaffold_is_in_two_parts() -> None:
    data = screen()
    scaffold, y = data.arrays["scaffold"], data.arrays["y"]
    seen = set()
    for seed in range(20):
        result = split(data, "toy", seed, SCAFFOLD)
        frames = [set(scaffold[part]) for part in (result.train, result.validation, result.test)]
        assert not frames[0] & frames[1] | frames[0] & frames[2] | frames[1] & frames[2]
        train, validation, test = parts(result)
        assert train | validation | test == set(range(600))
        largest = np.bincount(scaffold).max()
        for part, share in zip((train, validation, test), (0.5, 0.15, 0.35), strict=True):
            # A part can be off by no more than the group that did not fit and the others' errors.
            assert abs(len(part) - share * 600) <= 2 * largest
            assert y[list(part)].any()
        seen.add(frozenset(test))
    assert len(seen) == 20  # every seed draws anew
    assert parts(split(data, "toy", 3, SCAFFOLD)) == parts(split(data, "toy", 3, SCAFFOLD))


def test_sizes_are_met_where_groups_are_small() -> None:
    rng = np.random.default_rng(0)
    classes = (rng.random(2000) < 0.05).astype(np.int64)
    group = np.arange(2000) // 2
    sizes = []
    for seed in range(10):
        part = dealing.groups(classes, group, (0.5, 0.15, 0.35), np.random.default_rng(seed))
        assert (part[0::2] == part[1::2]).all()
        sizes.append(np.bincount(part))
        # Of the rare class, a part gets its share within a group or two.
        counts = np.bincount(part[classes == 1], minlength=3)
        assert np.abs(counts - np.array([0.5, 0.15, 0.35]) * classes.sum()).max() <= 4
    assert np.abs(np.array(sizes) - np.array([1000, 300, 700])).max() <= 4


def test_a_group_without_room_anywhere_is_still_dealt() -> None:
    classes, group = np.zeros(10, dtype=np.int64), np.zeros(10, dtype=np.int64)
    part = dealing.groups(classes, group, (0.5, 0.25, 0.25), np.random.default_rng(0))
    assert len(set(part)) == 1


def test_scaffold_splits_need_scaffolds_and_every_class() -> None:
    with pytest.raises(UserError, match="toy: it has no scaffolds"):
        split(toy([20, 20]), "toy", 0, SCAFFOLD)
    data = toy([20, 20])
    data.arrays["scaffold"] = data.arrays["y"]  # a class is a scaffold: it cannot be spread
    with pytest.raises(UserError, match="every class in every part"):
        split(data, "toy", 0, SCAFFOLD)
