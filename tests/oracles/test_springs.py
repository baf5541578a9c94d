"""Springs: the integrator against mechanics, the inference against probability and enumeration."""

import math

import numpy as np
import pytest
import torch

from triptych.data import springs
from triptych.graphs.motion import best_rule, correlations, stiffnesses
from triptych.graphs.relations import (
    MotionDecoder,
    RelationEncoder,
    coin_divergence,
    ordered_pairs,
    relax,
)

DOUBLE = torch.float64


def system(seed: int = 0, particles: int = 5, systems: int = 8) -> tuple[np.ndarray, np.ndarray]:  # type: ignore[type-arg]
    rng = np.random.default_rng(seed)
    upper = np.triu(rng.random((systems, particles, particles)) < 0.5, k=1)
    joined = (upper | upper.transpose(0, 2, 1)).astype(np.float64)
    return joined, 0.5 * rng.standard_normal((systems, particles, 4))


def test_two_bodies_swing_with_the_period_of_the_book() -> None:
    """Reduced mass 1/2: ω² = 2k. After one period 2π / √(2k) all is as at the start."""
    k, joined = 1.7, np.array([[0.0, 1.0], [1.0, 0.0]])
    start = np.array([[0.5, 0.2, 0.3, -0.4], [-0.5, -0.2, -0.3, 0.4]])  # the centre rests
    period = 2 * math.pi / math.sqrt(2 * k)
    np.testing.assert_allclose(springs.exact(joined, start, k, period), start, atol=1e-14)
    half = springs.exact(joined, start, k, period / 2)
    np.testing.assert_allclose(half, -start, rtol=0, atol=1e-14)
    # Leapfrog's frequency is ω (1 + (ω h)² / 24 + …): at 400 steps a period it is 1e-5 too fast,
    # which is a shift by 2π · 1e-5 of the amplitude.
    seen = springs.simulate(joined, start, k, 2, period, 400)
    np.testing.assert_allclose(seen[1], start, rtol=0, atol=1e-4)


def test_the_exact_solution_is_newtons() -> None:
    """r'' = -k L r by second differences, and the given state at time 0."""
    joined, start = system()
    np.testing.assert_allclose(springs.exact(joined, start, 1.3, 0.0), start, rtol=0, atol=1e-14)
    h = 1e-3
    before, now, after = (springs.exact(joined, start, 1.3, 0.7 + t) for t in (-h, 0.0, h))
    force = -1.3 * springs.laplacian(joined) @ now[..., :2]
    bend = (after - 2 * now + before)[..., :2] / h**2
    # Second differences err by h² r'''' / 12, k² · degree² · r of it; rounding by 1e-15 / h².
    np.testing.assert_allclose(bend, force, rtol=0, atol=1e-4)
    np.testing.assert_allclose((after - before)[..., :2] / (2 * h), now[..., 2:], atol=1e-5)


def test_leapfrog_is_of_second_order() -> None:
    joined, start = system()
    end = springs.exact(joined, start, 1.0, 3.0)
    errors = [
        np.abs(springs.simulate(joined, start, 1.0, 2, 3.0, steps)[:, 1] - end).max()
        for steps in (50, 100, 200)
    ]
    ratios = [errors[0] / errors[1], errors[1] / errors[2]]
    assert all(abs(ratio - 4) < 0.1 for ratio in ratios)


def test_energy_and_momentum_stay() -> None:
    """Leapfrog is symplectic: the energy swings within O((ωh)²) and does not drift."""
    joined, start = system()
    seen = springs.simulate(joined, start, 1.0, 400, 0.3, 20)
    energy = springs.energy(joined[:, None], seen, 1.0)
    largest = np.linalg.eigvalsh(springs.laplacian(joined)).max()
    bound = largest * (0.3 / 20) ** 2  # (ωh)² of the fastest mode, four times its share of error
    relative = np.abs(energy / energy[:, :1] - 1)
    assert relative.max() < bound
    assert relative[:, 200:].max() < 1.05 * relative[:, :200].max() + 1e-12  # no drift
    exact = springs.exact(joined, start, 1.0, 5.0)
    np.testing.assert_allclose(springs.energy(joined, exact, 1.0), energy[:, 0], rtol=1e-12)
    total = seen[..., 2:].sum(axis=2)
    np.testing.assert_allclose(total, np.broadcast_to(total[:, :1], total.shape), atol=1e-12)


def test_leapfrog_is_reversible() -> None:
    joined, start = system()
    there = springs.simulate(joined, start, 1.0, 2, 2.0, 40)[:, 1]
    back = springs.simulate(joined, there * [1, 1, -1, -1], 1.0, 2, 2.0, 40)[:, 1]
    np.testing.assert_allclose(back * [1, 1, -1, -1], start, rtol=0, atol=1e-12)


