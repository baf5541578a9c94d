"""Forests and boosting: stored trees predict what scikit-learn predicts, to the last bit."""

import numpy as np
import pytest
import torch
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.tree import DecisionTreeClassifier

from triptych.uncertainty.models.boosting import BoostingParams
from triptych.uncertainty.models.boosting import Entry as Boosting
from triptych.uncertainty.models.random_forest import Entry as Forest
from triptych.uncertainty.models.random_forest import ForestParams
from triptych.uncertainty.trees import Trees

META = {"kind": "images", "shape": [3, 2, 1], "n_classes": 3, "dataset": "toy", "seed": 0}
RNG = np.random.default_rng(5)


def data(n: int = 120) -> tuple[np.ndarray, np.ndarray]:
    """Six features of which some are tied, and classes that depend on them."""
    x = RNG.integers(0, 6, (n, 6)) / 5
    y = (x[:, 0] * 3 + x[:, 1] + RNG.normal(0, 0.3, n)).astype(int).clip(0, 2)
    return x.astype(np.float32), y


def batch(x: np.ndarray, y: np.ndarray) -> dict[str, torch.Tensor]:
    return {"x": torch.from_numpy(x).reshape(-1, 1, 3, 2), "y": torch.from_numpy(y)}


def rng() -> torch.Generator:
    return torch.Generator().manual_seed(4)


def seed() -> int:
    return int(torch.randint(2**31 - 1, (1,), generator=rng()))


def test_leaves_are_those_of_scikit_learn() -> None:
    x, y = data()
    learner = DecisionTreeClassifier(random_state=0).fit(x, y)
    trees = Trees(3)
    trees.grow([learner.tree_, learner.tree_])
    new = RNG.uniform(-0.2, 1.2, (200, 6))
    leaves = trees.leaves(new)
    assert np.array_equal(leaves[0], learner.apply(new.astype(np.float32)))
    assert np.array_equal(leaves[1], leaves[0] + learner.tree_.node_count)


def test_a_value_on_the_threshold_goes_left_in_single_precision() -> None:
    """0.1 in single precision lies above 0.1 in double: rounding first decides the side."""
    x = np.array([[0.0], [0.1], [0.2], [0.3]], dtype=np.float32)
    learner = DecisionTreeClassifier(random_state=0).fit(x, [0, 0, 1, 1])
    trees = Trees(2)
    trees.grow([learner.tree_])
    threshold = float(learner.tree_.threshold[0])
    probe = np.array([[threshold], [np.nextafter(threshold, 1)], [threshold + 1e-6]])
    assert np.array_equal(trees.leaves(probe)[0], learner.apply(probe.astype(np.float32)))


def test_the_forest_is_scikit_learns() -> None:
    x, y = data()
    entry = Forest(ForestParams(trees=20, members=4), META)
    assert entry.fit_closed_form(batch(x, y), rng())
    forest = RandomForestClassifier(20, random_state=seed(), n_jobs=1).fit(x, y)
    new = RNG.uniform(0, 1, (50, 6)).astype(np.float32)
    assert np.array_equal(
        entry.tree_probabilities(new, smoothing=0.0).mean(axis=0), forest.predict_proba(new)
    )


def test_smoothed_leaves_and_groups_by_hand() -> None:
    """A leaf of one example of class 2 with m = 0.3: (1 + 0.1)/1.3 and 0.1/1.3."""
    x, y = np.arange(6, dtype=np.float32)[:, None].repeat(6, axis=1), np.array([0, 1, 2, 0, 1, 2])
    params = ForestParams(trees=6, members=3, smoothing=0.3)
    entry = Forest(params, META)
    entry.trees.grow([DecisionTreeClassifier(random_state=0).fit(x, y).tree_] * 6)
    with torch.no_grad():
        p = entry.member_logits(batch(x, y)["x"], rng()).exp()
    assert p.shape == (3, 6, 3)
    expected = torch.full((6, 3), 0.1 / 1.3).double()
    expected[torch.arange(6), torch.from_numpy(y)] = 1.1 / 1.3
    assert torch.allclose(p, expected.expand(3, -1, -1), atol=1e-12)


def test_groups_average_to_the_whole_forest() -> None:
    x, y = data()
    entry = Forest(ForestParams(trees=20, members=5, smoothing=0.2), META)
    entry.fit_closed_form(batch(x, y), rng())
    p = entry.member_logits(batch(x, y)["x"], rng()).exp().mean(dim=0).numpy()
    assert p == pytest.approx(entry.tree_probabilities(x, 0.2).mean(axis=0), abs=1e-12)


def test_unequal_groups_are_refused() -> None:
    with pytest.raises(ValueError, match="multiple of members"):
        ForestParams(trees=10, members=3)


@pytest.mark.parametrize("classes", [2, 3])
def test_boosting_is_scikit_learns(classes: int) -> None:
    x, y = data()
    y = np.minimum(y, classes - 1)
    entry = Boosting(BoostingParams(rounds=8), META | {"n_classes": classes})
    assert entry.fit_closed_form(batch(x, y), rng())
    new = RNG.uniform(0, 1, (50, 6)).astype(np.float32)
    learner = entry.learner(seed()).fit(x, y)
    assert isinstance(learner, GradientBoostingClassifier)
    scores = entry.scores(new)
    raw = learner.decision_function(new)
    assert np.array_equal(scores[:, 1] if classes == 2 else scores, raw)
    with torch.no_grad():
        p = entry.member_logits(batch(new, y)["x"], rng())[0].softmax(dim=1).numpy()
    # softmax and logistic function of the same numbers, in one order of operations or another
    assert p == pytest.approx(learner.predict_proba(new), abs=4 * np.finfo(float).eps)


@pytest.mark.parametrize("kind", [Forest, Boosting])
def test_stored_trees_predict_the_same_bits(kind) -> None:  # type: ignore[no-untyped-def]
    x, y = data()
    params = ForestParams(trees=6, members=2) if kind is Forest else BoostingParams(rounds=5)
    entry, other = kind(params, META), kind(params, META)
    entry.fit_closed_form(batch(x, y), rng())
    other.load_state_dict({k: v.clone() for k, v in entry.state_dict().items()})
    first, second = (e.member_logits(batch(x, y)["x"], rng()) for e in (entry, other))
    assert torch.equal(first, second)
    assert sum(p.numel() for p in other.parameters()) == sum(p.numel() for p in entry.parameters())


def test_costs_by_hand() -> None:
    """Four examples; the root asks all, its right child the two of classes 1 and 2."""
    x = np.array([[0.0], [0.0], [1.0], [2.0]], dtype=np.float32).repeat(6, axis=1)
    learner = DecisionTreeClassifier(random_state=0).fit(x, [0, 0, 1, 2])
    trees = Trees(3)
    trees.grow([learner.tree_])
    assert trees.visits() == 4 + 2
    assert trees.depth() == (1 + 1 + 2 + 2) / 4
