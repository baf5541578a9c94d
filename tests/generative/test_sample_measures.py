"""Measures of samples and of adversarial games, on tiny models and made-up pictures."""

import numpy as np
import pytest
import torch

from triptych.data.parts import Part
from triptych.generative.extractor import Extractor
from triptych.generative.measures import (
    coverage,
    decoded,
    gradients,
    modes,
    neighbours,
    training_cost,
)
from triptych.generative.measures.base import Trained
from triptych.generative.params import MeasureParams
from triptych.registry import model_class
from triptych.train import _diagnostics
from triptych.training import fit

META = {
    "shape": [8, 8, 1], "levels": 5, "n_classes": 2, "kind": "images",
    "split_rule": "toy split",
}  # fmt: skip
GAN = {"latent": 2, "hidden": [8]}


def part(n, seed):
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 2
    x = rng.integers(0, 3, size=(n, 8, 8, 1)) + 2 * y[:, None, None, None]
    return Part({"index": np.arange(n), "x": x.astype(np.uint8), "y": y}, META)


def trained(kind, measure=None, facts=None, **params):
    torch.manual_seed(0)
    definition = model_class("generative", kind)
    model = definition(definition.Params(model=kind, **params), META)
    data, _ = model.tensors(part(40, 0), part(20, 1))
    model.fit_closed_form(data, torch.Generator())
    settings = {"samples": 30, "grid": 4, "mode_updates": 12, **(measure or {})}
    return Trained(
        model.eval(), "entry", "toy", 0, part(40, 0), part(20, 1), part(20, 2),
        Extractor(META, 4).eval(), MeasureParams(**settings), facts or {}, torch.device("cpu"),
    )  # fmt: skip


def by_name(found):
    return {(r.metric, r.split): r for r in found.records}


def images_of(p):
    return torch.from_numpy(p.arrays["x"]).permute(0, 3, 1, 2)


# --- precision, recall, density, coverage ------------------------------------------------------


def test_copies_of_the_test_images_cover_them_and_nothing_else_does():
    subject = trained("gan", **GAN)
    subject.__dict__["samples"] = images_of(part(20, 2))
    rows = by_name(coverage.measure(subject))
    for metric in ("precision", "recall", "coverage"):
        assert rows[f"{metric}/cnn4", "test"].value == 1.0
    assert rows["precision/cnn4", "test"].n == 20
    assert "20 samples against 20 test images, balls to the 5-th" in (
        rows["density/cnn4", "test"].protocol
    )
    assert 0 < rows["coverage_of_data/cnn4", "test"].value <= 1
    blank = trained("gan", **GAN)
    blank.__dict__["samples"] = torch.zeros(30, 1, 8, 8, dtype=torch.uint8)
    assert by_name(coverage.measure(blank))["recall/cnn4", "test"].value == 0.0
    assert not coverage.measure(trained("pca", code_sizes=[2])).records


# --- nearest neighbours ------------------------------------------------------------------------


def test_copies_are_near_and_strangers_are_not():
    copier = trained("gan", **GAN)
    copier.__dict__["samples"] = images_of(part(40, 0))
    stranger = trained("gan", **GAN)
    stranger.__dict__["samples"] = 4 * (torch.arange(64) % 2).byte().view(1, 1, 8, 8).expand(
        30, -1, -1, -1
    )
    rows, far = by_name(neighbours.measure(copier)), by_name(neighbours.measure(stranger))
    for variant in ("", "/cnn4"):
        assert rows[f"nearest_train_distance{variant}", "test"].value == pytest.approx(0, abs=1e-6)
        assert rows[f"near_copies{variant}", "test"].value == 1.0
        assert rows[f"nearest_train_distance_of_test{variant}", "test"].value > 0
    assert far["near_copies", "test"].value == 0.0


def test_share_of_near_copies_by_hand():
    control = np.linspace(1.0, 2.0, 21)  # its 5 % quantile is 1.05
    assert neighbours.near_copies(np.array([1.0, 1.04, 1.06, 3.0]), control) == 0.5
    assert neighbours.near_copies(control, control) == pytest.approx(1 / 21)


def test_samples_of_the_datas_law_are_as_near_to_the_seen_as_to_the_unseen():
    """Given all points, which of them are the training ones is a fair draw of m among 2m."""
    rng = np.random.default_rng(1)
    sampled, seen, unseen = (rng.normal(size=(n, 4)) for n in (1500, 1000, 1000))
    share = neighbours.nearer_share(sampled, seen, unseen)
    pool = np.concatenate([seen, unseen])
    nearest = ((sampled[:, None] - pool) ** 2).sum(-1).argmin(1)
    counts = np.bincount(nearest, minlength=2000) / 1500
    # variance of the sum of the m drawn counts: m/(4m − 2) · (Σ c² − (Σ c)²/2m)
    deviation = np.sqrt(1000 / 3998 * ((counts**2).sum() - 1 / 2000))
    assert abs(share - 0.5) < 4 * deviation < 0.1
    assert share == (nearest < 1000).mean()


