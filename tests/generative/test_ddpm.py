"""The diffusion model: objectives, tables, samplers and what they say about themselves."""

import math

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from triptych.generative.diffusion import (
    bound_constant,
    bound_weight,
    diffuse,
    gaussian_kl,
    linear_schedule,
    posterior_mean,
    predict_x0,
)
from triptych.generative.models.ddpm import Entry as DDPM
from triptych.generative.progressive import (
    Diffusion,
    agreement,
    bounds_by_variance,
    rate_distortion,
    settled,
)
from triptych.metrics.spectra import bands

META = {"shape": [4, 4, 1], "levels": 17, "n_classes": 2}
SMALL = {"diffusion_steps": 12, "network": "mlp", "width": 8, "blocks": 2}
UNET = {"diffusion_steps": 6, "network": "unet", "width": 8, "multipliers": [1, 2]}


def model(**params):
    torch.manual_seed(0)
    made = DDPM(DDPM.Params(**{**SMALL, **params}), META)
    for parameter in made.network.parameters():  # a head of zeros would hide every mistake
        torch.nn.init.normal_(parameter, 0.0, 0.2)
    return made.eval()


def images(n=6):
    return torch.randint(17, (n, 1, 4, 4), generator=torch.Generator().manual_seed(0)).byte()


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("choice", ["beta", "posterior"])
@pytest.mark.parametrize("steps", [20, 1000])
def test_weighted_noise_error_is_the_divergence_of_every_step(choice, steps):
    schedule = linear_schedule(steps)
    variance = schedule.reverse_variance(choice)
    x0, noise, guess = torch.randn(3, 1, 8, generator=rng(), dtype=torch.float64)
    weight, constant = bound_weight(schedule, variance), bound_constant(schedule, variance)
    for step in range(2, steps + 1):
        t = torch.tensor([step])
        xt = diffuse(schedule, x0, t, noise)
        mean = posterior_mean(schedule, predict_x0(schedule, xt, t, guess), xt, t)
        true = posterior_mean(schedule, x0, xt, t)
        kl = gaussian_kl(true, schedule.posterior_variance[step - 1], mean, variance[step - 1])
        short = weight[step - 1] * (noise - guess).square() + constant[step - 1]
        # float64, but x̂_0 divides by √ᾱ_T = 0.006 and the KL subtracts 1 from terms near 1
        torch.testing.assert_close(short, kl, rtol=1e-6, atol=1e-11)
    if choice == "posterior":
        assert float(constant.abs().max()) < 1e-15


def test_weights_span_orders_of_magnitude():
    schedule = linear_schedule(1000)
    weight = bound_weight(schedule, schedule.reverse_variance("beta"))[1:]
    assert float(weight.max() / weight.min()) > 10


@pytest.mark.parametrize("choice", ["beta", "posterior"])
def test_objective_averages_to_the_bound_over_steps(choice):
    """With the same noise the mean of T · L_{t−1} over all t is the sum that the bound reports."""
    made = model(objective="bound", bound_variance=choice, variance=choice, clip=False)
    x, steps = images(), made.diffusion_steps
    terms = made.bound_by_step(x, rng(3)).terms
    noise, x0 = rng(3), made.normalised(x)
    total = torch.zeros(len(x))
    for step in range(steps, 0, -1):  # in the order in which the bound draws
        t = torch.full((len(x),), step)
        drawn = torch.randn(x0.shape, generator=noise)
        xt = diffuse(made.tables, x0, t, drawn)
        predicted = made.predict_noise(xt, t)
        error = (predicted - drawn).square().flatten(1).mean(1)
        total += made._bound_estimate(x, xt, t, predicted, error).detach() / steps
    torch.testing.assert_close(total.double() * 16, terms.sum(0), rtol=1e-4, atol=1e-4)


def test_gradient_of_the_objective_is_finite_and_reaches_the_decoder_term():
    made = model(objective="bound").train()
    x0 = made.normalised(images())
    for step in (1, 2, made.diffusion_steps):
        t = torch.full((len(x0),), step)
        xt = diffuse(made.tables, x0, t, torch.randn(x0.shape, generator=rng()))
        predicted = made.predict_noise(xt, t) * 100  # a guess far off must not overflow
        error = (predicted - xt).square().flatten(1).mean(1)
        made.zero_grad()
        made._bound_estimate(images(), xt, t, predicted, error).mean().backward()
        norms = [float(p.grad.norm()) for p in made.network.parameters()]
        assert all(math.isfinite(norm) for norm in norms) and max(norms) > 0


def test_both_objectives_see_the_same_draws():
    """Trap 44: one sampler of t; the objectives differ in their weights alone."""
    seen = []
    for objective in ("simple", "bound"):
        made = model(objective=objective)
        made.network.register_forward_hook(lambda _, inputs, __: seen.append(inputs))
        made.loss({"x": images(64)}, rng(5))
    assert all(torch.equal(a, b) for a, b in zip(*seen, strict=True))


