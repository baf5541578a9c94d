"""Link prediction without leaks, and its measures by hand and by the library."""

import itertools
import math
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest
import torch

from triptych.data.fetch import fetch
from triptych.data.graphs import karate
from triptych.data.parts import Part
from triptych.data.prepare import load, prepare
from triptych.errors import UserError
from triptych.graphs.link_measures import (
    common_neighbours,
    cosines,
    inner_products,
    probe,
    same_class_ranking,
    scores,
)
from triptych.graphs.link_prediction import _cross_entropy
from triptych.graphs.links import LinkSplit, NegativeSampler, Pairs, split_links
from triptych.graphs.models import gae, vgae
from triptych.graphs.operators import symmetric

KARATE = karate(None, "club").arrays["edge_index"]
PARTS = ("train", "validation", "test", "validation_negative", "test_negative")


def pairs_of(array: Pairs) -> list[frozenset[int]]:
    return [frozenset(pair) for pair in array.T.tolist()]


def part(seed: int = 0, nodes: int = 40) -> Part:
    graph = nx.gnp_random_graph(nodes, 0.2, seed=seed)
    pairs = np.array(graph.edges()).T
    both = np.concatenate([pairs, pairs[::-1]], axis=1)
    x = np.random.default_rng(seed).standard_normal((nodes, 6)).astype(np.float32)
    meta = {
        "n": nodes, "n_features": 6, "n_classes": 2, "task": "classification", "dataset": "toy",
        "seed": seed, "notes": [], "split_rule": "drawn anew for each seed",
    }  # fmt: skip
    arrays = {"x": x, "edge_index": both, "index": np.arange(9), "y": np.arange(9) % 2}
    return Part(arrays, meta)


def test_two_hundred_splits_of_the_karate_club_share_no_pair_in_either_direction() -> None:
    edges = set(pairs_of(KARATE))
    for seed in range(200):
        split = split_links(KARATE, 34, "karate", seed)
        found = {name: pairs_of(getattr(split, name)) for name in PARTS}
        assert all(len(each) == 2 for each in itertools.chain(*found.values()))  # no loops
        everything = list(itertools.chain(*found.values()))
        assert len(set(everything)) == len(everything)
        assert set(itertools.chain(*(found[name] for name in PARTS[:3]))) == edges
        assert not edges & {*found["validation_negative"], *found["test_negative"]}
        sizes = [len(found[name]) for name in PARTS]
        assert sizes == [68, 3, 7, 3, 7]  # floors of 5 and 10 % of 78, one negative each


def test_messages_run_on_training_edges_in_both_directions_only() -> None:
    split = split_links(KARATE, 34, "karate", 0)
    directed = {tuple(pair) for pair in split.edge_index.T.tolist()}
    assert directed == {(j, i) for i, j in directed} and len(directed) == 2 * 68
    assert {frozenset(pair) for pair in directed} == set(pairs_of(split.train))
    keys = split.edge_index[0] * 34 + split.edge_index[1]
    assert (np.diff(keys) > 0).all()


def test_a_split_depends_on_data_set_and_seed_alone() -> None:
    first, again, other = (split_links(KARATE, 34, *names) for names in
                           (("karate", 1), ("karate", 1), ("karate", 2)))  # fmt: skip
    assert all(np.array_equal(getattr(first, n), getattr(again, n)) for n in PARTS)
    assert not np.array_equal(first.test, other.test)
    toy = part(3)
    assert np.array_equal(gae.Entry.links(toy).test, vgae.Entry.links(toy).test)


@pytest.mark.parametrize("kind", [gae.Entry, vgae.Entry])
def test_training_gets_neither_test_pairs_nor_labels(kind: Any) -> None:
    toy = part()
    split = kind.links(toy)
    train, validation = kind.tensors(toy, toy)
    assert set(train) == {"x", "edge_index", "positive"}
    assert set(validation) == {"x", "edge_index", "positive", "negative"}
    given = [pair for batch in (train, validation) for name in batch if name != "x"
             for pair in pairs_of(batch[name].numpy())]  # fmt: skip
    assert not set(given) & {*pairs_of(split.test), *pairs_of(split.test_negative)}
    assert torch.equal(train["edge_index"], validation["edge_index"])


