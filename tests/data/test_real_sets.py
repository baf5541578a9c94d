"""The downloaded sets, where a mirror has them: known facts of each."""

import itertools
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from triptych.data.catalogue import catalogue
from triptych.data.fetch import fetch
from triptych.data.molecules import unpack
from triptych.data.prepare import load, prepare
from triptych.data.prepared import Prepared
from triptych.data.splits import split

pytestmark = pytest.mark.mirror


@pytest.fixture(scope="module")
def get(mirror: str, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Fetches and prepares a set once."""
    root: Path = tmp_path_factory.mktemp("sets")

    @cache
    def bring(name: str) -> Prepared:
        fetch(name, root / "raw", mirror=mirror, progress=False)
        prepare(name, root / "raw", root / name)
        return load(root / name)

    return bring


@pytest.mark.parametrize(
    ("name", "nodes", "edges", "features", "train", "classes"),
    [
        ("cora", 2708, 10556, 1433, 140, 7),
        ("citeseer", 3327, 9104, 3703, 120, 6),
        ("pubmed", 19717, 88648, 500, 60, 3),
    ],
)
def test_planetoid(
    get: Any, name: str, nodes: int, edges: int, features: int, train: int, classes: int
) -> None:
    read = get(name)
    x, y, edge_index = (read.arrays[key] for key in ("x", "y", "edge_index"))
    assert x.shape == (nodes, features) and edge_index.shape == (2, edges)
    result = split(read, name, 0)
    assert (len(result.train), len(result.validation), len(result.test)) == (train, 500, 1000)
    assert np.bincount(y[result.train]).tolist() == [20] * classes
    sums = x.sum(axis=1)
    # float32 rows of up to 171 terms: the sum is 1 to within 171 roundings of 6e-8.
    assert np.minimum(np.abs(sums), np.abs(sums - 1)).max() < 171 * 6e-8
    empty = 15 if name == "citeseer" else 0
    assert (sums == 0).sum() == empty and (y < 0).sum() == empty
    assert y[np.concatenate([result.validation, result.test])].min() >= 0
    if name == "citeseer":
        assert nodes - len(np.unique(edge_index)) == 48  # isolated nodes


def test_citations_are_homophilous(get: Any) -> None:
    arrays = get("cora").arrays
    source, target = arrays["edge_index"]
    same = (arrays["y"][source] == arrays["y"][target]).mean()
    assert same == pytest.approx(0.81, abs=0.005)  # the edge homophily of Cora in the literature


@pytest.mark.parametrize(
    ("name", "graphs", "nodes", "edges", "labels", "counts"),
    [
        ("mutag", 188, 3371, 7442, 7, [63, 125]),
        ("proteins", 1113, 43471, 162088, 3, [663, 450]),
        ("nci1", 4110, 122747, 265506, 37, [2053, 2057]),
    ],
)
def test_tu(
    get: Any, name: str, graphs: int, nodes: int, edges: int, labels: int, counts: list[int]
) -> None:
    arrays = get(name).arrays
    assert len(arrays["y"]) == graphs and np.bincount(arrays["y"]).tolist() == counts
    assert arrays["x"].shape == (nodes, labels) and arrays["edge_index"].shape == (2, edges)
    assert ("edge_label" in arrays) == (name == "mutag")
    assert get(name).meta["n_edge_kinds"] == (4 if name == "mutag" else None)
    tested = np.concatenate([split(get(name), name, seed).test for seed in range(10)])
    assert sorted(tested) == list(range(graphs))  # ten seeds are one cross-validation


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
def test_mnist(get: Any, name: str) -> None:
    read = get(name)
    assert read.arrays["x"].shape == (70000, 28, 28, 1) and read.arrays["x"].max() == 255
    result = split(read, name, 0)
    assert (len(result.train), len(result.validation), len(result.test)) == (54000, 6000, 10000)
    assert result.test.tolist() == list(range(60000, 70000))
    if name == "mnist":
        assert read.arrays["y"][:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
        assert read.arrays["x"][:60000].mean() / 255 == pytest.approx(0.1307, abs=5e-5)
    else:
        assert np.bincount(read.arrays["y"]).tolist() == [7000] * 10


def test_binarized_mnist(get: Any) -> None:
    read = get("binarized_mnist")
    result = split(read, "binarized_mnist", 0)
    assert (len(result.train), len(result.validation), len(result.test)) == (50000, 10000, 10000)
    assert read.arrays["x"].max() == 1
    # A binarisation keeps the mean of the grey values, up to its sampling noise.
    assert read.arrays["x"].mean() == pytest.approx(get("mnist").arrays["x"].mean() / 255, abs=1e-3)


def test_dynamic_mnist(get: Any) -> None:
    arrays, grey = get("dynamic_mnist").arrays, get("mnist").arrays["x"]
    assert (arrays["p"] == grey).all() and set(np.unique(arrays["x"])) == {0, 1}
    assert (arrays["x"][grey == 0] == 0).all() and (arrays["x"][grey == 255] == 1).all()
    result = split(get("dynamic_mnist"), "dynamic_mnist", 0)
    assert (len(result.train), len(result.validation), len(result.test)) == (50000, 10000, 10000)
    # one draw of 55 million pixels keeps the mean to 3 · 0.5 / √55e6 = 2e-4 at most
    assert arrays["x"].mean() == pytest.approx(grey.mean() / 255, abs=2e-4)


def test_human_labels(get: Any) -> None:
    counts = get("cifar10h").arrays["counts"]
    assert counts.shape == (10000, 10) and counts.sum(axis=1).min() >= 40


@pytest.mark.parametrize(
    ("name", "n", "positives"),
    [("bbbp", 2050, 1567), ("hiv", 41127, 1443), ("antibiotics", 2335, 120), ("esol", 1128, None)],
)
def test_molecules(get: Any, name: str, n: int, positives: int | None) -> None:
    arrays = get(name).arrays
    texts = unpack(arrays["smiles"], arrays["smiles_offsets"])
    assert len(texts) == n and all(text == text.strip() and text for text in texts)
    if positives is not None:
        assert int(arrays["y"].sum()) == positives


def test_antibiotics_are_split_by_scaffold(get: Any) -> None:
    read = get("antibiotics")
    scaffold = read.arrays["scaffold"]
    assert read.meta["n_scaffolds"] == len(set(scaffold)) == 1102
    for seed in range(20):
        result = split(read, "antibiotics", seed)
        parts = [result.train, result.validation, result.test]
        frames = [set(scaffold[part]) for part in parts]
        assert not frames[0] & frames[1] | frames[0] & frames[2] | frames[1] & frames[2]
        shares = np.array([len(part) for part in parts]) / 2335
        # Most of the 1,102 frames are of one or two molecules: the shares are met closely.
        assert np.abs(shares - [0.5, 0.15, 0.35]).max() < 0.01
        active = np.array([read.arrays["y"][part].sum() for part in parts])
        assert np.abs(active / 120 - [0.5, 0.15, 0.35]).max() < 0.05


def test_pictures(get: Any) -> None:
    assert sorted(get("frost").arrays) == [f"frost{i}" for i in range(1, 7)]
    for name, n, characters in (("omniglot_small1", 2720, 136), ("omniglot_small2", 3120, 156)):
        read = get(name)
        assert read.arrays["x"].shape == (n, 105, 105, 1)
        assert np.bincount(read.arrays["y"]).tolist() == [20] * characters
        assert read.arrays["x"].mean() > 0.9  # paper is 1


@pytest.mark.parametrize(
    ("name", "train"),
    [("cora_fastgcn", 1208), ("citeseer_fastgcn", 1812), ("pubmed_fastgcn", 18217)],
)
def test_sizes_of_the_fastgcn_split(get: Any, name: str, train: int) -> None:
    chosen = split(get(name), name, 0)
    parts = (chosen.train, chosen.validation, chosen.test)
    assert tuple(map(len, parts)) == (train, 500, 1000)
    assert all(not set(a) & set(b) for a, b in itertools.combinations(map(list, parts), 2))


def test_every_downloaded_set_has_a_test_here() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    for name, dataset in catalogue().items():
        whole_archive = ("cifar10", "cifar10_human", "cifar10_c")  # too large for mirrors
        if not dataset.embedded and name not in whole_archive:
            assert f'"{name}"' in text, name
