"""Effects of the claims about samples, read off tables written by hand."""

import math

import pandas as pd
import pytest

from triptych.claims.generative import (
    g02_decoder,
    g14_saturation,
    g15_convolutions,
    g16_objectives,
    g18_copies,
)
from triptych.claims.verdict import interval_of, judge_effect
from triptych.records import COLUMNS, Record

RULE = "repeated hold-out 60%/20%/20%, drawn anew for each seed"


def rows(model, metric, values, split="test"):
    return [
        Record("generative", "t", "digits", model, seed, split, metric, v, "1", "exact", 1, "p")
        for seed, v in enumerate(values)
    ]


def sizes():
    return [
        Record("generative", "t", "digits", "gan", 0, s, f"n_{s}", n, "1", "exact", 1, RULE)
        for s, n in (("train", 60), ("test", 20))
    ]


def table(*groups):
    records = [record for group in groups for record in group]
    return pd.DataFrame([vars(record) for record in records], columns=list(COLUMNS))


def frechet(model, values):
    return rows(model, "frechet_distance/cnn32", values)


def by_label(module, *groups):
    return {e.comparison: e for e in module.effects(table(*groups))}


EVERY = [g02_decoder, g14_saturation, g15_convolutions, g16_objectives, g18_copies]


@pytest.mark.parametrize("module", EVERY)
def test_nothing_is_claimed_of_records_that_lack(module):
    assert module.effects(table()) == []
    assert module.effects(table(rows("pca", "reconstruction_mse", [0.1]))) == []


def test_autoencoder_against_the_vae_at_every_size_and_law():
    found = by_label(
        g02_decoder,
        sizes(),
        frechet("vae", [2.0, 3.0]),
        rows("autoencoder", "decoded_frechet_distance/standard, code=16", [9.0, 9.0]),
        rows("autoencoder", "decoded_frechet_distance/fitted, code=2", [5.0, 4.0]),
        rows("autoencoder", "decoded_frechet_distance/fitted, code=16", [1.0, 4.0]),
    )
    assert len(found) == 3
    label = "Fréchet distance: autoencoder of code size 16, z from a Gaussian fitted to the codes"
    effect = found[f"{label} − VAE"]
    assert effect.values == {0: -1.0, 1: 1.0}
    assert effect.test_train_ratio == pytest.approx(1 / 3)


def test_saturation_is_compared_across_trainings_and_at_one_state():
    norm = "gradient_norm_at_lowest_d"
    found = g14_saturation.effects(
        table(
            sizes(),
            rows("gan", f"{norm}/non_saturating", [10.0], "train"),
            rows("gan", f"{norm}/minimax", [0.5], "train"),
            rows("gan_minimax", f"{norm}/non_saturating", [2.0], "train"),
            rows("gan_minimax", f"{norm}/minimax", [0.1], "train"),
            frechet("gan", [1.0]),
            frechet("gan_minimax", [1.5]),
        )
    )
    assert [e.values[0] for e in found] == pytest.approx([2.0, math.log10(20), 0.5])
    assert [e.test_train_ratio for e in found] == pytest.approx([0, 0, 1 / 3])


def test_a_gradient_that_vanished_altogether_still_counts():
    norm = "gradient_norm_at_lowest_d"
    (effect,) = g14_saturation.effects(
        table(
            rows("gan_minimax", f"{norm}/non_saturating", [1.0], "train"),
            rows("gan_minimax", f"{norm}/minimax", [0.0], "train"),
        )
    )
    assert effect.values[0] == pytest.approx(30)


@pytest.mark.parametrize(("cost", "measured"), [(1e9, True), (1.2e9, True), (1.3e9, False)])
def test_convolutions_are_judged_at_equal_cost_only(cost, measured):
    found = g15_convolutions.effects(
        table(
            frechet("gan", [3.0, 2.0]),
            frechet("dcgan", [1.0, 3.0]),
            rows("gan", "training_multiply_adds", [1e9, 1e9], "train"),
            rows("dcgan", "training_multiply_adds", [cost, cost], "train"),
        )
    )
    assert [e.values for e in found] == ([{0: 2.0, 1: -1.0}] if measured else [])
    if measured:
        assert "1e+09" in found[0].comparison


def test_variants_are_compared_in_distance_spread_modes_and_divergence():
    found = by_label(
        g16_objectives,
        sizes(),
        frechet("gan", [1.0, 2.0, 6.0]),
        frechet("lsgan", [2.0, 2.0, 2.5]),
        rows("gan", "modes_covered", [20, 21, 22], "all"),
        rows("lsgan", "modes_covered", [25, 20, 22], "all"),
        rows("gan", "diverged", [0, 0, 1], "train"),
        rows("lsgan", "diverged", [0, 0, 0], "train"),
    )
    assert found["Fréchet distance: gan − lsgan"].values == {0: -1.0, 1: 0.0, 2: 3.5}
    spread = found["distance of a seed's Fréchet distance from the median over seeds: gan − lsgan"]
    assert spread.values == {0: 1.0, 1: 0.0, 2: 3.5}  # |1−2|−0, 0−0, |6−2|−0.5
    modes = found["modes reached on a grid of 25 Gaussians: lsgan − gan"]
    assert modes.values == {0: 5.0, 1: -1.0, 2: 0.0} and modes.test_train_ratio == 0
    assert found["trainings that diverged: gan − lsgan"].values == {0: 0.0, 1: 0.0, 2: 1.0}
    assert len(found) == 4


def test_variants_say_what_both_trainings_cost():
    found = g16_objectives.effects(
        table(
            frechet("gan", [3.0]),
            frechet("wgan", [1.0]),
            rows("gan", "training_multiply_adds", [1e9], "train"),
            rows("wgan", "training_multiply_adds", [4e9], "train"),
        )
    )
    assert len(found) == 2
    for effect in found:
        assert "trained with 1e+09 and 4e+09 counted multiply-adds" in effect.comparison


def test_copies_are_sought_by_share_and_by_tail_in_both_spaces():
    found = g18_copies.effects(
        table(
            rows("gan", "nearer_to_training", [0.48, 0.6]),
            rows("gan", "near_copies", [0.02, 0.5]),
            rows("gan", "nearer_to_training/cnn32", [0.5, 1.0]),
        )
    )
    assert [e.margin for e in found] == [-0.05, -0.05, -0.05]
    assert found[0].values == pytest.approx({0: 0.02, 1: -0.1})
    assert found[1].values == pytest.approx({0: 0.03, 1: -0.45})
    assert found[2].values == pytest.approx({0: 0.0, 1: -0.5})
    assert "pixels" in found[0].comparison and "features" in found[2].comparison
    assert "an exact copier's" in found[1].comparison


def test_noise_on_copies_is_contradicted_however_far_it_carries_them():
    """A third of the sources among as many training as test images: 2/3 lie nearer to training."""
    shares = {"kernel_density": [0.66, 0.67, 0.68], "gan": [0.49, 0.5, 0.51]}
    groups = [rows(model, "nearer_to_training", values) for model, values in shares.items()]
    far = [rows(model, "nearest_train_distance", [9.0] * 3) for model in shares]
    near = [rows(model, "nearest_train_distance_of_test", [1.0] * 3) for model in shares]
    found = g18_copies.effects(table(*groups, *far, *near))
    verdicts = [judge_effect(interval_of(effect), effect.margin) for effect in found]
    assert verdicts == ["holds", "contradicted"]  # gan, kernel_density
