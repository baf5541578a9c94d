"""Trap 19: random features, the Gaussian process on them, bounded layers; each by a closed form."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from triptych.uncertainty import base, draws, spectral
from triptych.uncertainty.models.sngp import Entry, SngpParams
from triptych.uncertainty.random_features import GaussianProcess, RandomFeatures, mean_field

META = {"kind": "images", "shape": [8, 8, 1], "n_classes": 3, "levels": 17}


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(6)


def kernel(x: torch.Tensor, y: torch.Tensor, lengthscale: float) -> torch.Tensor:
    return torch.exp(-(torch.cdist(x, y) ** 2) / (2 * lengthscale**2))


# ------------------------------------------------------------------ random features


def test_features_approach_the_gaussian_kernel() -> None:
    x, size = torch.randn(20, 5).double(), 20_000
    phi = RandomFeatures(5, size, 1.7).double()(x)
    error = (phi @ phi.T - kernel(x, x, 1.7)).abs().max()
    # Each entry is a mean of M terms 2 cos a cos b with variance at most 1: standard error 1/√M at
    # most; five of them for 210 entries.
    assert error < 5 / math.sqrt(size)


def test_a_point_has_kernel_one_with_itself() -> None:
    """With 2/√M in place of √(2/M) this would be 2."""
    phi = RandomFeatures(5, 4096, 2.0)(torch.randn(50, 5))
    # 2 cos² has mean 1 and variance 1/2.
    assert torch.allclose((phi**2).sum(dim=1), torch.ones(50), atol=5 * math.sqrt(0.5 / 4096))


def test_the_error_falls_with_the_root_of_the_number_of_features() -> None:
    r"""Var = (E[cos²(wᵀδ)] − k² + 1/2) / M with E[cos²(wᵀδ)] = (1 + k(2δ))/2."""
    x, y = torch.randn(1, 3).double(), torch.randn(1, 3).double()
    k = float(kernel(x, y, 1.3))
    twice = float(kernel(2 * x, 2 * y, 1.3))
    draws = 2000
    for size in (16, 64, 256):
        squares = []
        for _ in range(draws):
            features = RandomFeatures(3, size, 1.3).double()
            squares.append((float(features(x) @ features(y).T) - k) ** 2)
        expected = ((1 + twice) / 2 - k**2 + 0.5) / size
        # A mean of squares of (nearly) normal errors: relative standard error √(2/draws).
        assert np.mean(squares) == pytest.approx(expected, rel=6 * math.sqrt(2 / draws))


# ------------------------------------------------------------------ the process


def process(features: int = 64, ridge: float = 1.0, inputs: int = 3) -> GaussianProcess:
    return GaussianProcess(inputs, 4, features, 1.0, ridge).double()


def test_the_precision_is_one_exact_pass() -> None:
    gp, h = process(ridge=0.5), torch.randn(90, 3).double()
    for _ in range(2):  # conditioning anew forgets what was there
        gp.condition(h)
    phi = gp.features(h)
    expected = 0.5 * torch.eye(64).double()
    for rows in (slice(0, 7), slice(7, 50), slice(50, 90)):  # batches of any size add up to it
        expected += phi[rows].T @ phi[rows]
    assert torch.allclose(gp.precision, expected, atol=1e-12)
    assert torch.allclose(gp.root @ gp.root.T, torch.linalg.inv(expected), atol=1e-10)


def test_weights_count_images_as_often() -> None:
    gp, h = process(), torch.randn(5, 3).double()
    gp.condition(h, torch.tensor([2.0, 0.0, 1.0, 1.0, 3.0]))
    weighted = gp.precision.clone()
    gp.condition(h[[0, 0, 2, 3, 4, 4, 4]])
    assert torch.allclose(gp.precision, weighted, atol=1e-12)


def test_the_variance_is_that_of_the_process_in_function_space() -> None:
    """Woodbury: φᵀ(I + ΦᵀΦ)⁻¹φ = k(x,x) − k(x,X)(K + I)⁻¹k(X,x) with k = φᵀφ."""
    gp, h, new = process(), torch.randn(40, 3).double(), 2 * torch.randn(10, 3).double()
    gp.condition(h)
    phi, star = gp.features(h), gp.features(new)
    cross = star @ phi.T
    inverse = torch.linalg.inv(phi @ phi.T + torch.eye(40).double())
    expected = (star**2).sum(dim=1) - ((cross @ inverse) * cross).sum(dim=1)
    assert torch.allclose(gp.variance(new), expected, atol=1e-10)


def test_variance_is_small_on_the_data_and_the_priors_far_away() -> None:
    gp, h = process(features=4096, ridge=2.0), torch.zeros(50, 3).double()
    gp.condition(h)
    here = float((gp.features(h[:1]) ** 2).sum())  # |φ|², near 1
    # 50 copies of one point: |φ|² / (r + 50 |φ|²).
    assert float(gp.variance(h[:1])[0]) == pytest.approx(here / (2 + 50 * here), abs=1e-10)
    far = torch.full((1, 3), 100.0).double()
    away, overlap = gp.features(far), float(gp.features(far) @ gp.features(h[:1]).T)
    size = float((away**2).sum())
    expected = size / 2 - 50 * overlap**2 / (2 * (2 + 50 * here))
    assert float(gp.variance(far)[0]) == pytest.approx(expected, abs=1e-10)
    # The kernel there is e^-15000: the overlap is a mean of 4096 terms of variance at most 1.
    assert abs(overlap) < 5 / math.sqrt(4096)
    assert expected > 0.9 * size / 2


def test_draws_have_the_posteriors_mean_and_variance() -> None:
    gp, h, new = process(16), torch.randn(30, 3).double(), torch.randn(6, 3).double()
    gp.condition(h)
    with torch.no_grad():
        drawn = gp.under(gp.draw(20_000, torch.Generator().manual_seed(0)), new)
        mean = gp(new)
    variance = gp.variance(new)[:, None]
    n = len(drawn)
    assert ((drawn.mean(dim=0) - mean).abs() < 5.5 * (variance / n).sqrt()).all()
    # A normal variable's sample variance has relative standard error √(2/n); 24 numbers.
    assert ((drawn.var(dim=0) / variance - 1).abs() < 5.5 * math.sqrt(2 / n)).all()


def test_mean_field_scaling_changes_no_class_and_nothing_without_variance() -> None:
    logits, variance = torch.randn(200, 4), torch.rand(200).double() * 50
    scaled = mean_field(logits, variance)
    assert torch.equal(scaled.argmax(dim=1), logits.argmax(dim=1))
    assert torch.equal(mean_field(logits, variance, 0.0), logits)
    assert torch.equal(mean_field(logits, torch.zeros(200).double()), logits)
    assert (scaled.softmax(1).amax(1) <= logits.softmax(1).amax(1) + 1e-6).all()


def test_mean_field_is_close_to_the_mean_over_draws_of_two_classes() -> None:
    """MacKay's form of E[σ(z)] is good to 0.02 in probability, whatever the variance."""
    for mean, variance in ((0.5, 1.0), (2.0, 4.0), (-1.0, 9.0)):
        z = torch.tensor([[mean, 0.0]]).double()
        nodes, weights = np.polynomial.hermite_e.hermegauss(80)
        sigmoid = 1 / (1 + np.exp(-(mean + math.sqrt(variance) * nodes)))
        exact = float((weights * sigmoid).sum() / math.sqrt(2 * math.pi))
        approximate = float(mean_field(z, torch.tensor([variance])).softmax(1)[0, 0])
        assert approximate == pytest.approx(exact, abs=0.02)