def test_tables_are_single_precision_of_double_and_no_weights():
    schedule = linear_schedule(1000)
    made = DDPM(DDPM.Params(**{**SMALL, "diffusion_steps": 1000}), META)
    assert torch.equal(made.tables.noise, schedule.noise.float())
    naive = (1 - schedule.alpha_bar.float()).sqrt()  # cancels: relative error 6e-8 / (1 − ᾱ_1)
    assert float((naive / made.tables.noise - 1).abs().max()) > 1e-5
    assert not any(name.startswith("tables") for name in made.state_dict())
    assert {buffer.dtype for buffer in made.tables.buffers()} == {torch.float32}


class Transfers(TorchDispatchMode):
    """Counts operations that take a tensor of the CPU while their result lies elsewhere."""

    def __init__(self):
        super().__init__()
        self.crossing, self.operations = [], 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        self.operations += 1
        tensors = [a for a in args if isinstance(a, torch.Tensor)]
        made = out if isinstance(out, torch.Tensor) else None
        inside = made is not None and made.device.type == "meta"
        if inside and any(a.device.type == "cpu" for a in tensors):
            self.crossing.append(str(func))
        return out


def test_sampling_loop_transfers_nothing():
    """On a device without data (meta) every operand of the loop must lie on that device."""
    made = model(diffusion_steps=12)
    schedule, denoise = made.schedule, made.predict_noise
    start = torch.empty(3, 1, 4, 4, device="meta")
    made.to("meta")
    from triptych.generative import diffusion_sampling as samplers

    plan = samplers.ancestral(schedule, 6, "beta").on(torch.device("cpu"))
    moved = samplers.ancestral(schedule, 6, "beta").on(torch.device("meta"))
    # the times are read once before the loop, which a device without data cannot do
    object.__setattr__(moved, "times", _Readable(moved.times, plan.times))
    with Transfers() as seen:
        samplers.sample(denoise, start, moved, None, clip=True)
    assert seen.operations > 50 and seen.crossing == []
    with Transfers() as seen:  # and what the tables replaced would be seen
        schedule.beta.to("meta")
    assert len(seen.crossing) == 1


class _Readable(torch.Tensor):
    """A tensor of the meta device that remembers its values for ``tolist``."""

    def __new__(cls, tensor, values):
        made = tensor.as_subclass(cls)
        made.values_ = values
        return made

    def tolist(self):
        return self.values_.tolist()

    __torch_function__ = torch._C._disabled_torch_function_impl


def test_sampler_and_number_of_steps_are_options_of_the_evaluation():
    for params, calls, words in (
        ({}, 12, "ancestral, 12 steps"),
        ({"sampling_steps": 3}, 3, "ancestral, 3 steps"),
        ({"sampling_steps": 4, "sampler": "ddim", "eta": 0.5}, 4, "ddim η=0.5, 4 steps"),
    ):
        made, count = model(**params), []
        made.network.register_forward_hook(lambda *_, count=count: count.append(1))
        drawn = made.sample(5, rng())
        assert drawn.dtype == torch.uint8 and int(drawn.max()) <= 16
        assert len(count) == calls == made.evaluations_per_sample
        assert made.sampling_protocol().startswith(words)


def test_protocols_state_the_choices_that_a_bound_means_nothing_without():
    said = model(variance="beta", first_variance="posterior", clip=False).likelihood_protocol()
    assert all(part in said for part in ("σ_t²=β_t", "σ₁²=β̃₂", "not clipped", "L_simple"))
    said = model(objective="bound").likelihood_protocol()
    assert all(part in said for part in ("σ_t²=β̃_t", "σ₁²=β₁", "x̂₀ clipped", "the bound"))


def test_first_variance_changes_the_decoder_term_alone():
    first, second = (
        model(first_variance=choice).bound_by_step(images(), rng(1)).terms
        for choice in ("beta", "posterior")
    )
    assert torch.equal(first[1:], second[1:]) and not torch.equal(first[0], second[0])


@pytest.mark.parametrize("choice", ["beta", "posterior"])
@pytest.mark.parametrize("first", ["beta", "posterior"])
def test_bounds_of_all_variances_follow_from_one_pass(choice, first):
    """They are those of models that were built with these variances, for the same draws."""
    own = model(variance="posterior").bound_by_step(images(), rng(1))
    made = model(variance=choice, first_variance=first)
    other = made.bound_by_step(images(), rng(1))
    found = bounds_by_variance(own, made.schedule, made.dimensions)[choice, first]
    # float32 terms, summed over 12 steps
    torch.testing.assert_close(found, other.prior + other.terms.sum(0), rtol=1e-4, atol=1e-4)


def test_bound_runs_every_step_once_for_every_image():
    made, count = model(), []
    made.network.register_forward_hook(lambda *_: count.append(1))
    found = made.bound_by_step(images(), rng())
    assert len(count) == 12 and found.terms.shape == found.error.shape == (12, 6)
    assert torch.equal(found.terms, made.bound_by_step(images(), rng()).terms)


