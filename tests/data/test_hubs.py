"""The generated graph with hubs against its own equations, and the split of the FastGCN paper."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from triptych.data import fastgcn, hubs, planetoid
from triptych.data.catalogue import get
from triptych.data.hubs import Parameters, generate
from triptych.data.prepare import reader
from triptych.data.prepared import Prepared
from triptych.data.splits import split
from triptych.errors import UserError
from triptych.seeding import numpy_generator

BASE = Parameters(nodes=400, links=4, classes=4, homophily=0.6, features=8, signal=1.0)


def degrees(arrays: dict[str, np.ndarray]) -> np.ndarray:
    return np.bincount(arrays["edge_index"][0], minlength=len(arrays["y"]))


def test_every_newcomer_makes_as_many_links() -> None:
    arrays = generate(BASE, 0)
    first = BASE.links + 1
    expected = first * (first - 1) // 2 + BASE.links * (BASE.nodes - first)
    assert arrays["edge_index"].shape == (2, 2 * expected)
    degree = degrees(arrays)
    assert degree.min() >= BASE.links and degree.sum() == 2 * expected
    source, target = arrays["edge_index"]
    newcomers = np.arange(first, BASE.nodes)
    older = [(target[source == i] < i).sum() for i in newcomers]
    assert older == [BASE.links] * len(newcomers)
    assert arrays["x"].dtype == np.float32 and np.bincount(arrays["y"]).tolist() == [100] * 4


def test_the_same_arguments_give_the_same_graph() -> None:
    one, two, other = generate(BASE, 3), generate(BASE, 3), generate(BASE, 4)
    for key in one:
        assert np.array_equal(one[key], two[key])
    assert not np.array_equal(one["edge_index"], other["edge_index"])


def test_there_are_hubs_and_they_are_old() -> None:
    degree = degrees(generate(replace(BASE, nodes=2000), 0))
    # k of the t-th newcomer grows like M (N / t)^(1/2) (Barabási and Albert): the largest is near
    # 4 · √(2000 / 5) = 80; in a random graph of mean degree 8 it would hardly exceed 20.
    assert degree.max() > 50
    assert degree[:40].mean() > 4 * degree[1000:].mean()


def test_links_are_drawn_by_degree_and_class() -> None:
    """The second newcomer's links, over many seeds, against the product of the equations."""
    p = Parameters(nodes=4, links=1, classes=2, homophily=0.8, features=1, signal=0.0)
    y = np.array([0, 1, 0, 0])
    counts = np.zeros(4)
    draws = 4000
    for seed in range(draws):
        pairs = hubs._grow(p, y, numpy_generator("test", seed))
        # Pairs: 1-0 (the start), 2-?, 3-?; of those in which 2 chose 0, where does 3 go?
        if pairs[1, 1] == 0:
            counts[pairs[1, 2]] += 1
    # Degrees 2, 1, 1 and affinities 0.8, 0.2, 0.8: weights 1.6, 0.2, 0.8.
    chosen = counts.sum()
    for node, share in ((0, 1.6 / 2.6), (1, 0.2 / 2.6), (2, 0.8 / 2.6)):
        assert abs(counts[node] - chosen * share) < 5 * np.sqrt(chosen * share * (1 - share))
    # Node 2 itself chose between degrees 1 and 1 with affinities 0.8 and 0.2.
    assert abs(chosen - 0.8 * draws) < 5 * np.sqrt(draws * 0.16)


@pytest.mark.parametrize("homophily", [0.25, 0.6, 0.9])
def test_homophily_is_a_dial(homophily: float) -> None:
    arrays = generate(replace(BASE, homophily=homophily, nodes=2000), 0)
    source, target = arrays["edge_index"]
    same = (arrays["y"][source] == arrays["y"][target]).mean()
    # With classes of equal size and equal degrees the share is h itself; which class holds the
    # first hubs moves it by a few hundredths.
    assert same == pytest.approx(homophily, abs=0.06)


def test_features_carry_the_class() -> None:
    arrays = generate(replace(BASE, nodes=4000, signal=3.0), 0)
    means = np.stack([arrays["x"][arrays["y"] == c].mean(axis=0) for c in range(4)])
    # Means of 1000 draws with deviation 1: lengths within 5 √(8 / 1000) = 0.45 of the signal.
    assert np.abs(np.linalg.norm(means, axis=1) - 3.0).max() < 0.45
    within = np.concatenate([arrays["x"][arrays["y"] == c] - means[c] for c in range(4)])
    assert within.std() == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize(
    "wrong", [{"links": 0}, {"links": 400}, {"classes": 1}, {"homophily": 1.0}, {"features": 0}]
)
def test_impossible_numbers_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(UserError, match="hubs: expected"):
        replace(BASE, **wrong)


def test_the_catalogue_has_it() -> None:
    entry = get("hubs")
    prepared = reader(entry)(None, **entry.arguments)
    assert prepared.meta["n_edges"] == prepared.arrays["edge_index"].shape[1]
    assert prepared.meta["largest_degree"] > 150
    chosen = split(prepared, "hubs", 0)
    assert (len(chosen.train), len(chosen.validation), len(chosen.test)) == (200, 200, 2600)


def test_fastgcn_trains_on_every_label_that_is_not_held_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    marks = np.array([0, 0, 1, -1, -1, 2, -1], dtype=np.int8)
    y = np.array([0, 1, 0, 1, 0, 1, -1])
    public = Prepared({"split": marks, "y": y}, {"notes": ["public split"], "n": 7})
    monkeypatch.setattr(planetoid, "public_split", lambda raw, prefix: public)
    found = fastgcn.split(Path(), "cora")
    assert found.arrays["split"].tolist() == [0, 0, 1, 0, 0, 2, -1]  # without a label: never
    assert marks.tolist() == [0, 0, 1, -1, -1, 2, -1]
    notes = found.meta["notes"]
    assert isinstance(notes, list) and "not the public one: all 4 labelled" in str(notes[0])


def test_the_same_files_serve_both_splits() -> None:
    for name in ("cora", "citeseer", "pubmed"):
        public, other = get(name), get(f"{name}_fastgcn")
        assert public.files == other.files and public.arguments == other.arguments
        assert "FastGCN" in other.title and "FastGCN" in other.citation
