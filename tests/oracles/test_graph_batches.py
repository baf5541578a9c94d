"""Many graphs as one: block diagonals, readouts, and what a batch must not change."""

import itertools
from typing import Any

import networkx as nx
import numpy as np
import pytest
import torch
from torch import Tensor

from triptych.graphs.aggregators import AGGREGATORS, Aggregator, Alone
from triptych.graphs.blocks import Blocks, one_graph
from triptych.graphs.graph_classification import GraphClassifier
from triptych.graphs.layer import GraphLayer
from triptych.graphs.models import graph_classifier
from triptych.graphs.operators import mean, separate, symmetric

DOUBLE = torch.float64
# A single node, no edge at all, a hub, a triangle with a tail, and the single node again.
GRAPHS = [nx.empty_graph(1), nx.empty_graph(3), nx.star_graph(4), nx.lollipop_graph(3, 2),
          nx.empty_graph(1)]  # fmt: skip
OPERATORS: list[type[GraphLayer]] = [*AGGREGATORS.values(), Alone, symmetric.Layer, mean.Layer]
TINY = 1e-13  # a few dozen roundings of numbers of order 1 in double precision


def joined(graphs: list[nx.Graph], seed: int = 0, width: int = 3) -> dict[str, Tensor]:
    """The tensors of a part, with random features that depend on graph and node alone."""
    edges, owner, x = [], [], []
    first = 0
    for number, graph in enumerate(graphs):
        pairs = np.array(graph.edges(), dtype=np.int64).reshape(-1, 2).T
        edges.append(np.concatenate([pairs, pairs[::-1]], axis=1) + first)
        owner += [number] * len(graph)
        rng = torch.Generator().manual_seed(100 * seed + graph.size() + len(graph))
        x.append(torch.randn(len(graph), width, generator=rng, dtype=DOUBLE))
        first += len(graph)
    return {
        "x": torch.cat(x),
        "edge_index": torch.from_numpy(np.concatenate(edges, axis=1)),
        "graph": torch.tensor(owner),
        "y": torch.zeros(len(graphs), dtype=torch.int64),
    }


def network(**values: Any) -> GraphClassifier:
    torch.manual_seed(0)
    params = graph_classifier.Entry.Params(hidden=5, **values)
    model = graph_classifier.Entry(params, {"n_features": 3, "n_classes": 2}).to(DOUBLE)
    return model.eval()


@pytest.mark.parametrize("operator", OPERATORS)
def test_choosing_blocks_is_preparing_the_chosen_graphs(operator: type[GraphLayer]) -> None:
    blocks = Blocks.make(joined(GRAPHS), operator)
    for chosen in ([0], [3, 2], [4, 1, 0, 2, 3], [2, 2]):
        taken = blocks.take(torch.tensor(chosen))
        direct = Blocks.make(joined([GRAPHS[k] for k in chosen]), operator)
        torch.testing.assert_close(taken.x, direct.x, rtol=0, atol=0)
        assert taken.starts.tolist() == direct.starts.tolist()
        for ours, theirs in zip(taken.graph, direct.graph, strict=True):
            for mine, its in ((ours.matrix, theirs.matrix), (ours.transposed, theirs.transposed)):
                assert torch.equal(mine.crow_indices(), its.crow_indices())
                assert torch.equal(mine.col_indices(), its.col_indices())
                torch.testing.assert_close(mine.values(), its.values(), rtol=0, atol=0)
            assert torch.equal(ours.order, theirs.order)


def test_entries_follow_their_places_when_they_are_replaced() -> None:
    (taken,) = Blocks.make(joined(GRAPHS), symmetric.Layer).take(torch.tensor([3, 2])).graph
    changed = taken.with_values(torch.arange(1.0, len(taken.values) + 1, dtype=DOUBLE))
    torch.testing.assert_close(
        changed.transposed.to_dense(), changed.matrix.to_dense().T, rtol=0, atol=0
    )


@pytest.mark.parametrize("how", ["sum", "mean"])
def test_readout_is_the_sum_or_mean_over_the_own_nodes(how: Any) -> None:
    data = joined(GRAPHS)
    data["y"] = torch.zeros(len(GRAPHS) + 1)  # one more graph, without nodes
    readout = Blocks.make(data, symmetric.Layer).readout(how)
    expected = torch.stack(
        [getattr(data["x"][data["graph"] == k], how)(dim=0) for k in range(len(GRAPHS))]
    )
    found = readout @ data["x"]
    torch.testing.assert_close(found[:-1], expected, rtol=0, atol=TINY)
    assert not found[-1].any()
    h = data["x"].clone().requires_grad_(True)
    assert torch.autograd.gradcheck(lambda t: readout @ t, (h,))


def test_nodes_out_of_the_order_of_their_graphs_are_refused() -> None:
    data = joined(GRAPHS[2:4])
    data["graph"] = data["graph"].flip(0)
    with pytest.raises(ValueError, match="in the order of their graphs"):
        Blocks.make(data, symmetric.Layer)


