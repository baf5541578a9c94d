"""The untrained embedding's measure against refitting, and the published effect's size."""

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.model_selection import LeaveOneOut

from triptych.metrics.graph_stats import (
    chance_homophily,
    edge_homophily,
    ends,
    leave_one_out_discriminant,
)


def refitted(points: np.ndarray, labels: np.ndarray) -> np.ndarray:
    classes = len(np.unique(labels))
    right = []
    for train, test in LeaveOneOut().split(points):
        model = LinearDiscriminantAnalysis(solver="lsqr", priors=np.full(classes, 1 / classes))
        right.append(model.fit(points[train], labels[train]).predict(points[test])[0])
    return np.array(right) == labels


@pytest.mark.parametrize(("n", "dimensions", "classes"), [(20, 2, 2), (30, 3, 3), (12, 1, 2)])
def test_leave_one_out_equals_refitting(n: int, dimensions: int, classes: int) -> None:
    rng = np.random.default_rng(n)
    labels = rng.permutation(np.arange(n) % classes)
    points = rng.standard_normal((4, n, dimensions)) + labels[:, None]
    found = leave_one_out_discriminant(points, labels)
    expected = np.stack([refitted(each, labels) for each in points])
    np.testing.assert_array_equal(found, expected)
    assert 0 < expected.mean() < 1  # neither outcome is trivial


def test_coinciding_points_are_at_chance_not_below() -> None:
    labels = np.arange(10) % 2
    assert leave_one_out_discriminant(np.ones((10, 2)), labels).mean() == 0.5


def test_collinear_points_use_the_pseudo_inverse() -> None:
    labels = np.repeat([0, 1], 5)
    line = np.linspace(-1, 1, 10)[:, None] * np.array([[1.0, 2.0]])
    assert leave_one_out_discriminant(line, labels).all()


def test_a_class_of_one_is_refused() -> None:
    with pytest.raises(ValueError, match="at least two points"):
        leave_one_out_discriminant(np.zeros((3, 2)), np.array([0, 0, 1]))


def test_homophily_by_hand() -> None:
    triangle = np.array([[0, 1, 2], [1, 2, 0]])
    assert edge_homophily(triangle, np.array([0, 0, 1])) == pytest.approx(1 / 3)
    assert edge_homophily(triangle, np.array([0, 0, -1])) == 1.0  # edges at node 2 do not count
    assert np.isnan(edge_homophily(triangle, np.array([-1, -1, -1])))


def test_edges_without_both_labels_are_not_counted() -> None:
    triangle = np.array([[0, 1, 2], [1, 2, 0]])
    assert ends(triangle, np.array([1, 0, 1])).tolist() == [[1, 0, 1], [0, 1, 1]]
    assert ends(triangle, np.array([1, 0, -1])).tolist() == [[1], [0]]
    assert np.isnan(chance_homophily(triangle, np.array([0, -1, -1])))


def test_chance_is_what_randomly_paired_ends_give() -> None:
    """By enumeration: every end with every end, its own included (with replacement)."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 30)
    edges = rng.integers(0, 30, (2, 80))
    classes = y[edges].ravel()
    assert chance_homophily(edges, y) == pytest.approx((classes[:, None] == classes).mean())
    assert chance_homophily(np.hstack([edges, edges[::-1]]), y) == chance_homophily(edges, y)
    # A star has half of its ends at the centre: classes count by ends, not by nodes.
    star = np.array([[0] * 4, [1, 2, 3, 4]])
    assert chance_homophily(star, np.array([0, 1, 1, 1, 1])) == 0.5
