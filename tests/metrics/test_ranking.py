"""Rankings by hand, by enumeration over all orders of the ties, and at their extremes."""

import itertools

import numpy as np
import pytest

from triptych.metrics import ranking

SCORES = np.array([0.9, 0.7, 0.7, 0.7, 0.2, 0.2, 0.1])
LABELS = np.array([0, 1, 0, 1, 1, 0, 0])


def all_orders() -> list[tuple[int, ...]]:
    """Every order of the items that the scores allow."""
    blocks = [
        np.flatnonzero(np.isclose(SCORES, value)) for value in sorted(set(SCORES), reverse=True)
    ]
    each = [list(itertools.permutations(block)) for block in blocks]
    return [tuple(itertools.chain(*choice)) for choice in itertools.product(*each)]


def test_ties_are_the_mean_over_all_orders() -> None:
    orders = all_orders()
    assert len(orders) == 6 * 2
    exact = np.mean([[0, *np.cumsum(LABELS[list(order)])] for order in orders], axis=0)
    # Sums of thirds and halves of integers: a few roundings.
    np.testing.assert_allclose(ranking.hits(SCORES, LABELS), exact, atol=1e-14)
    for k in range(1, 8):
        assert ranking.precision_at(SCORES, LABELS, k) == pytest.approx(exact[k] / k, abs=1e-14)


def test_precision_and_enrichment_by_hand() -> None:
    scores, labels = np.arange(10.0)[::-1], np.array([1, 0, 1, 0, 0, 0, 0, 0, 0, 0])
    assert ranking.precision_at(scores, labels, 1) == 1.0
    assert ranking.precision_at(scores, labels, 4) == 0.5
    assert ranking.enrichment_at(scores, labels, 4) == 0.5 / 0.2
    assert ranking.enrichment_at(scores, labels, 10) == 1.0  # whoever takes all, has no choice


def test_a_scorer_that_says_the_same_of_all_is_chance() -> None:
    labels = np.array([1, 0, 0, 0] * 25)
    same = np.full(100, 0.3)
    for k in (1, 10, 37, 100):
        assert ranking.precision_at(same, labels, k) == pytest.approx(0.25, abs=1e-12)
        assert ranking.enrichment_at(same, labels, k) == pytest.approx(1.0, abs=1e-12)
    assert ranking.auroc(same, labels) == 0.5
    assert ranking.average_precision(same, labels) == 0.25


def test_the_ideal_and_the_worst_ranking() -> None:
    labels = np.repeat([1, 0], [5, 95])
    np.testing.assert_array_equal(ranking.hits(labels, labels), ranking.ideal_hits(labels))
    assert ranking.enrichment_at(labels, labels, 10) == 100 / 10
    assert ranking.enrichment_at(labels, labels, 3) == 100 / 5
    assert ranking.enrichment_at(-labels, labels, 90) == 0.0


def test_only_the_order_counts() -> None:
    moved = 5 * SCORES - 3  # a monotone map, exact enough not to break ties
    np.testing.assert_array_equal(ranking.hits(moved, LABELS), ranking.hits(SCORES, LABELS))


def test_auroc_is_the_share_of_pairs_in_order() -> None:
    positive, negative = SCORES[LABELS == 1], SCORES[LABELS == 0]
    pairs = [(p > n) + 0.5 * (p == n) for p in positive for n in negative]
    assert ranking.auroc(SCORES, LABELS) == pytest.approx(np.mean(pairs), abs=1e-14)


def test_average_precision_by_hand() -> None:
    scores, labels = np.array([4.0, 3, 2, 1]), np.array([1, 0, 1, 0])
    # Recall rises by a half at rank 1 (precision 1) and by a half at rank 3 (precision 2/3).
    assert ranking.average_precision(scores, labels) == pytest.approx(0.5 + 0.5 * 2 / 3, abs=1e-14)


def test_average_precision_depends_on_prevalence_and_auroc_does_not() -> None:
    scores, labels = np.array([4.0, 3, 2, 1]), np.array([1, 0, 1, 0])
    more = np.concatenate([np.repeat(scores, [1, 9, 1, 9])])
    rare = np.repeat(labels, [1, 9, 1, 9])
    assert ranking.auroc(more, rare) == ranking.auroc(scores, labels)
    assert ranking.average_precision(more, rare) < ranking.average_precision(scores, labels)


@pytest.mark.parametrize("k", [0, 8])
def test_more_than_there_is_cannot_be_taken(k: int) -> None:
    with pytest.raises(ValueError, match=f"at least {k} items"):
        ranking.precision_at(SCORES, LABELS, k)


def test_what_cannot_be_ranked_is_refused() -> None:
    with pytest.raises(ValueError, match="finite scores"):
        ranking.hits(np.array([np.nan, 1.0]), np.array([0, 1]))
    with pytest.raises(ValueError, match="labels of 0 or 1"):
        ranking.hits(np.array([0.0, 1.0]), np.array([0, 2]))
