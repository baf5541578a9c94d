"""Selection inside each fold: validation chooses, the test part is looked at once."""

from typing import Any

import numpy as np
import pytest
import torch

from triptych.data import motifs
from triptych.data.catalogue import Folds
from triptych.data.cut import _cut
from triptych.data.parts import PARTS, Part
from triptych.data.splits import split
from triptych.graphs.models import nested_classifier
from triptych.training import fit

PREPARED = motifs.data_set(None, 120, 0.5, 0.5, 30, 0)
TEN = Folds(rule="folds", folds=10)


def parts(seed: int = 0) -> dict[str, Part]:
    chosen = split(PREPARED, "toy", seed, TEN)
    meta = PREPARED.meta | {"dataset": "toy", "seed": seed, "split_rule": chosen.rule}
    return {name: Part(_cut(PREPARED, chosen, name), meta | {"part": name}) for name in PARTS}


def built(**values: Any) -> nested_classifier.Entry:
    torch.manual_seed(0)
    settings = {"widths": [8, 16], "dropouts": [0.0, 0.5], "steps": 30} | values
    return nested_classifier.Entry(
        nested_classifier.NestedParams(**settings), parts()["train"].meta
    )


def trained(model: nested_classifier.Entry, held: dict[str, Part]) -> None:
    data, validation = model.tensors(held["train"], held["validation"])
    for name, candidate in model.trainables().items():
        fit(
            candidate, data, validation, model.params, seed=("test", name),
            device=torch.device("cpu"), full_batch=True,
        )  # fmt: skip


@pytest.mark.parametrize("aggregator", ["sum", "symmetric", "sage", "none"])
def test_every_pair_is_a_candidate(aggregator: str) -> None:
    model = built(aggregator=aggregator, readouts=["sum", "mean"])
    found = [(c.params.hidden, c.params.readout, c.params.dropout) for c in model._networks()]
    assert found == [(w, r, d) for w in (8, 16) for r in ("sum", "mean") for d in (0.0, 0.5)]
    assert list(model.trainables()) == [f"candidate{k}" for k in range(8)]


def test_the_lowest_validation_loss_is_chosen_and_measured_alone() -> None:
    model, held = built(), parts()
    trained(model, held)
    data, _ = model.tensors(held["validation"], held["train"])
    losses = [float(c.validation_loss(data, torch.Generator()).detach()) for c in model._networks()]
    best = int(np.argmin(losses))
    chosen, loss = model.choose(held["validation"])
    assert chosen is model._networks()[best] and loss == losses[best]
    measured = model.measure(held, ("test",))
    np.testing.assert_array_equal(
        measured.arrays["test_logits"], model._networks()[best].predict(held["test"])
    )
    numbers = {(n.split, n.metric): n.value for n in measured.numbers}
    assert numbers["validation", "chosen_width"] == chosen.params.hidden
    assert numbers["validation", "chosen_dropout"] == chosen.params.dropout
    hit = (measured.arrays["test_logits"].argmax(1) == held["test"].arrays["y"]).mean()
    assert numbers["test", "accuracy"] == hit


def test_the_test_part_cannot_choose() -> None:
    """A planted run: the candidate that is best on the test part is worst on validation."""
    model, held = built(widths=[8], dropouts=[0.0, 0.5]), parts()
    good, bad = model._networks()
    for network, sign in ((good, 1.0), (bad, -1.0)):
        for head in network.heads:
            torch.nn.init.zeros_(head.weight)
            head.bias.data = torch.tensor([0.0, sign])
    y = {name: part.arrays["y"] for name, part in held.items()}
    y["validation"][:], y["test"][:] = 1, 0  # always "1" is right here and wrong there
    chosen, _ = model.choose(held["validation"])
    assert chosen is good
    numbers = {(n.split, n.metric): n.value for n in model.measure(held, ("test",)).numbers}
    assert numbers["validation", "accuracy"] == 1 and numbers["test", "accuracy"] == 0


def test_the_baseline_without_structure_sees_no_edge() -> None:
    model = built(aggregator="none").eval()
    held = parts()["test"].arrays
    x, edges = torch.from_numpy(held["x"]).float(), torch.from_numpy(held["edge_index"])
    none = torch.zeros(2, 0, dtype=torch.int64)
    assert torch.equal(model.respond(x, edges), model.respond(x, none))
    # The sum over the graph, scaled as at the start of training: zero mean, unit variance.
    first = model._networks()[0]
    counts = x.sum(dim=0, keepdim=True) / (1 + first.counts.eps) ** 0.5
    expected = first.heads[0](first.hidden(counts).relu())[0]
    # Sums of single-precision counts below 300, and two products of 26 and 8 terms.
    torch.testing.assert_close(model.respond(x, edges), expected, rtol=1e-5, atol=1e-4)
    graph = built(aggregator="sum").eval()
    assert not torch.equal(graph.respond(x, edges), graph.respond(x, none))


def test_the_protocol_says_how_it_was_chosen() -> None:
    model, held = built(), parts(3)
    chosen, _ = model.choose(held["validation"])
    text = model.protocol(chosen, held["train"].meta)
    for piece in (
        "10-fold cross-validation",
        "seed s tests on fold s mod 10",
        "width of [8, 16]",
        "lowest validation loss, chosen for each seed",
    ):
        assert piece in text