def test_the_data_set_is_the_simulation() -> None:
    read = springs.data_set(None, 30, 5, 0.5, 1.0, 6, 0.3, 20, seed=1)
    x = read.arrays["x"].reshape(30, 5, 6, 4).transpose(0, 2, 1, 3)
    joined = np.zeros((30, 5, 5))
    source, target = read.arrays["edge_index"]
    joined[source // 5, source % 5, target % 5] = 1
    np.testing.assert_allclose(read.arrays["y"], joined.sum(axis=(1, 2)) / 20)
    for moment in (0, 3, 5):
        exact = springs.exact(joined, x[:, 0].astype(np.float64), 1.0, 0.3 * moment)
        # Second order at ω h below 0.04 over ω t below 4: 4 · 0.04² / 24; single precision 1e-7.
        np.testing.assert_allclose(x[:, moment], exact, rtol=0, atol=1e-3)
    np.testing.assert_allclose(x.mean(axis=2), 0, atol=1e-6)  # the centre of mass rests
    assert 0.35 < joined.mean() / 0.8 < 0.65  # 300 coins: within five deviations of one half


def test_least_squares_with_the_law_finds_every_spring() -> None:
    joined, start = system(systems=20)
    states = springs.simulate(joined, start, 1.0, 20, 0.3, 20).transpose(0, 2, 1, 3)
    found = stiffnesses(states, 0.3)
    first, second = np.triu_indices(5, k=1)
    real = joined[:, first, second]
    # A central difference over 2 · 0.3 damps a mode of ω² ≤ 5 by sin(0.3 ω) / 0.3 ω ≥ 0.92.
    assert np.abs(found - real).max() < 0.5
    assert ((found > 0.5) == real).all()


def test_correlations_are_numpys() -> None:
    joined, start = system()
    states = springs.simulate(joined, start, 1.0, 20, 0.3, 20).transpose(0, 2, 1, 3)
    states[0, 0] = 1.0  # never moves
    found = correlations(states)
    first, second = np.triu_indices(5, k=1)
    for number, (i, j) in enumerate(zip(first, second, strict=True)):
        expected = np.mean([np.corrcoef(states[3, i, :, d], states[3, j, :, d])[0, 1]
                            for d in range(4)])  # fmt: skip
        assert found[3, number] == pytest.approx(expected, abs=1e-12)
    assert not found[0, first == 0].any() and np.isfinite(found).all()


@pytest.mark.parametrize("seed", range(4))
def test_the_best_rule_is_the_best_of_all(seed: int) -> None:
    rng = np.random.default_rng(seed)
    scores, joined = rng.standard_normal(25), rng.integers(0, 2, 25)
    ways = [f(scores) for f in (np.positive, np.negative, np.abs)]
    cuts = [(way > cut) for way in ways for cut in [-9, *np.sort(way) + 1e-9]]
    best = max(int((call == joined).sum()) for call in cuts)
    assert int((best_rule(scores, joined)(scores) == joined).sum()) == best


def test_pairs_are_numbered_in_one_way_everywhere() -> None:
    sender, receiver, number = ordered_pairs(5)
    first, second = np.triu_indices(5, k=1)
    assert sorted(zip(sender.tolist(), receiver.tolist(), strict=True)) == [
        (i, j) for i in range(5) for j in range(5) if i != j
    ]
    for i, j, n in zip(sender.tolist(), receiver.tolist(), number.tolist(), strict=True):
        assert {i, j} == {first[n], second[n]}


def test_renumbered_particles_renumber_the_pairs() -> None:
    torch.manual_seed(0)
    encoder = RelationEncoder(8, 6).to(DOUBLE)
    x = torch.randn(3, 5, 8, dtype=DOUBLE)
    order = torch.tensor([2, 0, 4, 1, 3])

    def square(odds: torch.Tensor) -> torch.Tensor:
        first, second = np.triu_indices(5, k=1)
        full = torch.zeros(3, 5, 5, dtype=DOUBLE)
        full[:, first, second] = full[:, second, first] = odds
        return full

    before, after = square(encoder(x)), square(encoder(x[:, order]))
    torch.testing.assert_close(after, before[:, order][:, :, order], rtol=0, atol=1e-13)
    moved = encoder(x + torch.randn(1, 1, 8, dtype=DOUBLE))  # another frame
    torch.testing.assert_close(square(moved), before, rtol=0, atol=1e-13)


def test_without_springs_no_particle_acts_on_another() -> None:
    torch.manual_seed(0)
    decoder = MotionDecoder(6).to(DOUBLE)
    states = torch.randn(1, 4, 3, 4, dtype=DOUBLE, requires_grad=True)
    z = torch.zeros(1, 6, dtype=DOUBLE)
    z[0, 1] = 1  # the pair 0-2
    decoder(states, z)[0, 0].sum().backward()
    assert states.grad is not None
    reached = states.grad.abs().sum(dim=(0, 2, 3)) > 0
    assert reached.tolist() == [True, False, True, False]


def test_relaxed_draws_are_coins() -> None:
    """P(z > 1/2) = σ(l) at every temperature; draws gather at 0 and 1 as it falls."""
    odds = torch.tensor([-1.0, 0.0, 2.0], dtype=DOUBLE).repeat(40_000, 1)
    for temperature in (0.5, 0.01):
        z = relax(odds, temperature, torch.Generator().manual_seed(0))
        share = (z > 0.5).double().mean(dim=0)
        chance = torch.sigmoid(odds[0])
        deviation = (chance * (1 - chance) / len(odds)).sqrt()
        assert ((share - chance).abs() < 6 * deviation).all()
    assert float(((z > 0.01) & (z < 0.99)).double().mean()) < 0.05


def test_divergence_of_coins() -> None:
    odds = torch.tensor([-30.0, -1.0, 0.0, 2.0, 30.0], dtype=DOUBLE)
    for prior in (0.5, 0.2):
        expected = torch.distributions.kl_divergence(
            torch.distributions.Bernoulli(logits=odds[1:4]),
            torch.distributions.Bernoulli(torch.tensor(prior, dtype=DOUBLE)),
        )
        found = coin_divergence(odds, prior)
        torch.testing.assert_close(found[1:4], expected, rtol=0, atol=1e-12)
        sure = torch.tensor([-math.log(1 - prior), -math.log(prior)], dtype=DOUBLE)
        torch.testing.assert_close(found[[0, 4]], sure, rtol=0, atol=1e-11)
