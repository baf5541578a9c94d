"""Properties of every split rule, by generated label vectors."""

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from triptych.data.catalogue import FewLabels, HoldOut, SplitRule, Standard, catalogue
from triptych.data.prepare import reader
from triptych.data.prepared import Prepared, describe
from triptych.data.splits import Split, quota, split
from triptych.errors import UserError

HOLD_OUT = HoldOut(rule="hold_out", train=0.6, validation=0.2, test=0.2)
STANDARD = Standard(rule="standard", validation=0.1)

sizes = st.lists(st.integers(10, 60), min_size=2, max_size=5)
seeds = st.integers(0, 10_000)


def toy(class_sizes: list[int], unlabelled: int = 0) -> Prepared:
    y = np.repeat(np.arange(-1, len(class_sizes)), [unlabelled, *class_sizes])
    y = np.random.default_rng(0).permutation(y)
    names = [str(c) for c in range(len(class_sizes))]
    return Prepared({"y": y}, describe("table", len(y), task="classification", classes=names))


def parts(result: Split) -> list[set[int]]:
    return [set(part.tolist()) for part in (result.train, result.validation, result.test)]


def check_partition(result: Split, items: set[int]) -> None:
    train, validation, test = parts(result)
    assert len(train) + len(validation) + len(test) == len(items)
    assert train | validation | test == items
    for part in (result.train, result.validation, result.test):
        assert part.dtype == np.int64 and (np.diff(part) > 0).all()


def same(a: Split, b: Split) -> bool:
    return parts(a) == parts(b) and a.rule == b.rule


@given(sizes, seeds, st.integers(0, 5))
def test_hold_out(class_sizes: list[int], seed: int, unlabelled: int) -> None:
    data = toy(class_sizes, unlabelled)
    y = data.arrays["y"]
    result = split(data, "toy", seed, HOLD_OUT)
    check_partition(result, set(np.flatnonzero(y >= 0).tolist()))
    n = sum(class_sizes)
    assert len(result.test) == round(0.2 * n) and len(result.validation) == round(0.2 * n)
    for part, share in ((result.test, 0.2), (result.validation, 0.2)):
        counts = np.bincount(y[part], minlength=len(class_sizes))
        # Largest remainder: within one of the proportional share, which rounding of the total
        # moves by at most another half.
        assert np.abs(counts - share * np.array(class_sizes)).max() < 1.5


@given(sizes, seeds)
def test_few_labels_per_class(class_sizes: list[int], seed: int) -> None:
    rule = FewLabels(rule="few_labels", train_per_class=2, validation_per_class=3)
    data = toy(class_sizes)
    result = split(data, "toy", seed, rule)
    check_partition(result, set(range(sum(class_sizes))))
    assert np.bincount(data.arrays["y"][result.train]).tolist() == [2] * len(class_sizes)
    assert np.bincount(data.arrays["y"][result.validation]).tolist() == [3] * len(class_sizes)


@given(sizes, seeds)
def test_few_labels_in_all(class_sizes: list[int], seed: int) -> None:
    rule = FewLabels(rule="few_labels", train=7, validation=6)
    data = toy(class_sizes)
    result = split(data, "toy", seed, rule)
    check_partition(result, set(range(sum(class_sizes))))
    assert (len(result.train), len(result.validation)) == (7, 6)
    assert set(data.arrays["y"][result.train]) == set(range(len(class_sizes)))  # no class is left


