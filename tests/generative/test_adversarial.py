"""The adversarial games: turns, players, modes of evaluation; the traps that others fell into."""

import numpy as np
import pytest
import torch
from torch import nn

from triptych.generative import adversarial_losses as losses
from triptych.generative.extractor import Extractor
from triptych.generative.models.gan import gradient_norm
from triptych.generative.networks import adversarial as networks
from triptych.registry import model_class, model_names
from triptych.training import Loop, fit

CPU = torch.device("cpu")
META = {"shape": [8, 8, 1], "levels": 5, "n_classes": 2, "kind": "images", "split_rule": "toy"}
GANS = ["gan", "gan_minimax", "lsgan", "wgan", "wgan_gp", "began", "dcgan"]
CRITICS = ["wgan", "wgan_gp"]
SMALL = {"latent": 3, "hidden": [8], "width": 2, "batch_size": 20, "steps": 3, "validate_every": 1}


def batch(n=20, seed=0):
    rng = np.random.default_rng(seed)
    return {"x": torch.from_numpy(rng.integers(0, 5, (n, 1, 8, 8), dtype=np.uint8))}


def make(kind, **params):
    torch.manual_seed(0)
    definition = model_class("generative", kind)
    extra = {"code": 3} if kind == "began" else {}
    return definition(definition.Params(model=kind, **{**SMALL, **extra, **params}), META)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def weights(network):
    return [p.detach().clone() for p in network.parameters()]


def same(first, second):
    return all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


def test_every_adversarial_model_is_in_this_list():
    family = {n for n in model_names("generative") if model_class("generative", n).family == "GAN"}
    assert family == set(GANS)


# --- turns: who moves, on what, and who must not -----------------------------------------------


@pytest.mark.parametrize("kind", GANS)
def test_a_round_is_so_many_turns_of_the_discriminator_then_one(kind):
    model = make(kind)
    turns = [name for name, _ in model.objectives(batch(), generator())]
    assert turns == ["discriminator"] * model.params.discriminator_updates + ["generator"]
    assert model.params.discriminator_updates == (5 if kind in CRITICS else 1)


@pytest.mark.parametrize("kind", GANS)
def test_neither_turn_moves_or_grades_the_other_player(kind):
    """Trap: a discriminator's step whose graph reaches the generator, or the other way round."""
    model = make(kind)
    loop = Loop(model, model.params, CPU, ("turns",))
    for name, loss in model.train().objectives(batch(), generator()):
        turn, rest = model.discriminator, model.generator
        if name == "generator":
            turn, rest = rest, turn
        rest.zero_grad()
        before, moving = weights(rest), weights(turn)
        loop._update(name, loss)
        assert all(p.grad is None for p in rest.parameters())
        assert same(before, weights(rest)) and not same(moving, weights(turn))
    assert all(p.requires_grad for p in model.parameters())


def test_turns_of_the_critic_see_disjoint_parts_of_the_batch_that_cover_it():
    model, seen = make("wgan", discriminator_updates=3), []
    model.game.objective.held_out_loss = lambda d, real, fake: seen.append(real) or d(real).mean()
    list(model.objectives(batch(20), generator()))
    assert [len(part) for part in seen] == [7, 7, 6]
    whole = model._real(batch(20), generator())["y"]  # the first draws of the same stream
    torch.testing.assert_close(torch.cat(seen), whole)


@pytest.mark.parametrize("kind", GANS)
def test_successors_of_the_first_objective_share_its_networks(kind):
    """Only objectives differ: equal shapes, and from one seed equal weights."""
    if kind == "dcgan":
        pytest.skip("differs in its networks, not in its objective")
    assert same(weights(make(kind).generator), weights(make("gan").generator))
    if kind != "began":  # whose discriminator returns images
        assert same(weights(make(kind).discriminator), weights(make("gan").discriminator))


# --- WGAN and WGAN-GP --------------------------------------------------------------------------


def test_critic_is_clipped_after_every_one_of_its_updates():
    model = make("wgan", clip=0.02, learning_rate=0.1)
    loop = Loop(model, model.params, CPU, ("clip",))
    for turn, (name, loss) in enumerate(model.train().objectives(batch(), generator())):
        if turn:  # this loss was computed after the last update was clipped
            assert all(p.abs().max() <= 0.02 for p in model.discriminator.parameters())
        loop._update(name, loss)
    assert any(p.abs().max() > 0.02 for p in model.generator.parameters())