def test_training_negatives_are_no_training_edges_and_are_not_told_of_the_others() -> None:
    split = split_links(KARATE, 34, "karate", 0)
    sampler = NegativeSampler(torch.from_numpy(split.train), 34)
    rng = torch.Generator().manual_seed(0)
    drawn = [frozenset(p) for _ in range(400) for p in sampler.draw(rng).T.tolist()]
    assert all(len(pair) == 2 for pair in drawn)
    assert not set(drawn) & set(pairs_of(split.train))
    free = math.comb(34, 2) - 68
    assert len(set(drawn)) == free  # 48 draws each: all of them, held-out edges among them
    held = {*pairs_of(split.test), *pairs_of(split.validation)}
    count = sum(pair in held for pair in drawn)
    share = len(held) / free  # uniform: a binomial count, within six deviations
    assert abs(count - share * len(drawn)) < 6 * math.sqrt(share * len(drawn))


def test_too_small_and_too_dense_graphs_are_refused() -> None:
    tiny = np.array([[0, 1], [1, 0]])
    with pytest.raises(UserError, match="expected at least 20 edges to hold some out, found 1"):
        split_links(tiny, 3, 0)
    complete = np.array(list(itertools.permutations(range(8), 2))).T
    with pytest.raises(UserError, match="expected 3 pairs that are no edges, found 0"):
        split_links(complete, 8, 0)


@pytest.mark.mirror
def test_sizes_on_cora_are_those_of_the_literature(mirror: str, tmp_path: Path) -> None:
    fetch("cora", tmp_path / "raw", mirror=mirror, progress=False)
    prepare("cora", tmp_path / "raw", tmp_path / "cora")
    split = split_links(load(tmp_path / "cora").arrays["edge_index"], 2708, "cora", 0)
    sizes = [getattr(split, name).shape[1] for name in PARTS]
    assert sizes == [4488, 263, 527, 263, 527]
    assert split.edge_index.shape == (2, 8976)


@pytest.mark.parametrize("seed", range(3))
def test_scores_are_their_definitions(seed: int) -> None:
    rng = np.random.default_rng(seed)
    joined, apart = rng.integers(0, 6, 20) * 1.0, rng.integers(0, 5, 30) * 1.0
    wins = [(a > b) + 0.5 * (a == b) for a in joined for b in apart]
    precision = []  # at every positive, the ranking cut behind its ties
    for score in joined:
        above = (joined >= score).sum()
        precision.append(above / (above + (apart >= score).sum()))
    auc, ap = scores(joined, apart)
    assert auc == pytest.approx(np.mean(wins), abs=1e-12)
    assert ap == pytest.approx(np.mean(precision), abs=1e-12)


def test_average_precision_depends_on_the_share_of_edges_and_the_area_does_not() -> None:
    rng = np.random.default_rng(0)
    joined, apart = rng.normal(1, 1, 200), rng.normal(0, 1, 200)
    even, rare = scores(joined, apart), scores(joined, np.tile(apart, 50))
    assert even[0] == pytest.approx(rare[0], abs=1e-12)
    assert rare[1] < even[1] / 3


def test_raw_scores_do_not_tie_where_a_sigmoid_would() -> None:
    joined, apart = np.array([30.0, 40.0]), np.array([25.0, 20.0])
    squashed = [1 / (1 + np.exp(-each.astype(np.float32))) for each in (joined, apart)]
    assert scores(joined, apart)[0] == 1 > scores(*squashed)[0]


def test_the_decoder_has_no_direction() -> None:
    z = np.random.default_rng(0).standard_normal((5, 3)).astype(np.float32)
    pairs = np.array([[0, 1, 4], [2, 3, 0]])
    assert np.array_equal(inner_products(z, pairs), inner_products(z, pairs[::-1]))


def test_common_neighbours_and_cosines() -> None:
    graph = nx.karate_club_graph()
    pairs = np.array(list(itertools.combinations(range(34), 2))).T
    expected = [len(list(nx.common_neighbors(graph, i, j))) for i, j in pairs.T.tolist()]
    assert common_neighbours(KARATE, 34, pairs).tolist() == expected
    x = np.array([[3.0, 4.0], [4.0, 3.0], [0.0, 0.0]])
    found = cosines(x, np.array([[0, 0], [1, 2]]))
    np.testing.assert_allclose(found, [24 / 25, 0], rtol=0, atol=1e-15)


