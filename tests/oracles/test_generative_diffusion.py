"""O3 and O10: diffusion of Gaussian data, the process, the zero-initialised head."""

import math

import pytest
import torch

from triptych.generative.diffusion import (
    diffuse,
    gaussian_kl,
    linear_schedule,
    posterior_mean,
    predict_x0,
)
from triptych.generative.gaussian_diffusion import (
    bound_gaps,
    gaussian_bound,
    marginal_error,
    optimal_noise,
    posterior_error,
)
from triptych.generative.models.ddpm import Entry as DDPM
from triptych.generative.observation import normalise

META = {"shape": [4, 4, 1], "levels": 17, "n_classes": 2}
SCHEDULE = linear_schedule(1000)


def test_schedule_constants():
    # Derived: Π (1 − β_t) for β linear from 1e-4 to 0.02 in 1000 steps, and β̃_2 from it
    assert float(SCHEDULE.alpha_bar[-1]) == pytest.approx(4.03583e-5, rel=1e-5)
    assert float(SCHEDULE.posterior_variance[1]) == pytest.approx(5.45319e-5, rel=1e-5)
    assert float(SCHEDULE.alpha_bar_previous[0]) == 1.0
    assert float(SCHEDULE.posterior_variance[0]) == 0.0
    assert SCHEDULE.beta.dtype == torch.float64


@pytest.mark.parametrize("steps", [2, 50, 1000])
def test_marginals_and_posteriors(steps):
    schedule = linear_schedule(steps)
    assert marginal_error(schedule) < 1e-12
    assert posterior_error(schedule) < 1e-10


def test_a_shifted_index_would_be_seen():
    wrong = linear_schedule(100)
    shifted = type(wrong)(
        **{**vars(wrong), "alpha_bar": torch.cat([wrong.alpha_bar[:1], wrong.alpha_bar[:-1]])}
    )
    assert marginal_error(shifted) > 1e-4


@pytest.mark.parametrize(
    ("variance", "choice", "first", "prior", "steps", "decoder", "exact"),
    [
        (1.0, "beta", None, 2.9e-5, 6.6438, -4.5968, 2.0471),
        (1.0, "beta", 5.45319e-5, 2.9e-5, 6.6438, -4.4327, 2.0471),
        (1.0, "posterior", 5.45319e-5, 2.9e-5, 7.3145, -4.4327, 2.0471),
        (0.25, "beta", None, 7e-6, 5.6456, -4.5970, 1.0471),
        (0.25, "posterior", 5.45319e-5, 7e-6, 6.3024, -4.4331, 1.0471),
    ],
)
def test_bound_of_gaussian_data(variance, choice, first, prior, steps, decoder, exact):
    terms = gaussian_bound(variance, SCHEDULE, choice, first)
    # The table is printed to four decimals (one significant digit of L_T), its last column of the
    # 0.25 rows to about 1e-4 because the chain's own entropy differs by that.
    assert terms.prior == pytest.approx(prior, rel=0.05)
    assert terms.steps == pytest.approx(steps, abs=1e-4)
    assert terms.decoder == pytest.approx(decoder, abs=1e-4)
    assert terms.exact == pytest.approx(exact, abs=2e-4)
    assert terms.bound >= terms.exact - 1e-9
    assert terms.noise_error == pytest.approx(0.275513 if variance == 1.0 else 0.173053, abs=1e-6)


def test_bound_is_exact_for_standard_normal_data_and_tightens_with_steps():
    gaps = bound_gaps(1.0, (100, 1000))
    assert all(abs(gap) < 1e-3 for gap in gaps.values())
    narrow = bound_gaps(0.25, (50, 100, 200, 500, 1000))
    assert list(narrow.values()) == sorted(narrow.values(), reverse=True)
    assert narrow[1000] == pytest.approx(0.0016, abs=1e-4)


def test_sampling_with_the_optimal_noise_reproduces_the_variance():
    """The chain is linear: its output variance is a recursion that the samples must match."""
    variance, schedule, n = 0.25, linear_schedule(100), 40_000
    rng = torch.Generator().manual_seed(0)
    x = torch.randn(n, 1, generator=rng, dtype=torch.float64)
    sigma = schedule.reverse_variance("beta").sqrt()
    for step in range(schedule.steps, 0, -1):
        t = torch.full((n,), step)
        x0 = predict_x0(schedule, x, t, optimal_noise(schedule, variance, x, step))
        x = posterior_mean(schedule, x0, x, t)
        x = x + sigma[step - 1] * torch.randn(x.shape, generator=rng, dtype=x.dtype)
    expected = math.log(2 * math.pi)  # from the exact cross-entropy: solve for the chain's variance
    exact = gaussian_bound(variance, schedule, "beta").exact * 2 * math.log(2)
    chain = _solve(exact - expected, variance)
    # standard error of a variance of n normals: chain · sqrt(2/n)
    assert float(x.var()) == pytest.approx(chain, abs=5 * chain * math.sqrt(2 / n))


def _solve(target: float, variance: float) -> float:
    """v ≥ variance with log v + variance/v = target, by bisection."""
    low, high = variance, 10.0
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (
            (middle, high) if math.log(middle) + variance / middle < target else (low, middle)
        )
    return low


def test_gaussian_kl_against_the_library():
    a = torch.tensor([0.3, -1.0], dtype=torch.float64)
    va = torch.tensor([0.5, 2.0], dtype=torch.float64)
    b, vb = torch.zeros_like(a), torch.ones_like(a)
    normal = torch.distributions.Normal
    expected = torch.distributions.kl_divergence(normal(a, va.sqrt()), normal(b, vb.sqrt()))
    torch.testing.assert_close(gaussian_kl(a, va, b, vb), expected)


@pytest.mark.parametrize("network", ["mlp", "unet"])
def test_untrained_network_predicts_zero_so_the_loss_is_one(network):
    torch.manual_seed(0)
    model = DDPM(
        DDPM.Params(diffusion_steps=50, network=network, width=16, multipliers=[1, 2]), META
    )
    x = torch.zeros(4000, 1, 4, 4, dtype=torch.uint8)
    with torch.no_grad():
        loss = float(model.loss({"x": x}, torch.Generator().manual_seed(0)))
    # mean of 64 000 squares of standard normals: standard error sqrt(2/64000) = 0.0056
    assert loss == pytest.approx(1.0, abs=5 * 0.0056)


def test_bound_terms_add_up_and_average_noise_only():
    torch.manual_seed(0)
    model = DDPM(DDPM.Params(diffusion_steps=20, network="mlp", width=16, blocks=1), META)
    x = torch.randint(17, (5, 1, 4, 4), generator=torch.Generator().manual_seed(0)).byte()
    terms = model.bound_terms(x, torch.Generator().manual_seed(1))
    assert set(terms) == {"L_T", "sum_L_t", "L_0"}
    # L_T in closed form: ½ Σ (ᾱ_T x² − ᾱ_T − log(1 − ᾱ_T))
    last = float(model.schedule.alpha_bar[-1])
    y = normalise(x, 17).double()
    expected = 0.5 * (last * y.square() - last - math.log(1 - last)).flatten(1).sum(1)
    torch.testing.assert_close(terms["L_T"], expected, rtol=1e-3, atol=1e-6)


def test_diffuse_uses_one_time_per_example():
    schedule = linear_schedule(10)
    x0 = torch.ones(2, 1, 2, 2)
    out = diffuse(schedule, x0, torch.tensor([1, 10]), torch.zeros_like(x0))
    expected = schedule.alpha_bar[[0, 9]].sqrt().float()
    torch.testing.assert_close(out[:, 0, 0, 0], expected)