def test_bound_is_measured_without_dropout():
    made = DDPM(DDPM.Params(**UNET, dropout=0.5), META).eval()
    torch.nn.init.normal_(made.network.head[2].weight)
    torch.manual_seed(1)
    first = made.bound_by_step(images(), rng()).terms
    torch.manual_seed(2)
    assert torch.equal(first, made.bound_by_step(images(), rng()).terms)


def test_network_may_compute_in_half_precision_but_the_loss_does_not():
    made = DDPM(DDPM.Params(**UNET), META)
    inner = []
    made.network.head[2].register_forward_hook(lambda *args: inner.append(args[2].dtype))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        predicted = made.predict_noise(torch.randn(2, 1, 4, 4), torch.tensor([1, 6]))
        loss = made.loss({"x": images()}, rng())
    assert set(inner) == {torch.bfloat16}
    assert predicted.dtype == loss.dtype == torch.float32


def test_memory_layout_changes_no_prediction():
    made = [DDPM(DDPM.Params(**UNET, channels_last=flag), META).eval() for flag in (False, True)]
    torch.nn.init.normal_(made[0].network.head[2].weight)
    made[1].load_state_dict(made[0].state_dict())
    weight = made[1].network.stem.weight
    assert made[1].network.down[0].conv1.weight.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(weight, made[0].network.stem.weight)
    x, t = torch.randn(3, 1, 4, 4, generator=rng()), torch.tensor([1, 3, 6])
    torch.testing.assert_close(*(m.predict_noise(x, t) for m in made), rtol=1e-4, atol=1e-5)


def test_compiling_keeps_the_names_of_the_weights():
    plain, compiled = (DDPM(DDPM.Params(**UNET, compiled=flag), META) for flag in (False, True))
    assert list(plain.state_dict()) == list(compiled.state_dict())
    assert compiled.network._compiled_call_impl is not None
    assert plain.network._compiled_call_impl is None


@pytest.mark.parametrize("params", [SMALL, UNET])
def test_features_are_hidden_activations_of_a_noised_image(params):
    made = model(**params)
    found = made.features(images(), rng(1))
    assert found.shape[0] == 6 and found.dim() == 2 and float(found.std()) > 0
    assert torch.equal(found, made.features(images(), rng(1)))
    assert not torch.equal(found, made.features(images(), rng(2)))  # another draw of the noise


def test_guess_from_hardly_noised_images_is_the_image():
    made = model(diffusion_steps=1000)
    torch.nn.init.zeros_(made.network.head[1].weight)
    torch.nn.init.zeros_(made.network.head[1].bias)
    x = images()
    # ε̂ = 0: x̂_0 = x_t / √ᾱ_1, off by the noise of deviation √(β_1 / α_1) = 0.01
    error = (made.restore(x, 1, rng()) - made.normalised(x)).abs().max()
    assert 0 < float(error) < 0.01 * 5


def test_progress_ends_with_what_ancestral_sampling_draws():
    made = model()
    assert isinstance(made, Diffusion)
    states = list(made.progress(5, rng(7)))
    assert [state.time for state in states] == list(range(12, 0, -1))
    from triptych.generative.observation import quantise

    assert torch.equal(quantise(states[-1].x, 17), made.sample(5, rng(7)))


def test_rate_rises_to_the_whole_bound():
    found = model().bound_by_step(images(), rng())
    rate, distortion = rate_distortion(found, 17, 16)
    bits = 16 * math.log(2)
    assert rate[-1] == pytest.approx(float(found.prior.mean()) / bits)  # at t = T: L_T alone
    assert rate[1] == pytest.approx(
        float((found.prior + found.terms[1:].sum(0)).mean()) / bits, rel=1e-12
    )
    # at t = 0 every term has been paid, the decoder's L_0 among them, and the image is known
    assert rate[0] == pytest.approx(
        float((found.prior + found.terms.sum(0)).mean()) / bits, rel=1e-12
    )
    assert (rate[:-1] >= rate[1:]).all() and rate.shape == distortion.shape == (13,)
    assert distortion[0] == 0.0
    assert distortion[4] == pytest.approx(float(found.error[3].mean().sqrt()) * 8)


def test_agreement_of_the_last_state_with_itself_is_one():
    states = list(model().progress(20, rng()))
    masks = dict(zip(("low", "high"), bands(4, 4, (0.3,)), strict=True))
    for values in agreement(states, masks).values():
        assert values.shape == (12,) and (abs(values) <= 1 + 1e-12).all()
        assert values[-1] == pytest.approx(1.0)  # the last step ends at its own estimate


def test_settling_time_by_hand():
    import numpy as np

    times = np.array([5, 4, 3, 2, 1])
    assert settled(times, np.array([0.1, 0.95, 0.8, 0.92, 1.0]), 0.9) == 2  # not 4: it fell again
    assert settled(times, np.array([0.9, 0.9, 0.9, 0.9, 0.9]), 0.9) == 5
    assert settled(times, np.array([0.9, 0.9, 0.9, 0.9, 0.1]), 0.9) == 0
    assert settled(times, np.array([np.nan, 0.9, 0.9, 0.9, 0.9]), 0.9) == 4
