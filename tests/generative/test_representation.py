"""Paths between codes, arithmetic on codes, and the measures that use them."""

import math

import numpy as np
import pytest
import torch

from triptych.data.parts import Part
from triptych.generative.arithmetic import (
    add_direction,
    attribute_direction,
    random_directions,
)
from triptych.generative.base import CodeSampler, Featuriser
from triptych.generative.extractor import Extractor
from triptych.generative.interpolation import lerp, slerp
from triptych.generative.measures import attributes, few_steps, interpolation, probes, progressive
from triptych.generative.measures.base import Trained
from triptych.generative.networks.hidden import activations, flat, inputs_of
from triptych.generative.observation import quantise
from triptych.generative.params import MeasureParams
from triptych.registry import model_class

META = {
    "shape": [8, 8, 1], "levels": 5, "n_classes": 2, "kind": "images",
    "split_rule": "toy split",
}  # fmt: skip
VAE = {"latent": 3, "hidden": [8]}
DDPM = {"diffusion_steps": 8, "network": "mlp", "width": 8, "blocks": 1}


def part(n, seed):
    """Bars of two classes (place) with varying thickness and slant."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 2
    x = np.zeros((n, 8, 8, 1), np.uint8)
    for i in range(n):
        width, shear = rng.integers(1, 4), rng.uniform(-0.4, 0.4)
        for row in range(8):
            left = round(1 + 3 * y[i] + shear * (3.5 - row))
            x[i, row, max(left, 0) : left + width] = 4
    return Part({"index": np.arange(n), "x": x, "y": y}, META)


def trained(kind, measure=None, **params):
    torch.manual_seed(0)
    definition = model_class("generative", kind)
    model = definition(definition.Params(model=kind, **params), META)
    data, _ = model.tensors(part(60, 0), part(20, 1))
    model.fit_closed_form(data, torch.Generator())
    settings = {"samples": 30, "timing_samples": 3, "importance_samples": [1], "probe_labels": [5]}
    return Trained(
        model.eval(), "entry", "toy", 0, part(60, 0), part(20, 1), part(24, 2),
        Extractor(META, 4).eval(), MeasureParams(**(settings | (measure or {}))), {},
        torch.device("cpu"),
    )  # fmt: skip


def by_name(found):
    return {r.metric: r for r in found.records}


@pytest.mark.parametrize("path", [lerp, slerp])
def test_paths_end_at_their_ends(path):
    a, b = torch.randn(2, 20, 5, dtype=torch.float64)
    torch.testing.assert_close(path(a, b, 0.0), a)
    torch.testing.assert_close(path(a, b, 1.0), b)


def test_spherical_path_keeps_the_norm_and_goes_evenly():
    a, b = torch.nn.functional.normalize(torch.randn(2, 20, 5, dtype=torch.float64), dim=2)
    points = torch.stack([slerp(a, b, k / 8) for k in range(9)])
    torch.testing.assert_close(points.norm(dim=2), torch.ones(9, 20, dtype=torch.float64))
    angles = torch.arccos((points[1:] * points[:-1]).sum(2))
    torch.testing.assert_close(angles, angles[:1].expand(8, 20))
    # while the straight path between orthogonal units dips to √½
    x, y = torch.eye(2).split(1)
    assert float(lerp(x, y, 0.5).norm()) == pytest.approx(math.sqrt(0.5))
    assert float(slerp(x, y, 0.5).norm()) == pytest.approx(1.0)
    assert float(slerp(x, 3 * y, 0.5).norm()) == pytest.approx(2.0)


def test_spherical_path_is_straight_where_directions_agree_oppose_or_vanish():
    z = torch.tensor([[1.0, 2.0], [1.0, 2.0], [0.0, 0.0]])
    other = torch.tensor([[2.0, 4.0], [-1.0, -2.0], [1.0, 1.0]])
    found = slerp(z, other, 0.25)
    assert torch.isfinite(found).all()
    torch.testing.assert_close(found[:2], lerp(z, other, 0.25)[:2])


def test_in_betweens_end_at_the_reconstructions():
    """Trap 16: encoded by posterior means, decoded to means, nothing drawn."""
    subject = trained("vae", **VAE)
    found = interpolation.measure(subject)
    again = interpolation.measure(subject)
    first, second = interpolation._pairs(subject)
    for name in ("lerp", "slerp"):
        picture = found.arrays[f"interpolation/{name}"]
        assert picture.shape == (4, 7, 8, 8, 1)
        assert np.array_equal(picture, again.arrays[f"interpolation/{name}"])
        for column, ends in ((0, first), (-1, second)):
            decoded = subject.model.decode(subject.model.encode(ends[:4], 3))
            expected = quantise(decoded, 5).permute(0, 2, 3, 1).detach().numpy()
            assert np.array_equal(picture[:, column], expected)
    blend = found.arrays["interpolation/pixels"]
    assert np.array_equal(blend[:, 0], first[:4].permute(0, 2, 3, 1).numpy())
    middle = (first[:4].float() + second[:4].float()) / 2
    assert np.abs(blend[:, 3].transpose(0, 3, 1, 2) - middle.numpy()).max() <= 0.5
    assert set(by_name(found)) == {
        f"interpolation_frechet/{name}" for name in ("lerp", "slerp", "pixels", "reconstructions")
    }


def test_pairs_are_distinct_images_and_equal_for_all_models():
    first, second = interpolation._pairs(trained("vae", **VAE))
    other, _ = interpolation._pairs(trained("pca", code_sizes=[3]))
    assert torch.equal(first, other)
    assert len(first) == 24 and torch.equal(first.roll(1, 0), second)


def test_straight_in_betweens_of_a_linear_code_are_blends_of_reconstructions():
    found = by_name(interpolation.measure(trained("pca", code_sizes=[3])))
    straight, blends = (
        found[f"interpolation_frechet/{name}"].value for name in ("lerp", "reconstructions")
    )
    assert straight == pytest.approx(blends, rel=1e-6)


def test_direction_of_an_attribute_is_within_classes():
    rng = np.random.default_rng(0)
    labels = np.arange(300) % 3
    values = rng.uniform(size=300) + 10.0 * labels  # the classes differ far more than their members
    codes = np.stack([values - 10.0 * labels, 5.0 * labels], axis=1)
    found = attribute_direction(torch.from_numpy(codes), values, labels)
    # thirds of a uniform attribute differ by 2/3 on average; no class code remains
    assert float(found[0]) == pytest.approx(2 / 3, abs=0.1)
    assert float(found[1]) == 0.0
    with pytest.raises(ValueError, match="two examples"):
        attribute_direction(torch.zeros(2, 2), np.zeros(2), np.array([0, 1]))


def test_success_counts_right_moves_of_images_whose_class_stays():
    def draw(z):
        return z[:, :, None, None].clamp(0, 4).byte()  # one pixel per code entry

    def brightness(images):
        return images.sum((1, 2))

    codes = torch.tensor([[0.0], [2.0], [4.0], [3.0]])
    outcome = add_direction(
        codes, torch.tensor([1.0]), draw, brightness, lambda x: (x[:, 0, 0, 0] > 3).int()
    )
    # 0→1 right; 2→3 right; 4→4 does not move; 3→4 changes its class
    assert outcome.moved.tolist() == [1, 1, 0, 1] and outcome.kept.tolist() == [1, 1, 1, 0]
    assert outcome.success == 0.5


def test_random_directions_have_the_length_and_no_preference():
    direction = torch.tensor([3.0, 0.0, 4.0])
    found = random_directions(direction, 4000, torch.Generator().manual_seed(0))
    torch.testing.assert_close(found.norm(dim=1), torch.full((4000,), 5.0))
    # components of a point on the sphere of radius 5: variance 25/3, mean of 4000: sd 0.046
    assert float(found.mean(0).abs().max()) < 5 * 0.046


def test_attributes_move_along_their_directions_in_a_code_that_holds_them():
    """PCA of bars: thickness is nearly linear in it, so its own direction must beat chance."""
    found = by_name(attributes.measure(trained("pca", code_sizes=[8])))
    assert found["attribute_shift/thickness"].value > 0
    for name in ("thickness", "slant"):
        for metric in ("success", "kept", "control"):
            assert 0 <= found[f"attribute_{metric}/{name}"].value <= 1


def test_a_generator_without_encoder_takes_draws_of_its_prior():
    subject = trained("gan", latent=3, hidden=[8])
    assert isinstance(subject.model, CodeSampler)
    found = attributes.measure(subject)
    assert "generated images" in found.records[0].protocol
    assert found.arrays["arithmetic/slant"].shape == (6, 5, 8, 8, 1)
    assert not attributes.measure(trained("pixelcnn", channels=6, layers=1)).records


def test_probe_on_pixels_is_the_same_for_every_model_and_features_are_their_own():
    results = {
        kind: by_name(probes.measure(trained(kind, **params)))
        for kind, params in {
            "vae": VAE, "gan": {"latent": 3, "hidden": [8]}, "ddpm": DDPM,
            "pixelcnn": {"channels": 6, "layers": 1},
        }.items()
    }  # fmt: skip
    name = "feature_probe_5_per_class"
    assert len({found[f"{name}/raw pixels"].value for found in results.values()}) == 1
    assert all(0 <= found[name].value <= 1 for found in results.values())
    assert "3 codes" in results["vae"][name].protocol
    assert "hidden activations" in results["gan"][name].protocol


def test_probe_reads_what_the_features_hold():
    subject = trained("pca", code_sizes=[3])
    subject.model.encode = lambda x, size: x.flatten(1)[:, :1] * 0.0
    assert by_name(probes.measure(subject))["feature_probe_5_per_class"].value == 0.5


def test_features_of_the_extractor_do_not_depend_on_the_batch():
    subject = trained("vae", **VAE)
    x = torch.from_numpy(part(30, 4).arrays["x"]).permute(0, 3, 1, 2)
    alone = np.concatenate([subject.features(x[i : i + 1]) for i in range(30)])
    # float32 sums in another order
    np.testing.assert_allclose(subject.features(x), alone, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("kind", "params"),
    [("pixelcnn", {"channels": 6, "layers": 1}), ("gan", {"latent": 3, "hidden": [8]}),
     ("ddpm", DDPM)],
)  # fmt: skip
def test_features_do_not_depend_on_batch_mates(kind, params):
    model = trained(kind, **params).model
    assert isinstance(model, Featuriser)
    x = torch.from_numpy(part(6, 3).arrays["x"]).permute(0, 3, 1, 2)
    whole = model.features(x, torch.Generator().manual_seed(0))
    first = model.features(x[:1], torch.Generator().manual_seed(0))
    torch.testing.assert_close(whole[:1], first, rtol=1e-4, atol=1e-5)


def test_hidden_activations_are_caught_and_let_go():
    layer = torch.nn.Linear(3, 2)
    network = torch.nn.Sequential(layer, torch.nn.ReLU())
    x = torch.randn(4, 3)
    assert torch.equal(activations(layer, lambda: network(x)), layer(x).detach())
    assert torch.equal(inputs_of(network[1], lambda: network(x)), layer(x).detach())
    assert not layer._forward_hooks and not network[1]._forward_pre_hooks
    with pytest.raises(RuntimeError, match="did not"):
        activations(layer, lambda: None)
    assert flat(torch.ones(2, 3, 28, 28)).shape == (2, 3 * 16)
    assert flat(torch.ones(2, 3, 2, 2)).shape == (2, 12)


def test_few_steps_reach_from_one_to_all():
    found = few_steps.measure(trained("ddpm", **DDPM))
    names = set(by_name(found))
    assert {"ancestral_frechet/steps=1", "ancestral_frechet/steps=5", "ancestral_frechet/all"} <= (
        names
    )
    assert "ddim_frechet/steps=5" in names and "ancestral_frechet/steps=10" not in names
    subject = trained("ddpm", **DDPM)
    own = subject.samples[:15].permute(0, 2, 3, 1).numpy()  # half of the 30 samples, drawn once
    again = few_steps.measure(subject)
    assert np.array_equal(again.arrays["few_steps/8"], own[:6])
    assert by_name(again)["ancestral_frechet/all"].n == 15
    assert found.arrays["guesses"].shape == (6, 6, 8, 8, 1)
    assert np.array_equal(found.arrays["guesses"][:, 0], part(24, 2).arrays["x"][:6])
    assert not few_steps.measure(trained("vae", **VAE)).records


@pytest.mark.parametrize("eta", [0.0, 0.5])
def test_protocol_of_few_steps_says_how_noisy_ddim_was(eta):
    rows = by_name(few_steps.measure(trained("ddpm", eta=eta, **DDPM)))
    assert f"(ddim: η = {eta:g})" in rows["ddim_frechet/steps=5"].protocol


def test_progressive_measures_are_complete():
    subject = trained("ddpm", **DDPM)
    found = progressive.measure(subject)
    rows = by_name(found)
    terms = subject.model.bound_terms(subject.test_images(64), subject.rng("rate"))
    bits = float(sum(terms.values()).mean()) / (64 * math.log(2))
    assert rows["progressive_rate/t=0"].value == pytest.approx(bits, rel=1e-9)
    assert rows["progressive_distortion/t=0"].value == 0.0
    assert rows["progressive_rate/t=0.1"].value >= rows["progressive_rate/t=1"].value
    assert rows["progressive_distortion/t=1"].unit == "levels"
    assert found.arrays["progressive"].shape == (6, 8, 8, 8, 1)
    for band in ("low", "middle", "high"):
        assert -1 <= rows[f"frequency_correlation/{band}"].value <= 1
        assert 0 <= rows[f"frequency_settled/{band}"].value <= 1
    assert not progressive.measure(trained("vae", **VAE)).records