# ------------------------------------------------------------------ bounded layers

# After t = 200 steps of the power method on WᵀW from a random start the largest eigenvalue is
# underestimated by at most 0.871 ln n / (t − 1) on average (Kuczyński & Woźniakowski 1992), the
# singular value by half of that; n <= 300 here.
SLACK = 1 + 0.871 * math.log(300) / (spectral.SETTLE - 1) / 2


@pytest.mark.parametrize("bound", [0.5, 2.0, 1000.0])
def test_a_dense_layer_keeps_the_bound_and_small_weights(bound: float) -> None:
    layer = nn.Linear(30, 20).double()
    with torch.no_grad():
        layer.weight.mul_(10)
    before = layer.weight.detach().clone()
    largest = float(torch.linalg.matrix_norm(before, 2))
    spectral.bound_layer(layer, bound)
    layer.eval()
    after = float(torch.linalg.matrix_norm(layer.weight.detach(), 2))
    assert after <= min(bound, largest) * SLACK
    if largest <= bound:
        assert torch.equal(layer.weight, before)
    else:
        assert after == pytest.approx(bound, rel=SLACK - 1)


def test_a_convolution_is_bounded_as_the_map_of_images_that_it_is() -> None:
    layer = nn.Conv2d(2, 5, 3, padding=1, bias=False).double()
    spectral.bound_layer(layer, 0.4, (5, 5))
    layer.eval()
    basis = torch.eye(50).double().reshape(50, 2, 5, 5)
    with torch.no_grad():
        matrix = layer(basis).reshape(50, -1)
    assert float(torch.linalg.matrix_norm(matrix, 2)) == pytest.approx(0.4, rel=SLACK - 1)
    # The kernel written as a matrix has another norm: bounding that one would not do.
    written = float(torch.linalg.matrix_norm(layer.weight.detach().flatten(1), 2))
    assert abs(written - 0.4) > 0.05