def test_noise_does_not_hide_a_copy():
    """Kernel density: 3000 kernels, a third of them in the subset that is compared."""
    rng = np.random.default_rng(2)
    train, unseen = rng.normal(size=(3000, 8)), rng.normal(size=(1000, 8))
    copies = train + rng.normal(scale=0.3, size=train.shape)
    seen = train[rng.permutation(3000)[:1000]]
    # 1/3 has its source there, the others are even: 2/3, where noise is small beside distances
    assert neighbours.nearer_share(copies, seen, unseen) > 0.6


def test_ties_count_as_a_half():
    points = np.array([[0.0, 1.0], [3.0, 3.0]])
    assert neighbours.nearer_share(points, points, points.copy()) == 0.5
    moved = np.array([[0.0, 2.0], [3.0, 3.0]])
    assert neighbours.nearer_share(points, points, moved) == 0.75
    assert neighbours.nearer_share(points, points + 1.0, points) == 0.0


def test_copies_are_nearer_to_what_was_seen_in_pixels_and_features():
    copier = trained("gan", **GAN)
    copier.__dict__["samples"] = images_of(part(40, 0))
    rows = by_name(neighbours.measure(copier))
    # 20 of the 40 copies have their original among the 20 that are compared
    chosen = copier.subset(40, 20, "copies, training images")
    assert len(set(chosen)) == 20 and chosen.max() < 40
    for variant in ("", "/cnn4"):
        row = rows[f"nearer_to_training{variant}", "test"]
        assert 0.5 <= row.value <= 1.0
        assert "20 random training images than to any of 20 test images" in row.protocol


# --- an autoencoder as a sampler ---------------------------------------------------------------


def test_codes_of_the_fitted_gaussian_have_the_codes_moments():
    rng = np.random.default_rng(0)
    codes = torch.from_numpy(rng.normal(size=(50, 3)) @ rng.normal(size=(3, 3)) + 4.0)
    noise = torch.from_numpy(rng.normal(size=(4000, 3)))
    drawn = decoded.fitted_gaussian(codes, noise).numpy()
    target = np.cov(codes.numpy(), rowvar=False)
    # five standard errors: of a mean sqrt(var / n), of a covariance at most sqrt(2) var / sqrt(n)
    largest = np.diag(target).max()
    assert np.abs(drawn.mean(0) - codes.numpy().mean(0)).max() < 5 * np.sqrt(largest / 4000)
    assert np.abs(np.cov(drawn, rowvar=False) - target).max() < 5 * largest * np.sqrt(2 / 4000)


def test_degenerate_codes_stay_in_their_subspace():
    line = torch.outer(torch.linspace(-1, 1, 20), torch.tensor([1.0, 2.0]))
    drawn = decoded.fitted_gaussian(line, torch.randn(30, 2))
    # the covariance's null eigenvalue is 0 up to 1e-16, and enters with its root
    torch.testing.assert_close(drawn[:, 1], 2 * drawn[:, 0], atol=1e-7, rtol=0)


def test_decoded_codes_are_measured_at_every_size_and_only_without_a_prior():
    found = decoded.measure(trained("autoencoder", code_sizes=[1, 3], hidden=[8]))
    names = {(law, size) for law in ("standard", "fitted") for size in (1, 3)}
    assert {r.metric for r in found.records} == {
        f"decoded_frechet_distance/{law}, code={size}" for law, size in names
    }
    assert found.arrays["decoded_fitted"].shape == (4, 8, 8, 1)
    assert found.arrays["decoded_fitted"].dtype == np.uint8
    for sampler in ("vae", "gan"):
        assert not decoded.measure(trained(sampler, **GAN)).records


def test_fitted_gaussian_beats_the_standard_one_for_pca():
    """PCA's codes have variances far from 1, so that N(0, I) is a worse guess than their own."""
    rows = by_name(decoded.measure(trained("pca", {"samples": 200}, code_sizes=[3])))
    standard, fitted = (
        rows[f"decoded_frechet_distance/{law}, code=3", "test"].value
        for law in ("standard", "fitted")
    )
    assert fitted < standard


# --- the grid of Gaussians ---------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["gan", "gan_minimax", "lsgan", "wgan", "wgan_gp", "began"])
def test_every_objective_plays_on_the_grid_and_repeats_to_the_bit(kind):
    first, second = (modes.measure(trained(kind, **GAN)) for _ in range(2))
    rows = by_name(first)
    assert 0 <= rows["modes_covered", "all"].value <= 25
    assert rows["diverged_on_grid", "all"].value == 0.0
    updates = 5 if kind in ("wgan", "wgan_gp") else 1
    assert f"after {12 // (updates + 1)} rounds of {updates} " in (
        rows["modes_covered", "all"].protocol
    )
    assert np.array_equal(first.arrays["grid_points"], second.arrays["grid_points"])
    assert first.arrays["grid_points"].shape == (1000, 2)


