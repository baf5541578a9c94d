"""BatchEnsemble: a member is the network whose weights are W ∘ (r sᵀ), written out."""

import torch

from triptych.uncertainty.models.batch_ensemble import BatchEnsembleParams, Entry
from triptych.uncertainty.networks import Network
from triptych.uncertainty.rank_one import RankOne, dealt

META = {"kind": "images", "shape": [8, 8, 1], "n_classes": 3, "levels": 17}
PARAMS = BatchEnsembleParams(width=4, hidden=8, members=3, spread=0.7)


def entry() -> Entry:
    torch.manual_seed(2)
    return Entry(PARAMS, META).double().eval()


def images(n: int) -> torch.Tensor:
    return torch.rand(n, 1, 8, 8, generator=torch.Generator().manual_seed(1)).double()


def written_out(model: Entry, member: int) -> Network:
    """The plain network with a member's weights."""
    network = Network([8, 8, 1], 3, 4, 8).double().eval()
    plain = [layer for layer in [*network.trunk, *network.head] if hasattr(layer, "weight")]
    shared = [layer for layer in model.member.body.layers if isinstance(layer, RankOne)]
    with torch.no_grad():
        for target, source in zip(plain, shared, strict=True):
            r, s = source.outputs[member], source.inputs[member]
            factor = torch.outer(r, s)
            weight = source.shared.weight
            target.weight.copy_(weight * factor.reshape(factor.shape + (1,) * (weight.dim() - 2)))
            target.bias.copy_(source.bias[member])
    return network


def test_members_are_explicit_rank_one_networks() -> None:
    model, x = entry(), images(5)
    with torch.no_grad():
        logits = model.member_logits(x, torch.Generator())
        for member in range(3):
            network = written_out(model, member)
            # double precision; sums of a few hundred terms of order 1
            assert torch.allclose(logits[member], network(x), atol=1e-12)
            mixed = model.member(x, torch.full((5,), member))
            assert torch.allclose(mixed, network(x), atol=1e-12)


def test_a_mixed_batch_gives_everyone_the_weights_of_its_member() -> None:
    model, x = entry(), images(6)
    who = torch.tensor([2, 0, 1, 0, 2, 1])
    with torch.no_grad():
        mixed = model.member(x, who)
        logits = model.member_logits(x, torch.Generator())
    assert torch.allclose(mixed, logits[who, torch.arange(6)], atol=1e-12)


def test_gradients_of_a_member_come_from_its_share_alone() -> None:
    model = entry()
    batch = {"x": images(9), "y": torch.arange(9) % 3}
    model.member.loss(batch, torch.Generator()).backward()
    factors = [layer for layer in model.member.body.layers if isinstance(layer, RankOne)]
    assert all(layer.shared.weight.grad.abs().sum() > 0 for layer in factors)
    model.zero_grad()
    x = batch["x"][:3]  # the share of member 0
    torch.nn.functional.cross_entropy(
        model.member(x, torch.zeros(3, dtype=torch.int64)), batch["y"][:3]
    ).backward()
    assert all(layer.bias.grad[1:].abs().sum() == 0 for layer in factors)
    assert all(layer.bias.grad[0].abs().sum() > 0 for layer in factors)


def test_a_batch_is_dealt_evenly() -> None:
    assert dealt(8, 4, torch.device("cpu")).tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    counts = torch.bincount(dealt(10, 4, torch.device("cpu")), minlength=4)
    assert counts.sum() == 10 and counts.max() - counts.min() <= 1
    assert dealt(2, 4, torch.device("cpu")).tolist() == [0, 2]  # fewer examples than members


def test_without_spread_all_members_are_the_network() -> None:
    torch.manual_seed(3)
    model = Entry(PARAMS.model_copy(update={"spread": 0.0}), META).eval()
    with torch.no_grad():
        logits = model.member_logits(images(4).float(), torch.Generator())
    assert torch.equal(logits[0], logits[1]) and torch.equal(logits[0], logits[2])
