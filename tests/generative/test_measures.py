"""The measures, on a tiny trained model: names, kinds, and that they measure what they say."""

import sys
import types
from dataclasses import replace

import numpy as np
import pytest
import torch

from triptych.data.parts import Part
from triptych.errors import UserError
from triptych.generative import measures
from triptych.generative.extractor import Extractor
from triptych.generative.measures import codes, cost, fidelity, inception, likelihood, neighbours
from triptych.generative.measures.base import Trained
from triptych.generative.params import MeasureParams
from triptych.metrics.frechet import frechet_from_features
from triptych.registry import model_class

META = {
    "shape": [8, 8, 1], "levels": 5, "n_classes": 2, "kind": "images",
    "split_rule": "toy split",
}  # fmt: skip


def part(n, seed):
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 2
    x = rng.integers(0, 3, size=(n, 8, 8, 1)) + 2 * y[:, None, None, None]
    return Part({"index": np.arange(n), "x": x.astype(np.uint8), "y": y}, META)


def trained(kind, measure=None, **params):
    torch.manual_seed(0)
    definition = model_class("generative", kind)
    model = definition(definition.Params(model=kind, **params), META)
    data, _ = model.tensors(part(40, 0), part(20, 1))
    model.fit_closed_form(data, torch.Generator())
    settings = {"samples": 30, "timing_samples": 3, "importance_samples": [1, 8], "grid": 4}
    return Trained(
        model.eval(), "entry", "toy", 0, part(40, 0), part(20, 1), part(20, 2),
        Extractor(META, 4).eval(), MeasureParams(**(settings | (measure or {}))),
        {"parameters": 5, "train_seconds": 1.0}, torch.device("cpu"),
    )  # fmt: skip


def by_name(found):
    return {(r.metric, r.split): r for r in found.records}


VAE = {"latent": 2, "hidden": [8]}
DDPM = {"diffusion_steps": 4, "network": "mlp", "width": 8, "blocks": 1}


def test_bound_of_the_vae_is_named_with_its_kind():
    rows = by_name(likelihood.measure(trained("vae", **VAE)))
    bits = rows["bits_per_dim", "test"]
    assert bits.kind == "upper bound" and "K=8" in bits.protocol and bits.n == 20
    nats = rows["iw_bound/k=8", "test"]
    assert nats.kind == "lower bound"
    assert bits.value == pytest.approx(-nats.value / (64 * np.log(2)))
    assert rows["iw_bound/k=1", "test"].value <= nats.value


def test_bound_by_two_routes_agrees_and_lies_below_many_draws():
    """L_1 averages log-weights; beside it the KL is in closed form, under draws of its own."""
    subject = trained("vae", {"importance_samples": [1, 400]}, **VAE)
    rows = by_name(likelihood.measure(subject))
    bound, one, many = (
        rows[name, "test"].value for name in ("evidence_bound", "iw_bound/k=1", "iw_bound/k=400")
    )
    x, model = subject.images(subject.test), subject.model
    with torch.no_grad():
        weights = model.log_weights(x, 400, torch.Generator().manual_seed(5))
        mean, log_deviation = model.posterior(x)
        z = mean + log_deviation.exp() * torch.randn(400, *mean.shape)
        fit = model.log_observation(x.repeat(400, 1, 1, 1), z.flatten(0, 1)).view(400, -1)
    # the variances of both means over 20 images, of 400 and of 100 draws each
    spread = weights.var(0).sum() / 400 + fit.var(0).sum() / likelihood.BOUND_DRAWS
    error = float(spread.sqrt()) / len(x)
    assert abs(bound - one) < 5 * error
    assert bound - 5 * error < many
    assert bound != one and rows["evidence_bound", "test"].kind == "lower bound"


def test_terms_of_the_diffusion_bound_add_up():
    rows = by_name(likelihood.measure(trained("ddpm", **DDPM)))
    terms = [rows[f"bound_term/{t}", "test"].value for t in ("L_T", "sum_L_t", "L_0")]
    assert rows["bits_per_dim", "test"].value == pytest.approx(sum(terms))
    assert "clipped" in rows["bits_per_dim", "test"].protocol


