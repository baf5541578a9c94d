"""Last-layer Laplace: exact where the posterior is Gaussian, and the Hessian where it is not."""

import math

import numpy as np
import pytest
import torch
from scipy import optimize, stats

from triptych.metrics.pooling import arithmetic
from triptych.uncertainty import base, draws, laplace
from triptych.uncertainty.models.laplace import DRAWS, PRECISIONS, Entry, LaplaceParams

META = {"kind": "images", "shape": [8, 8, 1], "n_classes": 3, "levels": 17}
RNG = np.random.default_rng(3)


# ------------------------------------------------------------------ a linear model


def linear_problem() -> tuple[np.ndarray, np.ndarray]:
    """Inputs [N, D] and targets y = x·w + N(0, 1)."""
    x = RNG.normal(0, 1, (30, 4))
    return x, x @ RNG.normal(0, 2, 4) + RNG.normal(0, 1, 30)


def test_on_a_linear_model_it_is_the_analytic_posterior() -> None:
    """Unit noise, prior N(0, I/τ): covariance (XᵀX + τI)⁻¹."""
    x, _ = linear_problem()
    found = laplace.spectrum(torch.from_numpy(x.T @ x))
    root = laplace.posterior_root(found, 0.7).numpy()
    exact = np.linalg.inv(x.T @ x + 0.7 * np.eye(4))
    assert root @ root.T == pytest.approx(exact, abs=1e-12)


@pytest.mark.parametrize("tau", [0.01, 0.7, 30.0])
def test_its_evidence_is_the_marginal_likelihood_of_a_linear_model(tau: float) -> None:
    x, y = linear_problem()
    mode = np.linalg.solve(x.T @ x + tau * np.eye(4), x.T @ y)
    fit = stats.norm.logpdf(y, x @ mode).sum()
    found = laplace.spectrum(torch.from_numpy(x.T @ x))
    evidence = laplace.log_evidence(found.values, torch.from_numpy(mode), tau, float(fit))
    covariance = np.eye(30) + x @ x.T / tau
    exact = stats.multivariate_normal.logpdf(y, np.zeros(30), covariance)
    assert evidence == pytest.approx(exact, abs=1e-9)


def test_the_prior_precision_is_where_the_evidence_is_largest() -> None:
    values = torch.from_numpy(RNG.uniform(0, 50, 12))
    weights = torch.from_numpy(RNG.normal(0, 0.8, 12))
    tau = laplace.best_precision(values, weights)
    best = optimize.minimize_scalar(
        lambda t: -laplace.log_evidence(values, weights, math.exp(t), 0.0), bounds=(-9, 9),
        method="bounded", options={"xatol": 1e-10},
    )  # fmt: skip
    assert math.log(tau) == pytest.approx(best.x, abs=1e-5)  # a search by values finds √rounding
    gamma = float((values / (values + tau)).sum())
    assert tau * float((weights**2).sum()) == pytest.approx(gamma, rel=1e-9)


# ------------------------------------------------------------------ classes


def softmax_problem() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    phi = torch.from_numpy(RNG.normal(0, 1, (25, 4)))
    return phi, torch.from_numpy(RNG.integers(0, 3, 25)), torch.from_numpy(RNG.normal(0, 1, (3, 4)))