def test_wgan_takes_rmsprop_and_its_critic_ends_linearly():
    model = make("wgan")
    optimisers = Loop(model, model.params, CPU, ("rule",)).optimisers
    assert all(isinstance(o, torch.optim.RMSprop) for o in optimisers.values())
    assert isinstance(model.discriminator[-1], nn.Linear)
    others = make("wgan_gp")
    generator = Loop(others, others.params, CPU, ("r",)).optimisers["generator"]
    assert isinstance(generator, torch.optim.Adam)


def test_points_of_the_penalty_lie_between_one_pair_each():
    """α is uniform on [0, 1], one number per image: real 1, fake 0 shows α itself."""
    seen = []

    def critic(x):
        seen.append(x.detach())
        return x.flatten(1).sum(1)

    losses.gradient_penalty(critic, torch.ones(2000, 2, 3), torch.zeros(2000, 2, 3), generator())
    (between,) = seen
    alpha = between[:, 0, 0]
    assert torch.equal(between, alpha[:, None, None].expand_as(between))
    assert alpha.min() >= 0 and alpha.max() <= 1
    # mean ½ and variance 1/12 of U[0, 1], within five standard errors of 2000 draws
    assert abs(float(alpha.mean()) - 0.5) < 5 * (1 / 12 / 2000) ** 0.5
    assert abs(float(alpha.var()) - 1 / 12) < 5 * (1 / 180 / 2000) ** 0.5


@pytest.mark.parametrize("network", ["mlp", "conv"])
@pytest.mark.parametrize("kind", GANS)
def test_no_discriminator_lets_one_image_change_what_it_says_of_another(kind, network):
    """Trap: batch normalisation in the critic, which the gradient penalty cannot bear."""
    model = make(kind, network=network).train()
    x = torch.randn(6, 1, 8, 8)
    other = x.clone()
    other[3] += 1.0
    outputs = []
    for images in (x, other):
        torch.manual_seed(1)  # the same dropout
        outputs.append(model.discriminator(images).detach().flatten(1))
    kept = [0, 1, 2, 4, 5]
    assert torch.equal(outputs[0][kept], outputs[1][kept])
    assert not torch.equal(outputs[0][3], outputs[1][3])


def test_penalty_is_computed_in_single_precision_under_autocast():
    critic = make("wgan_gp").discriminator.eval()
    x, y = torch.randn(2, 4, 1, 8, 8)
    expected = losses.gradient_penalty(critic, x, y, generator())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert critic(x).dtype == torch.bfloat16  # or the test would show nothing
        found = losses.gradient_penalty(critic, x, y, generator())
    assert found.dtype == torch.float32 and torch.equal(found, expected)


# --- BEGAN -------------------------------------------------------------------------------------


def test_began_reconstructs_what_it_is_given():
    """Trap: scoring D(G(z)) against a real image. A perfect autoencoder has no error on any."""
    objective, identity = make("began").game.objective, nn.Identity()
    fake, real = torch.rand(3, 1, 8, 8), torch.rand(3, 1, 8, 8)
    assert float(objective.generator_loss(identity, fake)) == 0.0
    assert float(objective.discriminator_loss(identity, real, fake, generator())) == 0.0


@pytest.mark.parametrize("rate", [0.001, 1000.0])
def test_balance_moves_once_a_round_stays_in_bounds_and_survives_in_the_state(rate):
    model = make("began", balance_rate=rate, gamma=1.0)
    fitted = fit(model, batch(), batch(8, 1), model.params, seed=("k",), device=CPU)
    k = [point.value for point in fitted.curves if point.metric == "balance_k"]
    assert len(k) == 3 and all(0.0 <= value <= 1.0 for value in k)
    assert len(set(k)) > 1 if rate < 1 else set(k) <= {0.0, 1.0}
    assert float(model.state_dict()["game.objective.k"]) == k[-1]


# --- evaluation --------------------------------------------------------------------------------


def test_image_of_a_code_does_not_depend_on_its_batch_mates():
    """Trap: sampling with batch norm in training mode. Rounding of other matrix shapes: 1e-6."""
    model = make("dcgan", width=4)
    fit(model, batch(), batch(8, 1), model.params, seed=("mates",), device=CPU)
    z, mates = torch.randn(1, 3), 10 * torch.randn(7, 3)
    with torch.no_grad():
        alone = model.eval().generator(z)[0]
        among = model.generator(torch.cat([z, mates]))[0]
        torch.testing.assert_close(alone, among, atol=1e-6, rtol=0)
        model.train()
        assert float((model.generator(torch.cat([z, mates]))[0] - alone).abs().max()) > 1e-3