def test_grid_is_left_out_where_it_means_nothing():
    assert not modes.measure(trained("dcgan", latent=2, width=2)).records
    assert not modes.measure(trained("vae", **GAN)).records
    assert not modes.measure(trained("gan", {"mode_updates": 0}, **GAN)).records


def test_grid_keeps_the_models_own_settings():
    params = model_class("generative", "wgan").Params(model="wgan", clip=0.3, learning_rate=0.01)
    settings = modes.grid_settings(params, 600)
    assert (settings.steps, settings.batch_size, settings.optimiser) == (100, 640, "rmsprop")
    assert (settings.clip, settings.learning_rate) == (0.3, 0.01)
    code = modes.grid_settings(model_class("generative", "began").Params(model="began"), 10).code
    assert code == 1  # a code of two numbers would reproduce any point of the plane


def test_a_trained_game_moves_onto_the_grid():
    """200 rounds spread the generator over the grid's square; untrained it sits in its middle."""
    params = {"learning_rate": 0.002, "betas": (0.5, 0.999), **GAN}
    untrained, fitted = (
        modes.measure(trained("gan", {"mode_updates": n}, **params)).arrays["grid_points"].std()
        for n in (2, 400)
    )
    assert untrained < 0.5 < fitted


# --- gradients along the training --------------------------------------------------------------


def test_gradients_are_read_at_the_lowest_score_of_the_fakes():
    curves = {
        "mean_d_of_fake": [(10, 0.4), (20, 0.1), (30, 0.3)],
        "gradient_norm_non_saturating": [(10, 1.0), (20, 2.0), (30, 3.0)],
        "gradient_norm_minimax": [(10, 4.0), (20, 5.0), (30, 6.0)],
    }
    found = gradients.measure(trained("gan", facts={"diagnostics": curves}, **GAN))
    rows = by_name(found)
    assert rows["lowest_mean_d_of_fake", "train"].value == 0.1
    assert rows["gradient_norm_at_lowest_d/non_saturating", "train"].value == 2.0
    assert rows["gradient_norm_at_lowest_d/minimax", "train"].value == 5.0
    assert "step 20" in rows["lowest_mean_d_of_fake", "train"].protocol
    assert found.arrays["gradient_curve"].tolist()[1] == [20, 0.1, 2.0, 5.0]
    assert not gradients.measure(trained("lsgan", **GAN)).records


def test_facts_of_a_training_carry_what_the_measure_reads():
    subject = trained("gan", **GAN, steps=4, validate_every=2, batch_size=8)
    data, held_out = subject.model.tensors(part(16, 0), part(8, 1))
    result = fit(
        subject.model, data, held_out, subject.model.params, seed=("f",), device=torch.device("cpu")
    )
    facts = _diagnostics({"model": result})
    curve = gradients.training_curve(trained("gan", facts=facts, **GAN))
    assert curve.shape == (2, 4) and curve[:, 0].tolist() == [2, 4]
    assert (curve[:, 1] > 0).all() and (curve[:, 1] < 1).all() and (curve[:, 2:] > 0).all()
    assert _diagnostics({}) == {}


# --- cost --------------------------------------------------------------------------------------


def test_multiply_adds_of_a_round_are_those_on_paper():
    """Per image and layer pair: see the sums; the first layer of a network passes no gradient on.

    Discriminator's turn: one pass of G, two of D forward; two gradients by D's weights, two by its
    inner inputs. Generator's turn: a pass of each; D's inputs all, G's weights, G's inner inputs.
    """
    g = [2 * 8, 8 * 64]
    d = [64 * 8, 8 * 1]
    first = sum(g) + 2 * sum(d) + 2 * sum(d) + 2 * sum(d[1:])
    second = sum(g) + sum(d) + sum(d) + sum(g) + sum(g[1:])
    subject = trained("gan", facts={"steps": {"model": 7}}, batch_size=16, **GAN)
    before = {k: v.clone() for k, v in subject.model.state_dict().items()}
    (row,) = training_cost.measure(subject).records
    assert row.value == 7 * 16 * (first + second)
    assert all(torch.equal(v, before[k]) for k, v in subject.model.state_dict().items())
    assert not subject.model.training
    assert all(p.grad is None for p in subject.model.parameters())


def test_a_penalty_costs_more_than_clipping_and_closed_forms_nothing():
    def cost(kind):
        subject = trained(kind, facts={"steps": {"model": 1}}, batch_size=10, **GAN)
        return training_cost.measure(subject).records[0].value

    assert cost("wgan") < cost("wgan_gp")
    assert not training_cost.measure(
        trained("pca", facts={"steps": {"model": 0}}, code_sizes=[2])
    ).records
