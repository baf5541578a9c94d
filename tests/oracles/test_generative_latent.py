"""O1 and O10: the linear-Gaussian model, importance weighting, units."""

import math

import pytest
import torch

from triptych.generative.linear_gaussian import gap_against_kl, random_case
from triptych.generative.models.vae import Entry as VAE
from triptych.generative.observation import bits_per_dim

META = {"shape": [2, 2, 1], "levels": 5, "n_classes": 2}


@pytest.mark.parametrize("case", range(5))
def test_bound_equals_evidence_at_the_posterior_and_lies_below_elsewhere(case):
    model, x, mean, covariance = random_case(case, 40)
    exact = model.log_evidence(x)
    torch.testing.assert_close(model.bound(x, *model.posterior(x)), exact, rtol=1e-11, atol=1e-11)
    assert (model.bound(x, mean, covariance) < exact).all()


def test_gap_is_the_divergence_for_any_q():
    # float64 with values of order 1e2: a few hundred roundings of 1e-14 each
    assert gap_against_kl(models=20, examples=50)[0] < 1e-10


def test_best_diagonal_q_inverts_the_diagonal_of_the_precision():
    model, x, _, _ = random_case(3, 10)
    mean, covariance = model.posterior(x)
    best = torch.diag(1 / torch.linalg.inv(covariance).diagonal())
    naive = torch.diag(covariance.diagonal())
    assert (model.bound(x, mean, best) > model.bound(x, mean, naive)).all()
    for factor in (0.9, 1.1):  # and no other diagonal nearby does better
        assert (model.bound(x, mean, best) > model.bound(x, mean, best * factor)).all()


def test_importance_weighted_bounds_rise_to_the_evidence():
    model, x, mean, covariance = random_case(1, 1)
    covariance = torch.diag(covariance.diagonal())
    mean = model.posterior(x)[0] + 0.3
    rng = torch.Generator().manual_seed(0)
    root = torch.linalg.cholesky(covariance)
    noise = torch.randn(400_000, 1, len(covariance), generator=rng, dtype=torch.float64)
    weights = model.log_weights(x, mean, covariance, mean + noise @ root.T)[:, 0]
    exact = float(model.log_evidence(x))
    estimates, errors = [], []
    for k in (1, 5, 50, 500):
        values = torch.logsumexp(weights.view(-1, k), 1) - math.log(k)
        estimates.append(float(values.mean()))
        errors.append(float(values.std()) / math.sqrt(len(values)))
    assert estimates == sorted(estimates)
    assert all(e <= exact + 5 * s for e, s in zip(estimates, errors, strict=True))
    assert abs(estimates[0] - float(model.bound(x, mean, covariance))) < 5 * errors[0]
    # The value must not be the softmax-weighted mean of log w, which exceeds log p.
    groups = weights.view(-1, 500)
    wrong = (groups.softmax(1) * groups).sum(1).mean()
    assert float(wrong) > exact


def vae(**params):
    torch.manual_seed(0)
    return VAE(VAE.Params(latent=2, hidden=[8], **params), META).double()


def test_one_importance_sample_is_the_bound():
    model = vae()
    x = torch.randint(5, (6, 1, 2, 2), generator=torch.Generator().manual_seed(1)).byte()
    torch.set_default_dtype(torch.float64)
    try:
        bound = model.importance_weighted_bounds(x, [1], torch.Generator().manual_seed(2))[0]
        loss = model.loss({"x": x}, torch.Generator().manual_seed(2)) * model.dimensions
        weights = model.log_weights(x, 1, torch.Generator().manual_seed(2))[0]
    finally:
        torch.set_default_dtype(torch.float32)
    torch.testing.assert_close(bound, weights.detach())
    # The training loss takes the KL in closed form: equal in expectation, not per draw.
    assert torch.isfinite(loss)


def test_bounds_are_per_example_and_monotone():
    model = vae()
    torch.set_default_dtype(torch.float64)
    try:
        x = torch.randint(5, (4, 1, 2, 2), generator=torch.Generator().manual_seed(1)).byte()
        draws = 20_000
        bounds = model.importance_weighted_bounds(
            x, [1, 10, draws], torch.Generator().manual_seed(3)
        )
        weights = model.log_weights(x, draws, torch.Generator().manual_seed(3)).detach().softmax(0)
        # log Σ_x p(x) = 0: by quadrature over z, an exact reference for a two-dimensional latent
        grid = torch.linspace(-8, 8, 401)
        z = torch.cartesian_prod(grid, grid)
        log_prior = -0.5 * z.square().sum(1) - math.log(2 * math.pi)
        exact = torch.stack(
            [
                torch.logsumexp(
                    model.log_observation(row.expand(len(z), 1, 2, 2), z) + log_prior, 0
                )
                for row in x
            ]
        ) + 2 * math.log(16 / 400)  # fmt: skip
    finally:
        torch.set_default_dtype(torch.float32)
    assert (bounds[0] <= bounds[1]).all() and (bounds[1] <= bounds[2] + 1e-3).all()
    assert (bounds[0] <= exact).all()
    # log of a mean of weights: its standard error is that of the mean relative to the mean
    error = (weights * draws).std(0) / math.sqrt(draws)
    assert ((bounds[2] - exact.detach()).abs() < 5 * error).all()


@pytest.mark.parametrize(("levels", "dimensions"), [(256, 3072), (17, 64), (2, 784)])
def test_uniform_code_is_log2_levels(levels, dimensions):
    nats = -dimensions * math.log(levels)
    assert bits_per_dim(nats, dimensions) == pytest.approx(math.log2(levels), rel=1e-14)