def test_losses_are_the_librarys() -> None:
    """Reconstruction of given pairs and divergence per node: PyTorch Geometric's VGAE."""
    from torch_geometric.nn import VGAE

    rng = torch.Generator().manual_seed(0)
    z, log_sigma = (torch.randn(9, 4, generator=rng, dtype=torch.float64) for _ in range(2))
    positive, negative = torch.tensor([[0, 1, 2], [3, 4, 5]]), torch.tensor([[0, 6], [8, 7]])
    library = VGAE(torch.nn.Identity())
    theirs = library.recon_loss(z, positive, negative)
    # Theirs adds 1e-15 inside the logarithm: on probabilities above 1e-3 no more than 1e-12.
    torch.testing.assert_close(_cross_entropy(z, positive, negative), theirs, rtol=0, atol=1e-11)
    per_node = library.kl_loss(z, log_sigma)
    torch.testing.assert_close(vgae.divergence(z, log_sigma).mean(), per_node)


@torch.no_grad()
def test_the_variational_loss_is_the_bound_over_the_number_of_pairs() -> None:
    toy = part()
    model = vgae.Entry(vgae.Entry.Params(hidden=4, code=3), toy.meta)
    model.second.weight.zero_()
    model.spread.weight.zero_()  # q is then the prior: no divergence
    x = torch.from_numpy(toy.arrays["x"])
    graph = symmetric.Layer.prepare(torch.from_numpy(toy.arrays["edge_index"]), 40)
    z, more = model.draw(x, graph, torch.Generator().manual_seed(0))
    assert float(more) == 0
    assert float(z.std()) == pytest.approx(1, abs=6 / math.sqrt(2 * z.numel()))
    model.second.weight.normal_(generator=torch.Generator().manual_seed(1))
    mean = model.encode(x, graph)
    _, more = model.draw(x, graph, torch.Generator().manual_seed(0))
    # σ = 1 still: KL(N(μ, 1) ‖ N(0, 1)) = |μ|² / 2, over N² pairs.
    torch.testing.assert_close(more, mean.square().sum() / 2 / 40**2)


def test_the_encoder_is_the_librarys_two_layers() -> None:
    from torch_geometric.nn import GCNConv

    toy = part()
    model = gae.Entry(gae.Entry.Params(hidden=4, code=3), toy.meta)
    x, edges = (torch.from_numpy(toy.arrays[name]) for name in ("x", "edge_index"))
    layers = [GCNConv(6, 4, bias=False), GCNConv(4, 3, bias=False)]
    for ours, theirs in zip((model.first, model.second), layers, strict=True):
        theirs.lin.weight.data = ours.weight.detach().T
    expected = layers[1](layers[0](x, edges).relu(), edges)
    # A few dozen roundings of single precision.
    torch.testing.assert_close(model.respond(x, edges), expected, rtol=1e-5, atol=1e-5)


def test_a_probe_reads_what_is_there_and_nothing_else() -> None:
    rng = np.random.default_rng(0)
    y = np.arange(300) % 3
    told = np.eye(3)[y] + 0.1 * rng.standard_normal((300, 3))
    parts = {
        name: Part({"index": np.arange(start, end), "y": y[start:end]}, {})
        for name, start, end in (("train", 0, 60), ("validation", 60, 120), ("test", 120, 300))
    }
    assert probe(told, parts) == 1
    noise = rng.standard_normal((300, 3))
    assert abs(probe(noise, parts) - 1 / 3) < 6 * math.sqrt(2 / 9 / 180)  # a binomial share
    assert probe(1e6 * told, parts) == 1 and probe(1e-6 * told, parts) == 1
    assert probe(np.ones((300, 2)), parts) == pytest.approx(1 / 3)  # constant columns: no nan


def test_ranking_of_same_class_pairs() -> None:
    y = np.arange(200) % 4
    perfect, n = same_class_ranking(np.eye(4)[y], y, 0)
    assert perfect == 1 and 19_000 < n <= 20_000
    chance, _ = same_class_ranking(np.random.default_rng(0).standard_normal((200, 8)), y, 0)
    assert abs(chance - 0.5) < 0.06  # 200 points: their pairs are no independent draws
    hidden = np.where(np.arange(200) < 100, y, -1)
    assert same_class_ranking(np.eye(4)[y], hidden, 0)[0] == 1


def test_a_split_says_what_it_is() -> None:
    split = split_links(KARATE, 34, "karate", 0)
    assert isinstance(split, LinkSplit) and all((getattr(split, n)[0] < getattr(split, n)[1]).all()
                                                for n in PARTS)  # fmt: skip
