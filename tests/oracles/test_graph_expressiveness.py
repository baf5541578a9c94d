"""What networks and colour refinement can tell apart, counted over every small graph."""

from collections import Counter
from fractions import Fraction

import networkx as nx
import numpy as np
import pytest
import torch
from torch import Tensor

from triptych.claims.graphs import n04_sum
from triptych.claims.verdict import judge_check
from triptych.data.made_graphs import atlas
from triptych.data.parts import Part
from triptych.graphs.adjacency import neighbours
from triptych.graphs.aggregators import AGGREGATORS
from triptych.graphs.blocks import one_graph
from triptych.graphs.expressiveness import RESOLUTION, alike, confused, outputs, refine
from triptych.graphs.models import expressiveness

ATLAS = [graph for graph in nx.graph_atlas_g() if len(graph)]
PAIRS = len(ATLAS) * (len(ATLAS) - 1) // 2


def both_ways(graph: nx.Graph) -> Tensor:
    pairs = torch.tensor(list(graph.edges()), dtype=torch.int64).reshape(-1, 2).T
    return torch.cat([pairs, pairs.flip(0)], dim=1)


@pytest.fixture(scope="module")
def colours() -> list[object]:
    arrays = atlas(None).arrays
    edges = torch.from_numpy(arrays["edge_index"])
    near = neighbours(edges, len(arrays["x"]))
    return list(refine(near, arrays["graph"].tolist(), 6))


@pytest.fixture(scope="module")
def counts() -> list[dict[str, float]]:
    """The job's numbers for two draws of weights, the graphs cut into uneven parts."""
    content = atlas(None)
    parts = {
        name: Part(cut(content.arrays, chosen), content.meta | {"split_rule": "none"})
        for name, chosen in (
            ("train", np.arange(0, 900)), ("validation", np.arange(900, 901)),
            ("test", np.arange(901, len(ATLAS))),
        )
    }  # fmt: skip
    model = expressiveness.Entry(expressiveness.ExpressivenessParams(), content.meta)
    measured = [model.measure(parts, ("atlas", seed)).numbers for seed in (0, 1)]
    return [{number.metric: number.value for number in each} for each in measured]


def cut(arrays: dict[str, np.ndarray], chosen: np.ndarray) -> dict[str, np.ndarray]:  # type: ignore[type-arg]
    from triptych.data.cut import _cut_graphs

    return _cut_graphs(arrays, chosen)


def test_colour_refinement_leaves_26_pairs(colours: list[object]) -> None:
    """Against NetworkX' own refinement, by hashes, and the number that is known for seven nodes."""
    hashes = [nx.weisfeiler_lehman_graph_hash(graph, iterations=7) for graph in ATLAS]
    assert alike(colours) == alike(hashes) == 26
    together = Counter(zip(colours, hashes, strict=True))
    assert len(together) == len(set(colours)) == len(set(hashes))  # the same classes


def test_sum_and_sum_confuses_what_refinement_leaves(counts: list[dict[str, float]]) -> None:
    for found in counts:
        assert found["confused_pairs/refinement"] == 26
        assert found["confused_pairs/sum, sum"] == 26


def test_sum_then_mean_sees_the_shares_of_colours(
    counts: list[dict[str, float]], colours: list[object]
) -> None:
    """A mean over nodes keeps the share of every colour: equal shares in exact fractions."""
    shares = []
    for graph, held in zip(ATLAS, colours, strict=True):
        assert isinstance(held, tuple)
        shares.append(tuple((colour, Fraction(count, len(graph))) for colour, count in held))
    assert [found["confused_pairs/sum, mean"] for found in counts] == [alike(shares)] * 2


def test_mean_over_neighbours_sees_the_number_of_nodes_at_most(
    counts: list[dict[str, float]],
) -> None:
    """Constant features stay constant under means (and maxima): only n is left to sum."""
    same_size = alike([len(graph) for graph in ATLAS])
    for found in counts:
        for name in ("mean", "max"):
            assert found[f"confused_pairs/{name}, sum"] == same_size
            assert found[f"confused_pairs/{name}, mean"] == PAIRS


def test_gcn_lies_between(counts: list[dict[str, float]]) -> None:
    """Its weights see degrees, but a regular graph is constant to it, whatever its degree."""
    regular = [graph for graph in ATLAS if nx.is_regular(graph)]
    at_least = alike([len(graph) for graph in regular])
    for found in counts:
        assert found["confused_pairs/symmetric, sum"] >= at_least > 26
        assert found["confused_pairs/symmetric, mean"] >= alike([0] * len(regular))
        assert found["confused_pairs/symmetric, sum"] < found["confused_pairs/mean, sum"]


def test_the_gap_around_the_resolution_is_wide(counts: list[dict[str, float]]) -> None:
    for found in counts:
        assert found["largest_confused_difference"] < 1e-3 * RESOLUTION
        assert found["smallest_told_difference"] > 1e2 * RESOLUTION


@pytest.mark.parametrize("name", AGGREGATORS)
def test_a_hexagon_and_two_triangles_look_alike_to_all(name: str) -> None:
    hexagon, triangles = nx.cycle_graph(6), nx.disjoint_union(*[nx.cycle_graph(3)] * 2)
    points = []
    for graph in (hexagon, triangles):
        x = torch.ones(6, 1, dtype=torch.float64)
        blocks = one_graph(x, both_ways(graph), AGGREGATORS[name])
        points.append(outputs(blocks, AGGREGATORS[name].gather, 8, 4, "sum", 0)[0])
    assert confused(np.stack(points))[0] == 1


def test_the_centres_of_two_stars() -> None:
    """Three leaves or four: the mean of ones is 1 either way, the sums are 4 and 5."""
    seen = {}
    for name in ("mean", "sum"):
        layer = AGGREGATORS[name]
        for leaves in (3, 4):
            x = torch.ones(leaves + 1, 1, dtype=torch.float64)
            graph = layer.prepare(both_ways(nx.star_graph(leaves)), leaves + 1, torch.float64)
            seen[name, leaves] = float(layer.gather(x, graph)[0])
    assert seen["mean", 3] == pytest.approx(seen["mean", 4], abs=1e-15)
    assert (seen["sum", 3], seen["sum", 4]) == (4, 5)


def test_confusion_counts_pairs_and_reports_the_gap() -> None:
    points = np.array([[1.0, 2.0], [1.0, 2.0 + 1e-12], [1.0, 3.0], [1.0, 2.0]])
    count, largest, smallest = confused(points)
    assert count == 3
    assert largest == pytest.approx(5e-13, rel=1e-3) and smallest == pytest.approx(1 / 3)
    assert alike(["a", "b", "b", "b"]) == 3


def test_the_identities_hold_and_would_not_for_another_aggregator(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    checks = n04_sum.check()
    assert [judge_check(check) for check in checks] == ["holds", "holds"]
    swapped = AGGREGATORS | {"mean": AGGREGATORS["sum"], "sum": AGGREGATORS["mean"]}
    monkeypatch.setattr("triptych.graphs.aggregators.AGGREGATORS", swapped)
    assert [judge_check(check) for check in n04_sum.check()] == ["contradicted"] * 2