def test_averaged_weights_include_the_statistics_of_batch_norms():
    """Trap: an average of parameters beside the last step's buffers, or the initial ones."""
    model = make("dcgan", ema=0.9)
    loop = Loop(model, model.params, CPU, ("average",))
    name = "game.generator.2.running_mean"
    start = model.state_dict()[name].clone()
    loop.advance(loop.batch(batch()))
    raw = model.state_dict()[name]
    assert not torch.equal(raw, start)
    torch.testing.assert_close(loop.average[name], start + (1 - 2 / 11) * (raw - start))


def test_features_of_the_extractor_depend_on_neither_mode_nor_batch():
    torch.manual_seed(0)
    extractor, x = Extractor(META, 4), batch(9)["x"]
    with torch.no_grad():
        features = extractor.eval().features(x)
        torch.testing.assert_close(features[:1], extractor.features(x[:1]), atol=1e-6, rtol=0)
        assert torch.equal(features, extractor.train().features(x))


def test_gradient_norms_along_the_training_are_those_of_the_objectives():
    model = make("gan", discriminator_dropout=0.0)
    fitted = fit(model, batch(), batch(8, 1), model.params, seed=("norms",), device=CPU)
    names = ["mean_d_of_fake", "gradient_norm_non_saturating", "gradient_norm_minimax"]
    curves = {n: [p.value for p in fitted.curves if p.metric == n] for n in names}
    assert all(len(values) == 3 for values in curves.values())
    z = torch.randn(8, 3)
    found = model.game.objective.diagnostics(model.generator, model.discriminator, z)
    logits = model.discriminator(model.generator(z))
    assert found["mean_d_of_fake"] == pytest.approx(float(logits.detach().sigmoid().mean()))
    model.zero_grad()
    losses.minimax_generator_loss(logits).backward()
    flat = torch.cat([p.grad.flatten() for p in model.generator.parameters()])
    assert found["gradient_norm_minimax"] == pytest.approx(float(flat.norm()), rel=1e-5)


def test_norms_of_the_two_objectives_differ_by_the_odds_of_one_image():
    """For a single z the gradients are −D ∇ℓ and −(1 − D) ∇ℓ: their ratio is D / (1 − D)."""
    model = make("gan").eval()
    logits = model.discriminator(model.generator(torch.randn(1, 3)))
    norms = [
        gradient_norm(loss(logits), model.generator)
        for loss in (losses.minimax_generator_loss, losses.non_saturating_generator_loss)
    ]
    assert norms[0] / norms[1] == pytest.approx(float(logits.detach().exp()), rel=1e-5)
    assert all(p.grad is None for p in model.parameters())


# --- networks ----------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(1, 4, 4), (1, 8, 8), (1, 28, 28), (3, 32, 32), (2, 8, 12)])
def test_networks_fit_any_image(shape):
    z = torch.randn(2, 5)
    for generate, judge in (
        (networks.mlp_generator(shape, 5, [7]), networks.mlp_discriminator(shape, [7], 0.1)),
        (networks.conv_generator(shape, 5, 2), networks.conv_discriminator(shape, 2, 0.1)),
    ):
        images = generate(z)
        assert images.shape == (2, *shape) and float(images.detach().abs().max()) <= 1.0
        assert judge(images).shape == (2, 1)


@pytest.mark.parametrize(
    ("shape", "bottom", "top"),
    [((1, 8, 8), (4, 4), 1), ((1, 28, 28), (7, 7), 2), ((3, 32, 32), (4, 4), 3)],
)
def test_convolutions_double_the_resolution_from_the_smallest(shape, bottom, top):
    generator_ = networks.conv_generator(shape, 5, 2)
    doublings = [m for m in generator_ if isinstance(m, nn.ConvTranspose2d)]
    assert len(doublings) == top == networks.halvings(*shape[1:])
    assert tuple(generator_[1](generator_[0](torch.randn(1, 5))).shape[2:]) == bottom
    judge = networks.conv_discriminator(shape, 2, 0.0)
    strides = [m.stride for m in judge if isinstance(m, nn.Conv2d)]
    assert strides == [(1, 1)] + [(2, 2)] * top
    assert not any(isinstance(m, nn.MaxPool2d) for m in [*generator_, *judge])


@pytest.mark.parametrize("kind", GANS)
def test_a_sample_costs_one_pass_of_the_generator_alone(kind):
    model, calls = make(kind).eval(), []
    for network in (model.generator, model.discriminator):
        network.register_forward_hook(lambda module, *_: calls.append(module))
    model.sample(3, generator())
    assert calls == [model.generator] and model.evaluations_per_sample == 1