def test_the_curvature_is_the_hessian_of_the_training_loss() -> None:
    phi, y, theta = softmax_problem()

    def loss(flat: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.cross_entropy(phi @ flat.view(3, 4).T, y, reduction="sum")

    hessian = torch.autograd.functional.hessian(loss, theta.flatten())
    # Sums of 25 products of order 1 in double precision.
    assert torch.allclose(laplace.curvature(phi, phi @ theta.T), hessian, atol=1e-12)


def test_two_classes_are_logistic_regression() -> None:
    """In z = z_1 − z_0 the curvature is Σ p(1 − p) φφᵀ; no direction that moves both has any."""
    phi, _, theta = softmax_problem()
    full = laplace.curvature(phi, phi @ theta[:2].T)
    p = torch.sigmoid(phi @ (theta[1] - theta[0]))
    block = phi.T @ (phi * (p * (1 - p))[:, None])
    assert torch.allclose(full[4:, 4:], block, atol=1e-12)
    assert torch.allclose(full[:4, 4:], -block, atol=1e-12)
    both = torch.cat([torch.eye(4), torch.eye(4)]).double()
    assert torch.allclose(full @ both, torch.zeros(8, 4).double(), atol=1e-12)


# ------------------------------------------------------------------ the method


def images(n: int) -> torch.Tensor:
    return torch.rand(n, 1, 8, 8, generator=torch.Generator().manual_seed(1))


def entry(**params: object) -> Entry:
    torch.manual_seed(1)
    model = Entry(LaplaceParams(width=4, hidden=8, **params), META)
    with torch.no_grad():
        model.complete({"x": images(60), "y": torch.arange(60) % 3}, held_out())
    return model.eval()


def held_out() -> dict[str, torch.Tensor]:
    return {"x": images(30), "y": torch.arange(30) % 3}


def test_draws_lie_around_the_network_with_the_posteriors_variance() -> None:
    model, x = entry(samples=1000, prior_precision=2.0), images(4)
    with torch.no_grad():
        members = model.member_logits(x, torch.Generator()).double()
        mode = model.member(x).double()
        phi = model._features(x).double()
        train = model._features(images(60))
    hessian = laplace.curvature(train, train @ model._mode().T)
    covariance = torch.linalg.inv(hessian + 2.0 * torch.eye(27).double()).reshape(3, 9, 3, 9)
    variance = torch.einsum("nd,kdke,ne->nk", phi, covariance, phi)
    # 12 means and 12 variances of normal draws, in single precision.
    assert ((members.mean(dim=0) - mode).abs() < 5.5 * (variance / 1000).sqrt() + 1e-5).all()
    assert ((members.var(dim=0) / variance - 1).abs() < 5.5 * math.sqrt(2 / 1000)).all()


def test_a_strong_prior_leaves_the_network_alone() -> None:
    model, x = entry(samples=3, prior_precision=1e12), images(4)
    with torch.no_grad():
        members = model.member_logits(x, torch.Generator())
        # A deviation of 1e-6 in each of 9 weights times inputs of order 1.
        assert torch.allclose(members, model.member(x).expand(3, -1, -1), atol=1e-4)


def test_members_are_the_same_for_every_set() -> None:
    """What two sets say of a member can be compared: it is one function."""
    model, x = entry(samples=4), images(6)
    with torch.no_grad():
        first = model.member_logits(x, torch.Generator().manual_seed(1))
        again = model.member_logits(x[2:4], torch.Generator().manual_seed(2))
    assert torch.allclose(first[:, 2:4], again, atol=1e-5)


def test_members_are_the_draws_of_the_named_generator_bit_for_bit() -> None:
    model, x = entry(samples=4), images(6)
    with torch.no_grad():
        noise = torch.randn(4, 27, generator=draws.generator(META, "laplace")).double()
        drawn = model._mode().flatten() + (noise @ model.root.T).float()
        phi = model._features(x)
        expected = torch.stack([phi @ theta.view(3, 9).T for theta in drawn])
        assert torch.equal(model.member_logits(x, torch.Generator()), expected)


def test_no_more_images_at_once_than_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = entry(prior_precision=2.0)
    seen: list[int] = []
    plain = Entry._features
    monkeypatch.setattr(Entry, "_features", lambda self, x: seen.append(len(x)) or plain(self, x))
    monkeypatch.setattr(base, "PASS", 16)
    entry()
    assert seen == [16, 16, 16, 12, 16, 14]  # 60 training images, 30 of validation
    parts = entry(prior_precision=2.0)
    # Features of order 1 in single precision, off by 1e-6 at most: 60 images move the curvature by
    # 1e-4, and its inverse with 2 added to it by a quarter of that.
    assert torch.allclose(parts.root @ parts.root.T, whole.root @ whole.root.T, atol=1e-4)


def test_a_prior_at_an_end_of_the_grid_says_so() -> None:
    model = entry()
    for place, said in ((0, "(the lowest tried)"), (-1, "(the highest tried)"), (5, "")):
        model.precision.fill_(float(PRECISIONS[place]))
        text = model.prediction_protocol()
        assert ("tried)" in text) == bool(said) and said in text
    given = entry(prior_precision=float(PRECISIONS[-1]))
    assert "tried)" not in given.prediction_protocol()


def test_the_prior_is_given_or_of_largest_evidence() -> None:
    assert float(entry(prior_precision=3.0).precision) == 3.0
    chosen = entry(prior="evidence")
    train = chosen._features(images(60))
    values = laplace.spectrum(laplace.curvature(train, train @ chosen._mode().T)).values
    assert float(chosen.precision) == pytest.approx(
        laplace.best_precision(values, chosen._mode().flatten()), rel=1e-9
    )


def test_the_prior_is_the_best_of_those_tried_on_the_validation_part() -> None:
    scores = {}
    for tau in PRECISIONS:
        model = entry(prior_precision=float(tau), samples=DRAWS)
        with torch.no_grad():
            log_p = arithmetic(model.member_logits(held_out()["x"], torch.Generator()).numpy())
        scores[float(tau)] = -float(log_p[np.arange(30), held_out()["y"].numpy()].mean())
    assert float(entry().precision) == min(scores, key=scores.__getitem__)
