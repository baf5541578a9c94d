"""Effects of G04, G05, G21 and G25, read off tables written by hand, and the counts of G20."""

import math

import pandas as pd
import pytest

from triptych.claims.generative import (
    g04_bound,
    g05_gap,
    g20_posterior,
    g21_diffusion_bound,
    g25_trade_off,
)
from triptych.claims.verdict import interval_of, judge_effect
from triptych.records import COLUMNS


def row(model, metric, value, seed=0, **more):
    base = {
        "panel": "generative", "task": "density and samples", "dataset": "digits", "model": model,
        "seed": seed, "split": "test", "metric": metric, "value": value, "unit": "1",
        "kind": "exact", "n": 10, "protocol": "fixed split",
    }  # fmt: skip
    return base | more


def table(*rows):
    return pd.DataFrame(list(rows), columns=list(COLUMNS))


def verdict(effect):
    return judge_effect(interval_of(effect), effect.margin, effect.floor)


# --- bounds ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("bound", "expected"), [(-90.0, "holds"), (-80.0, "contradicted")])
def test_a_bound_above_that_of_many_draws_contradicts(bound, expected):
    rows = []
    for seed in range(3):
        rows += [
            row("vae", f"iw_bound/k={k}", value + seed, seed)
            for k, value in ((1, -89.0), (5000, -85.0), (50, -86.0))
        ]
        rows.append(row("vae", "evidence_bound", bound + seed, seed))
    over, first, second = g04_bound.effects(table(*rows))
    assert over.values == dict.fromkeys(range(3), -85.0 - bound)
    assert over.comparison.startswith("vae: L_5000 − bound") and verdict(over) == expected
    # the rises stay, with the note that they cannot be otherwise
    assert [e.values[0] for e in (first, second)] == [3.0, 1.0]
    assert all("never negative: read its size" in e.comparison for e in (first, second))
    assert not g04_bound.effects(table(rows[-1]))  # nothing to compare with


def test_the_gap_is_read_off_independent_draws_too():
    rows = [
        row("vae", "approximation_gap", -2.0), row("vae", "amortisation_gap", 0.5),
        row("vae", "bound_gap", 3.0), row("vae_beta0", "bound_gap", 7.0),
    ]  # fmt: skip
    independent, rise, other = g05_gap.effects(table(*rows))
    assert independent.values == {0: -1.5}  # which would contradict: a divergence is never negative
    assert "never negative" not in independent.comparison
    assert rise.values == {0: 3.0} and "never negative: read its size" in rise.comparison
    assert other.values == {0: 7.0} and other.comparison.startswith("vae_beta0")


def test_posteriors_are_compared_from_the_second_step_on():
    assert [check.n for check in g20_posterior.check()] == [3 * 199, 3 * 999]


def test_levels_are_those_of_the_data_set():
    rows = []
    for dataset, levels, bits in (("binary", 2, 0.25), ("digits", 17, 2.0)):
        protocol = f"T=100; {levels} levels; fixed split"
        rows += [
            row("ddpm", "bound_term/L_T", 0.1, dataset=dataset),
            row("ddpm", "bits_per_dim", bits, dataset=dataset, protocol=protocol),
        ]
    found = {e.dataset: e for e in g21_diffusion_bound.effects(table(*rows))}
    assert found["binary"].values == {0: 1 - 0.25}
    assert found["digits"].values == {0: math.log2(17) - 2.0}
    assert "log2 17" in found["digits"].comparison


# --- the trade-off -----------------------------------------------------------------------------


def scored(model, family, bits, distance, probe, evaluations, seed=0):
    return [
        row(model, "family", 1.0, seed, split="train", protocol=family),
        row(model, "bits_per_dim", bits, seed),
        row(model, "frechet_distance/cnn32", distance, seed),
        row(model, "probe_accuracy", probe, seed),
        row(model, "evaluations_per_sample", evaluations, seed),
    ]


@pytest.mark.parametrize("twin", [False, True])
def test_one_family_that_beats_all_contradicts(twin):
    """A second entry of the same family on the front is no second family."""
    rows = []
    for seed in range(3):
        rows += scored("vae", "VAE", 1.0, 1.0, 0.9, 1, seed)
        rows += scored("gan", "GAN", 2.0, 2.0, 0.8, 1, seed)
        if twin:
            rows += scored("iwae", "VAE", 0.9, 1.1, 0.9, 1, seed)
    (effect,) = g25_trade_off.effects(table(*rows))
    assert effect.values == {0: 1.0, 1: 1.0, 2: 1.0}
    assert verdict(effect) == "contradicted"


def test_two_families_on_the_front_hold():
    rows = []
    for seed in range(3):
        rows += scored("vae", "VAE", 1.0, 3.0, 0.9, 1, seed)
        rows += scored("gan", "GAN", 2.0, 2.0, 0.8, 1, seed)
    (effect,) = g25_trade_off.effects(table(*rows))
    assert effect.values == {0: 2.0, 1: 2.0, 2: 2.0}
    assert verdict(effect) == "holds" and "of gan, vae" in effect.comparison


def test_a_diverged_training_is_worst_and_not_beyond_comparison():
    rows = [
        *scored("vae", "VAE", 1.0, 1.0, 0.9, 1),
        *scored("gan", "GAN", math.nan, math.nan, math.nan, 1),
    ]
    (effect,) = g25_trade_off.effects(table(*rows))
    assert effect.values == {0: 1.0}


@pytest.mark.parametrize("module", [g04_bound, g05_gap, g21_diffusion_bound, g25_trade_off])
def test_nothing_is_claimed_of_records_that_lack(module):
    assert module.effects(table()) == []
    assert module.effects(table(row("pca", "reconstruction_mse", 0.1))) == []