@given(sizes, seeds)
def test_standard(class_sizes: list[int], seed: int) -> None:
    data = toy(class_sizes)
    n = len(data.arrays["y"])
    marks = np.tile(np.array([0, 0, 0, 2, -1], np.int8), n // 5 + 1)[:n]
    data.arrays["split"] = marks
    result = split(data, "toy", seed, STANDARD)
    check_partition(result, set(np.flatnonzero(marks >= 0).tolist()))
    assert np.array_equal(result.test, np.flatnonzero(marks == 2))  # whatever the seed
    assert len(result.validation) == round(0.1 * (marks == 0).sum())
    data.arrays["split"] = np.where(np.arange(n) == 0, np.int8(1), marks)
    own = split(data, "toy", seed, STANDARD)
    assert own.validation.tolist() == [0]  # its own validation part is taken as it is
    assert same(own, split(data, "toy", seed + 1, STANDARD))


@given(st.lists(st.integers(0, 40), min_size=1, max_size=6).filter(lambda s: sum(s) > 0), st.data())
def test_quota(class_sizes: list[int], data: st.DataObject) -> None:
    counts = np.array(class_sizes)
    total = data.draw(st.integers(0, int(counts.sum())))
    given_ = quota(counts, total)
    assert given_.sum() == total and (given_ >= 0).all() and (given_ <= counts).all()
    if total >= np.count_nonzero(counts):
        assert (given_[counts > 0] > 0).all()
    ideal = counts * total / counts.sum()
    if (ideal >= 1).all():  # no class had to be helped: then nobody is off by a whole place
        assert np.abs(given_ - ideal).max() < 1


def test_quota_by_hand() -> None:
    assert quota(np.array([50, 30, 20]), 10).tolist() == [5, 3, 2]
    assert quota(np.array([59, 71, 48]), 10).tolist() == [3, 4, 3]  # ideal 3.31, 3.99, 2.70
    assert quota(np.array([98, 1, 1]), 3).tolist() == [1, 1, 1]
    assert quota(np.array([5, 5]), 4, room=np.array([0, 5])).tolist() == [0, 4]
    with pytest.raises(UserError, match="room for 11 items, found 10"):
        quota(np.array([5, 5]), 11)


RULES: list[SplitRule] = [
    HOLD_OUT,
    FewLabels(rule="few_labels", train=10, validation=10),
    FewLabels(rule="few_labels", train_per_class=2, validation_per_class=2),
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.rule)
def test_only_dataset_and_seed_decide(rule: SplitRule) -> None:
    data = toy([40, 40, 20])
    first = split(data, "toy", 0, rule)
    np.random.seed(1)  # noqa: NPY002 (the global generators must not matter)
    random.seed(1)
    assert same(first, split(data, "toy", 0, rule))
    assert parts(first) != parts(split(data, "toy", 1, rule))
    assert parts(first) != parts(split(data, "toy2", 0, rule))


def test_every_item_gets_tested_by_some_seed() -> None:
    data = toy([20, 20])
    tested = set().union(*(parts(split(data, "toy", seed, HOLD_OUT))[2] for seed in range(60)))
    # An item escapes 60 tests with probability 0.8^60 = 1.5e-6.
    assert tested == set(range(40))


def test_regression_is_not_stratified() -> None:
    y = np.linspace(0, 1, 50)
    data = Prepared({"y": y}, describe("table", 50, task="regression"))
    result = split(data, "toy", 0, HOLD_OUT)
    check_partition(result, set(range(50)))
    assert "not stratified" in result.rule


def test_too_few_items_are_named() -> None:
    rule = FewLabels(rule="few_labels", train_per_class=2, validation_per_class=2)
    with pytest.raises(UserError, match="class 1 has 4 items, too few"):
        split(toy([10, 4]), "toy", 0, rule)
    rule = FewLabels(rule="few_labels", train=7, validation=7)
    with pytest.raises(UserError, match=r"more than 7 \+ 7 items, found 14"):
        split(toy([10, 4]), "toy", 0, rule)


def test_sets_without_a_rule_or_parts() -> None:
    data = toy([10, 10])
    with pytest.raises(UserError, match="no split rule"):
        split(data, "photographs", 0)
    with pytest.raises(UserError, match="defines no split"):
        split(data, "toy", 0, STANDARD)


@pytest.mark.parametrize(
    "name", [n for n, d in catalogue().items() if d.embedded and d.split is not None]
)
def test_embedded_sets_can_be_split(name: str) -> None:
    dataset = catalogue()[name]
    data = reader(dataset)(None, **dataset.arguments)
    n = data.meta["n"]
    assert isinstance(n, int)
    results = [split(data, name, seed) for seed in range(3)]
    for result in results:
        y = data.arrays.get("y", np.zeros(n))  # classes held out from all parts have label -1
        held_out = data.meta["task"] == "classification" and name == "digits_known"
        check_partition(result, set(np.flatnonzero(y >= 0) if held_out else range(n)))
        if data.meta["task"] == "classification":
            classes = set(range(int(str(data.meta["n_classes"]))))
            for part in (result.train, result.test):
                assert set(data.arrays["y"][part].tolist()) == classes
    assert not same(results[0], results[1])
    expected = {"digits_knn": (50, 50), "wine_knn": (10, 10), "karate": (4, 4)}.get(name)
    if expected:
        assert (len(results[0].train), len(results[0].validation)) == expected