def test_fewer_test_images_are_evenly_spaced():
    subject = trained("pixelcnn", channels=6, layers=1)
    every = subject.images(subject.test)
    assert torch.equal(subject.test_images(None), every)
    assert torch.equal(subject.test_images(len(every) + 1), every)
    third = subject.test_images(len(every) // 3)
    assert torch.equal(third, every[torch.arange(len(third)) * len(every) // len(third)])
    assert not torch.equal(third, every[: len(third)])


def test_exact_likelihoods_are_exact_and_gans_have_none():
    exact = by_name(likelihood.measure(trained("pixelcnn", channels=6, layers=1)))
    assert exact["bits_per_dim", "test"].kind == "exact"
    assert not likelihood.measure(trained("gan", latent=2, hidden=[8])).records


def test_distance_of_the_training_images_to_themselves_is_the_floor():
    subject = trained("gan", latent=2, hidden=[8])
    rows = by_name(fidelity.measure(subject))
    assert {m for m, _ in rows} == {
        "frechet_distance/cnn4", "kernel_distance/cnn4", "frechet_distance_of_data/cnn4",
    }  # fmt: skip
    perfect = trained("gan", latent=2, hidden=[8])
    copies = torch.from_numpy(part(40, 0).arrays["x"]).permute(0, 3, 1, 2)
    perfect.__dict__["samples"] = copies
    assert by_name(fidelity.measure(perfect))[
        "frechet_distance/cnn4", "train"
    ].value == pytest.approx(0.0, abs=1e-8)
    protocol = rows["frechet_distance/cnn4", "test"].protocol
    assert "30 samples against 20 test images" in protocol and "toy split" in protocol


@pytest.mark.parametrize(("samples", "drawn"), [(30, 30), (200, 40)])
def test_what_a_perfect_sampler_could_reach_has_as_many_images_as_the_samples(samples, drawn):
    """Of the 40 training images: the distance falls with their number, so that it must be equal."""
    found, extractor = [], Extractor(META, 4).eval()
    for kind, params in (("gan", {"latent": 2, "hidden": [8]}), ("vae", VAE)):
        subject = replace(trained(kind, {"samples": samples}, **params), extractor=extractor)
        row = by_name(fidelity.measure(subject))["frechet_distance_of_data/cnn4", "test"]
        assert row.n == drawn and row.protocol.startswith(f"{drawn} random training images")
        found.append(row.value)
    assert found[0] == found[1]  # one subset for all models
    features = [subject.features(subject.images(p)) for p in (subject.train, subject.test)]
    every = frechet_from_features(*features)
    assert (found[0] == pytest.approx(every, rel=1e-9)) == (drawn == 40)


def test_codes_are_probed_at_every_size():
    rows = by_name(codes.measure(trained("pca", code_sizes=[1, 3])))
    assert rows["probe_accuracy/code=1", "test"].value == 1.0  # brightness alone tells the classes
    assert (
        rows["reconstruction_mse/code=3", "test"].value
        < rows["reconstruction_mse/code=1", "test"].value
    )
    assert (
        rows["reconstruction_mse", "test"].value == rows["reconstruction_mse/code=3", "test"].value
    )
    assert ("probe_accuracy_10_per_class", "test") in rows
    assert not codes.measure(trained("gan", latent=2, hidden=[8])).records


def test_costs_are_counts_and_seconds_apart():
    found = cost.measure(trained("ddpm", **DDPM))
    assert by_name(found)["evaluations_per_sample", "test"].value == 4
    assert {r.metric for r in found.timings} == {"train_seconds", "seconds_per_image"}
    assert not {r.metric for r in found.records} & {"train_seconds", "seconds_per_image"}


def test_copies_have_distance_zero_and_their_originals_as_neighbours():
    subject = trained("gan", latent=2, hidden=[8])
    copies = torch.from_numpy(part(40, 0).arrays["x"][::-1].copy()).permute(0, 3, 1, 2)
    subject.__dict__["samples"] = copies
    found = neighbours.measure(subject)
    rows = by_name(found)
    assert rows["nearest_train_distance", "test"].value == 0.0
    assert rows["nearest_train_distance_of_test", "test"].value > 0.0
    assert np.array_equal(found.arrays["neighbours"], copies[:4].permute(0, 2, 3, 1).numpy())


def test_inception_is_silent_without_weights_and_clear_about_what_is_missing(tmp_path, monkeypatch):
    assert not inception.measure(trained("gan", latent=2, hidden=[8])).records
    gone = trained("gan", {"inception_weights": str(tmp_path / "none.pth")}, latent=2, hidden=[8])
    with pytest.raises(UserError, match="expected a file, found none"):
        inception.measure(gone)
    weights = tmp_path / "weights.pth"
    weights.write_bytes(b"weights")
    subject = trained("gan", {"inception_weights": str(weights)}, latent=2, hidden=[8])
    monkeypatch.setitem(sys.modules, "torch_fidelity", None)
    with pytest.raises(UserError, match="torch-fidelity"):
        inception.measure(subject)
    calls = []

    def calculate_metrics(**options):
        calls.append(options)
        image = options["input1"][0]
        assert image.dtype == torch.uint8 and image.shape == (3, 8, 8)
        return {"frechet_inception_distance": 12.5}

    stub = types.SimpleNamespace(calculate_metrics=calculate_metrics, __spec__="found")
    monkeypatch.setitem(sys.modules, "torch_fidelity", stub)
    rows = by_name(inception.measure(subject))
    assert rows["frechet_distance/inception", "test"].value == 12.5
    assert calls[0]["feature_extractor_weights_path"] == str(weights)


def test_every_measure_is_found_by_its_file():
    assert set(measures.names()) >= {"likelihood", "fidelity", "codes", "cost", "neighbours"}
    assert "triptych.generative.models.vae" in measures.modules("vae")