@pytest.mark.parametrize(
    ("aggregator", "readout", "head", "batch_norm"),
    list(
        itertools.product(
            ["sum", "mean", "max", "none"], ["sum", "mean"], ["nodes", "layers"], [True]
        )
    ),
)
def test_a_graph_does_not_see_the_others_of_its_batch(
    aggregator: str, readout: str, head: str, batch_norm: bool
) -> None:
    """With batch normalisation too, in evaluation: its statistics are then constants."""
    model = network(aggregator=aggregator, readout=readout, head=head, batch_norm=batch_norm)
    for norm in model.norms:
        norm.running_mean.normal_(generator=torch.Generator().manual_seed(1))  # type: ignore[union-attr, operator]
    together = model.logits(Blocks.make(joined(GRAPHS), model.operator()))
    for number, graph in enumerate(GRAPHS):
        alone = joined([graph])
        torch.testing.assert_close(
            model.respond(alone["x"], alone["edge_index"]), together[number], rtol=0, atol=TINY
        )
    chunks = Blocks.make(joined(GRAPHS), model.operator()).chunks(2)
    pieces = torch.cat([model.logits(chunk) for chunk in chunks])
    torch.testing.assert_close(pieces, together, rtol=0, atol=TINY)


def test_batch_normalisation_in_training_does_mix_graphs() -> None:
    """The reason for the test above: the same comparison fails in training mode."""
    model = network(batch_norm=True).train()
    alone = joined(GRAPHS[3:4])
    together = model.logits(Blocks.make(joined(GRAPHS), model.operator()))[3]
    single = model.logits(Blocks.make(alone, model.operator()))[0]
    assert (together - single).abs().max() > 0.01


@pytest.mark.parametrize("aggregator", ["sum", "mean", "max", "symmetric"])
def test_classes_do_not_depend_on_the_numbering_of_nodes(aggregator: str) -> None:
    model, data = network(aggregator=aggregator), joined(GRAPHS[3:4])
    order = torch.tensor([3, 0, 4, 2, 1])
    moved = model.respond(data["x"][order], order.argsort()[data["edge_index"]])
    torch.testing.assert_close(
        moved, model.respond(data["x"], data["edge_index"]), rtol=0, atol=TINY
    )


def test_every_layer_is_read_out_through_a_map_of_its_own() -> None:
    """Xu et al. (2019): Σ_l W_l Σ_n h_n^l, the input's features among the layers."""
    model = network(head="layers", depth=3)
    data = joined(GRAPHS[3:4])
    blocks = one_graph(data["x"], data["edge_index"], model.operator())
    expected = sum(
        head(state.sum(dim=0))
        for head, state in zip(model.heads, model.states(blocks), strict=True)
    )
    assert len(model.heads) == 4 and model.heads[0].in_features == 3
    found = model.respond(data["x"], data["edge_index"])
    torch.testing.assert_close(found, expected, rtol=0, atol=TINY)


def test_the_sum_of_node_outputs_is_deck_bs_formula() -> None:
    model, data = network(head="nodes"), joined(GRAPHS[2:3])
    blocks = one_graph(data["x"], data["edge_index"], model.operator())
    z = model.heads[0](model.states(blocks)[-1])  # the bias of every node counts
    torch.testing.assert_close(
        model.respond(data["x"], data["edge_index"]), z.sum(dim=0), rtol=0, atol=TINY
    )


@pytest.mark.parametrize("layer", [*AGGREGATORS.values(), Alone])
def test_aggregators_are_their_loop_over_nodes(layer: type[Aggregator]) -> None:
    data = joined(GRAPHS, width=4)
    made = layer(4, 3).to(DOUBLE)
    made.reset_parameters(torch.Generator().manual_seed(2))
    found = made(data["x"], layer.prepare(data["edge_index"], len(data["x"]), DOUBLE))
    torch.testing.assert_close(
        found, made.node_wise(data["x"], data["edge_index"]), rtol=0, atol=TINY
    )


@pytest.mark.parametrize("head", ["nodes", "layers"])
def test_without_edges_nothing_else_is_missing(head: str) -> None:
    """Of the aggregators the control has each weight and, where there is no edge, each output."""
    found = {name: network(aggregator=name, head=head) for name in (*AGGREGATORS, "none")}
    shapes = {
        name: [weight.shape for weight in model.parameters()] for name, model in found.items()
    }
    assert all(each == shapes["none"] for each in shapes.values())
    data, empty = joined(GRAPHS[3:4]), torch.zeros((2, 0), dtype=torch.int64)
    bare = found["none"].respond(data["x"], empty)
    assert torch.equal(found["none"].respond(data["x"], data["edge_index"]), bare)
    for name in AGGREGATORS:  # one seed: the same weights; sums of one term are exact
        assert torch.equal(found[name].respond(data["x"], empty), bare)
        assert not torch.equal(found[name].respond(data["x"], data["edge_index"]), bare)


def test_the_sum_is_the_librarys_gin() -> None:
    data = joined(GRAPHS, width=4)
    made = AGGREGATORS["sum"](4, 3).to(DOUBLE)
    found = made(data["x"], made.prepare(data["edge_index"], len(data["x"]), DOUBLE))
    torch.testing.assert_close(
        found, made.library(data["x"], data["edge_index"]), rtol=0, atol=TINY
    )


def test_separate_weights_take_part_in_batches() -> None:
    """Any operator of the folder with square matrices does, without change."""
    data = joined(GRAPHS)
    layer = separate.Layer(3, 2).to(DOUBLE)
    blocks = Blocks.make(data, separate.Layer)
    chosen = blocks.take(torch.tensor([2]))
    own = layer(blocks.x, blocks.graph)[blocks.starts[2] : blocks.starts[3]]
    torch.testing.assert_close(layer(chosen.x, chosen.graph), own, rtol=0, atol=TINY)
