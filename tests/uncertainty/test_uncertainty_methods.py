"""Methods: what they train, what they return, and that only the method differs."""

import numpy as np
import pytest
import torch
from torch.nn.functional import max_pool2d

from triptych.errors import UserError
from triptych.metrics.pooling import arithmetic
from triptych.metrics.probabilities import log_softmax
from triptych.model import Trainable
from triptych.params import split_stages
from triptych.registry import model_names
from triptych.uncertainty.base import HeldOut, Method, MethodParams, method_class, resolved
from triptych.uncertainty.images import network_input, to_bytes
from triptych.uncertainty.networks import Network

from .toy_images import make_part

META = {"shape": [8, 8, 1], "n_classes": 3, "levels": 17}
TINY = {"width": 4, "hidden": 8}
KINDS = ["single", "mc_dropout", "deep_ensemble"]
MEMBERS = {"single": 1, "mc_dropout": 10, "deep_ensemble": 5}


def build(kind: str, seed: int = 0, **params: object) -> Method:
    torch.manual_seed(seed)
    entry = method_class(kind)
    return entry(entry.Params(**{**TINY, **params}), META)


def test_the_methods_are_found_by_file() -> None:
    assert set(KINDS) <= set(model_names("uncertainty"))


@pytest.mark.parametrize("kind", KINDS)
def test_contract(kind: str) -> None:
    method = build(kind).eval()
    x = torch.rand(7, 1, 8, 8)
    with torch.no_grad():
        logits = method.member_logits(x, torch.Generator().manual_seed(0))
    assert logits.shape == (MEMBERS[kind], 7, 3) and logits.dtype == torch.float32
    assert method.evaluations_per_prediction == MEMBERS[kind]
    assert method.family and method.prediction_protocol()
    assert all(isinstance(part, Trainable) for part in method.trainables().values())
    trained = sum(p.numel() for m in method.trainables().values() for p in m.parameters())
    assert trained == sum(p.numel() for p in method.parameters())


@pytest.mark.parametrize("kind", KINDS)
def test_all_methods_share_network_and_training(kind: str) -> None:
    assert {n: f.default for n, f in method_class(kind).Params.model_fields.items()
            if n in MethodParams.model_fields} == {
        n: f.default for n, f in MethodParams.model_fields.items()
    }  # fmt: skip
    method = build(kind)
    shapes = [[tuple(p.shape) for p in part.parameters()] for part in method.trainables().values()]
    assert all(s == [tuple(p.shape) for p in build("single").parameters()] for s in shapes)


@pytest.mark.parametrize("side", [8, 28])
def test_the_network_is_convolution_relu_and_pool_twice(side: int) -> None:
    """Written for speed: pooling before ReLU, pixels in the order of memory."""
    torch.manual_seed(0)
    network = Network([side, side, 2], 3, width=4, hidden=5).double().eval()
    first, second = (layer for layer in network.trunk if isinstance(layer, torch.nn.Conv2d))
    x = torch.rand(6, 2, side, side, dtype=torch.float64)
    h = first(x).relu()
    h = second(h if side == 8 else max_pool2d(h, 2)).relu()
    h = max_pool2d(h, 2)
    by_pixel = h.permute(0, 2, 3, 1).reshape(6, -1)
    # Sums of some hundred products of order 1, in another order.
    assert torch.allclose(network(x), network.head(by_pixel), rtol=0, atol=1e-12)


def test_members_start_from_different_weights() -> None:
    members = list(build("deep_ensemble").trainables().values())
    first = [next(iter(member.parameters())) for member in members]
    assert len({tensor.detach().numpy().tobytes() for tensor in first}) == 5


def test_only_samples_and_aggregations_are_read_late() -> None:
    late = {kind: set(split_stages(method_class(kind).Params())[1]) for kind in KINDS}
    assert late == {
        "single": set(), "mc_dropout": {"samples"}, "deep_ensemble": {"aggregation"},
    }  # fmt: skip


def test_combine_is_the_mean_of_probabilities() -> None:
    logits = np.random.default_rng(0).normal(size=(4, 6, 3)).astype(np.float32)
    held_out = HeldOut(logits, np.zeros(6, np.int64))
    for kind in KINDS:
        entry = method_class(kind)
        combined = entry.combine(entry.Params(), logits, held_out)
        assert np.array_equal(combined, arithmetic(logits))
    mean = np.exp(log_softmax(logits)).mean(axis=0)
    assert np.exp(combined) == pytest.approx(mean, abs=1e-12)


def test_late_parameters_are_merged_into_the_training_ones() -> None:
    training = {"model": "m", "params": {"steps": 3}}
    assert resolved(training, {"params": {"samples": 7}}) == {
        "model": "m", "params": {"steps": 3, "samples": 7},
    }  # fmt: skip


@pytest.mark.parametrize("shape", [[8, 8, 1], [28, 28, 1], [32, 32, 3]])
def test_the_same_network_takes_other_sizes(shape: list[int]) -> None:
    height, width, channels = shape
    network = Network(shape, 10, 4, 16, 0.1)
    assert network(torch.rand(2, channels, height, width)).shape == (2, 10)


def test_network_gradients_reach_every_weight() -> None:
    network = Network([8, 8, 1], 3, 4, 8)
    batch = {"x": torch.rand(9, 1, 8, 8), "y": torch.arange(9) % 3}
    network.loss(batch, torch.Generator()).backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in network.parameters())


# ------------------------------------------------------------------ images


@pytest.mark.parametrize("levels", [2, 17, 256])
def test_stretching_levels_loses_nothing(levels: int) -> None:
    x = np.arange(levels, dtype=np.uint8).reshape(1, -1, 1, 1)
    y = to_bytes(x, {"levels": levels})
    assert y.dtype == np.uint8 and y.min() == 0 and y.max() == 255
    assert np.array_equal(np.rint(y.astype(float) * (levels - 1) / 255), x)
    if levels == 256:
        assert np.array_equal(x, y)


def test_a_value_that_is_no_level_is_refused() -> None:
    with pytest.raises(UserError, match="grey levels 0 to 16, found 17"):
        to_bytes(np.array([17], np.uint8), {"levels": 17})


def test_network_input_is_channels_first_from_zero_to_one() -> None:
    x = np.zeros((2, 4, 5, 3), np.uint8)
    x[1, 2, 3, 1] = 255
    tensor = network_input(x)
    assert tensor.shape == (2, 3, 4, 5) and tensor.dtype == torch.float32
    assert float(tensor[1, 1, 2, 3]) == 1.0 and float(tensor.sum()) == 1.0


def test_training_tensors_are_the_stretched_images() -> None:
    train, validation = make_part("train", 0), make_part("validation", 0)
    batch, held_out = method_class("single").tensors(train, validation)
    assert batch["x"].shape == (60, 1, 8, 8) and held_out["x"].shape == (18, 1, 8, 8)
    expected = np.rint(train.arrays["x"][:, :, :, 0].astype(float) * 255 / 16) / 255
    assert np.allclose(batch["x"][:, 0].numpy(), expected, atol=1e-7)
    assert np.array_equal(batch["y"].numpy(), train.arrays["y"])
