"""The untrained embedding's measure against refitting, and the published effect's size."""

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.model_selection import LeaveOneOut

from triptych.metrics.graph_stats import edge_homophily, leave_one_out_discriminant


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
