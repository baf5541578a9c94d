"""Effects of the claims on latent variables and flows, on tables small enough to do by hand."""

import math

import pandas as pd
import pytest

from triptych.claims.generative import (
    g03_noise,
    g06_spread,
    g07_reparameterisation,
    g08_amortisation,
    g26_code_size,
)
from triptych.claims.verdict import judge_check, judge_effect
from triptych.metrics.intervals import paired_interval
from triptych.records import COLUMNS


def row(model, metric, value, seed=0, split="test", protocol="fixed split"):
    return {
        "panel": "generative", "task": "density and samples", "dataset": "digits", "model": model,
        "seed": seed, "split": split, "metric": metric, "value": value, "unit": "1",
        "kind": "exact", "n": 10, "protocol": protocol,
    }  # fmt: skip


def table(*rows):
    return pd.DataFrame(list(rows), columns=list(COLUMNS))


def by_comparison(effects):
    return {effect.comparison: effect for effect in effects}


def test_a_quadratic_loss_accelerates_without_limit_and_a_bounded_one_does_not():
    rows = []
    for model, curve in (("ppca", lambda eta: 2 + 0.01 / eta**2), ("vae", lambda eta: 3 - eta)):
        rows += [
            row(model, f"noise_bits/eta={eta:g}", curve(eta) + seed, seed)
            for eta in (0.5, 0.25, 0.125, 0.0625)
            for seed in (0, 1)
        ]
    found = by_comparison(g03_noise.effects(table(*rows)))
    fall = found["ppca: codelength at η = 0.0625 − at the best larger η"]
    assert fall.values == {0: pytest.approx(0.01 * (256 - 4)), 1: pytest.approx(0.01 * (256 - 4))}
    assert found["ppca: last rise of the codelength / the one before"].values[0] == pytest.approx(2)
    bounded = found["vae: last rise of the codelength / the one before"].values
    assert bounded[1] == pytest.approx(-1)  # rises halve: there is a limit


def test_a_curve_that_falls_at_the_end_has_no_acceleration():
    rows = [row("ppca", f"noise_bits/eta={eta:g}", value)
            for eta, value in ((0.5, 3.0), (0.25, 2.0), (0.125, 1.0))]  # fmt: skip
    found = g03_noise.effects(table(*rows))
    # the least noise is the best: that contradicts, and is no 0 by construction
    assert found[0].values == {0: -1.0} and found[1].values == {}
    assert found[1].comparison.endswith(", 0 of 1 seeds")


def test_seeds_that_do_not_rise_are_counted_in_the_label():
    curves = {0: (1.0, 2.0, 4.0), 1: (1.0, 3.0, 2.0)}  # by falling noise; seed 1 falls at the end
    rows = [row("ppca", f"noise_bits/eta={eta:g}", value, seed)
            for seed, values in curves.items()
            for eta, value in zip((0.5, 0.25, 0.125), values, strict=True)]  # fmt: skip
    rise, growth = g03_noise.effects(table(*rows))
    assert rise.values == {0: 3.0, 1: 1.0}
    assert growth.values == {0: 1.0} and growth.comparison.endswith(", 1 of 2 seeds")


def test_spread_is_paired_by_seed():
    rows = [
        row(model, metric, value + 0.01 * seed, seed)
        for model, value in (("vae", 0.6), ("vae_beta0", 0.1))
        for metric in ("posterior_deviation", "posterior_noise_share")
        for seed in (0, 1, 2)
    ]
    effects = g06_spread.effects(table(*rows, row("vae", "posterior_deviation", 9.0, seed=7)))
    assert [sorted(e.values) for e in effects] == [[0, 1, 2], [0, 1, 2]]
    assert all(v == pytest.approx(0.5) for e in effects for v in e.values.values())
    assert not g06_spread.effects(table(*[r for r in rows if r["model"] == "vae"]))


def test_gradient_variances_are_compared_as_logarithms():
    rows = [row("vae", f"gradient_variance/{name}", value) for name, value in (
        ("reparameterised", 10.0), ("score function", 1e4), ("score function with baseline", 5.0)
    )]  # fmt: skip
    found = by_comparison(g07_reparameterisation.effects(table(*rows)))
    values = [effect.values[0] for effect in found.values()]
    assert values == [pytest.approx(3.0), pytest.approx(math.log10(0.5))]
    assert all(effect.unit == "log10 ratio" for effect in found.values())


def test_identity_of_the_gradients_holds():
    checks = g07_reparameterisation.check()
    assert len(checks) == 3 and all(judge_check(check) == "holds" for check in checks)


def test_cost_of_fitting_and_what_amortising_loses():
    rows = [
        row("vae", "inference_seconds/amortised", 1e-5),
        row("vae", "inference_seconds/from scratch to the amortised bound", 1e-2),
        row("vae", "amortisation_gap", 1.25),
        row("vae_beta0", "posterior_deviation", 0.1),
    ]
    found = g08_amortisation.effects(table(*rows))
    assert [(e.values[0], e.unit) for e in found] == [(3.0, "log10 ratio"), (1.25, "nats")]


def test_code_sizes_and_error_of_the_flow():
    rows = []
    for seed in (0, 1):
        rows += [
            row("flow", "family", 1.0, seed, "train", "flow"),
            row("flow", "reconstruction_mse/code=64", 0.0, seed),
            row("flow", "truncated_code_mse/code=8", 0.9, seed),
            row("flow", "truncated_code_mse/code=16", 0.3, seed),
            row("vae", "reconstruction_mse/code=10", 0.1, seed),
        ]
    size, error = g26_code_size.effects(table(*rows))
    assert size.values == {s: pytest.approx(math.log2(6.4)) for s in (0, 1)}
    # the next power of two above the VAE's ten numbers: in the flow's favour
    assert "from 16 numbers" in error.comparison
    assert error.values == {s: pytest.approx(0.2) for s in (0, 1)}
    # a count that repeats has an interval of no width
    assert judge_effect(paired_interval(size.values.values()), 0.0) == "holds"
    assert not g26_code_size.effects(table(*[r for r in rows if r["model"] == "vae"]))


CLAIMS = (g03_noise, g06_spread, g07_reparameterisation, g08_amortisation, g26_code_size)


@pytest.mark.parametrize("module", CLAIMS)
def test_nothing_measured_gives_no_effects(module):
    claim = module.CLAIMS[-1]
    assert claim.effects(table(row("gan", "family", 1.0, split="train", protocol="GAN"))) == []