def test_training_moves_the_estimate_along_and_gradients_flow() -> None:
    layer = nn.Linear(6, 4)
    kept = spectral.bound_layer(layer, 0.1)
    layer.train()
    layer(torch.randn(3, 6)).sum().backward()
    assert layer.parametrizations.weight.original.grad.abs().sum() > 0
    with torch.no_grad():
        layer.parametrizations.weight.original.mul_(3)
    before = float(kept.sigma)
    spectral.settle(layer)
    assert float(kept.sigma) == pytest.approx(3 * before, rel=1e-3)


# ------------------------------------------------------------------ the method


def images(n: int) -> torch.Tensor:
    return torch.rand(n, 1, 8, 8, generator=torch.Generator().manual_seed(1))


def entry(samples: int, **params: object) -> Entry:
    torch.manual_seed(1)
    chosen = SngpParams(width=4, hidden=8, features=32, samples=samples, **params)
    model = Entry(chosen, META)
    with torch.no_grad():
        model.complete({"x": images(40), "y": torch.arange(40) % 3}, {})
    return model.eval()


def test_every_layer_below_the_process_is_bounded() -> None:
    model = entry(0, bound=0.3)
    names = [n for n, _ in model.named_parameters() if n.endswith("original")]
    assert len(names) == 3  # two convolutions and the hidden layer
    assert all(f.bound == 0.3 for f in model.modules() if isinstance(f, spectral.Bounded))


def test_members_are_draws_of_the_last_layer_or_one_mean_field() -> None:
    drawn, mean = entry(7), entry(0)
    with torch.no_grad():
        members = drawn.member_logits(images(5), torch.Generator())
        one = mean.member_logits(images(5), torch.Generator())
        plain = mean.member(images(5))
    assert members.shape == (7, 5, 3) and one.shape == (1, 5, 3)
    assert torch.equal(one[0].argmax(1), plain.argmax(1))
    assert drawn.evaluations_per_prediction == mean.evaluations_per_prediction == 1


def test_members_are_the_draws_of_the_named_generator_bit_for_bit() -> None:
    model, x = entry(5), images(6)
    with torch.no_grad():
        process, h = model.member.process, model.member.body(x)
        noise = torch.randn(5, 32, 3, generator=draws.generator(META, "sngp")).double()
        phi = process.features(h)
        expected = process.beta(phi) + phi @ (process.root @ noise).float()
        assert torch.equal(model.member_logits(x, torch.Generator()), expected)


def test_no_more_images_at_once_than_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = entry(0)
    seen: list[int] = []
    plain = nn.MaxPool2d.forward  # every pass goes through it, the bounds do not

    def counted(layer: nn.MaxPool2d, x: torch.Tensor) -> torch.Tensor:
        seen.append(len(x))
        return plain(layer, x)

    monkeypatch.setattr(nn.MaxPool2d, "forward", counted)
    monkeypatch.setattr(base, "PASS", 16)
    parts = entry(0)
    assert set(seen) == {16, 8} and sum(seen) % 40 == 0
    # Random features of size √(2/32), single precision: 40 products, each off by 1e-6 at most.
    precision = [model.member.process.precision for model in (parts, whole)]
    assert torch.allclose(*precision, atol=4e-5)


def test_curvature_weights_are_the_largest_of_the_classes() -> None:
    model = entry(0, weights="curvature")
    with torch.no_grad():
        h = model.member.body(images(40))
        p = model.member.process(h).softmax(dim=1)
        phi = model.member.process.features(h).double()
    weight = (p * (1 - p)).amax(dim=1).double()
    expected = torch.eye(32).double() + phi.T @ (phi * weight[:, None])
    assert torch.allclose(model.member.process.precision, expected, atol=1e-5)
