"""Effects of the claims on diffusion and on codes, read off tables written by hand."""

import pandas as pd
import pytest

from triptych.claims.generative import (
    g10_interpolation,
    g17_arithmetic,
    g22_objectives,
    g23_one_step,
    g24_coarse_to_fine,
    g27_features,
)
from triptych.records import COLUMNS, Record

RULE = "repeated hold-out 60%/20%/20%, drawn anew for each seed"


def record(model, metric, value, seed=0, split="test"):
    return Record(
        "generative", "density and samples", "digits", model, seed, split, metric, float(value),
        "1", "estimate", 10, RULE,
    )  # fmt: skip


def table(*records):
    sizes = [record("vae", f"n_{s}", n, split=s) for s, n in (("train", 60), ("test", 20))]
    return pd.DataFrame([vars(r) for r in (*records, *sizes)], columns=list(COLUMNS))


def found(claim, *records):
    effects = claim.effects(table(*records))
    assert all(e.test_train_ratio == pytest.approx(1 / 3) for e in effects)
    return {e.comparison: e for e in effects}


def test_interpolation_is_blends_minus_in_betweens():
    rows = [
        record(model, f"interpolation_frechet/{name}", value, seed)
        for model in ("vae", "pca")
        for seed in (0, 1)
        for name, value in (("lerp", 2), ("slerp", 1 + seed), ("pixels", 5), ("reconstructions", 4))
    ]
    effects = found(g10_interpolation, *rows)
    assert len(effects) == 4  # two paths, two controls; PCA's path is a blend
    assert effects["Fréchet distance: pixel-wise blends − decoded lerp of vae"].values == {
        0: 3, 1: 3,
    }  # fmt: skip
    name = "Fréchet distance: blends of the reconstructions − decoded slerp of vae"
    assert effects[name].values == {0: 3, 1: 2}


def test_arithmetic_is_success_minus_chance():
    rows = [
        record("gan", "attribute_success/slant", 0.75),
        record("gan", "attribute_control/slant", 0.5),
        record("gan", "attribute_success/thickness", 0.75),  # no control: no effect
    ]
    effects = found(g17_arithmetic, *rows)
    assert [e.values for e in effects.values()] == [{0: 0.25}]


def test_objectives_are_signed_in_the_decks_direction():
    rows = []
    for model, bits, distance in (("ddpm", 3.0, 5.0), ("ddpm_bound", 2.75, 9.0)):
        rows += [
            record(model, "bits_per_dim", bits),
            record(model, "frechet_distance/cnn32", distance),
            record(model, "frechet_distance/cnn32", 99, split="train"),
            record(model, "frechet_distance/inception", 99),
        ]
    effects = found(g22_objectives, *rows)
    assert effects["codelength: ddpm − ddpm_bound"].values == {0: 0.25}
    assert effects["Fréchet distance: ddpm_bound − ddpm"].values == {0: 4.0}
    assert len(effects) == 2
    assert g22_objectives.effects(table(rows[0])) == []


def test_one_step_minus_many():
    rows = [
        record("ddpm", f"ancestral_frechet/{k}", v)
        for k, v in (("steps=1", 50), ("steps=5", 40), ("steps=100", 5), ("all", 5))
    ]
    rows += [record("ddpm", f"guess_frechet/t={t}", v) for t, v in (("1", 30), ("0.25", 2))]
    values = {k: e.values[0] for k, e in found(g23_one_step, *rows).items()}
    assert values == {
        "Fréchet distance, ddpm: one step − 5 steps": 10,
        "Fréchet distance, ddpm: one step − all T steps": 45,
        "Fréchet distance of x̂₀(x_t), ddpm: from t = T − from t = T/4": 28,
    }


def test_coarse_to_fine_by_hand():
    rows = [
        record("ddpm", f"{metric}/{band}", value)
        for metric, band, value in (
            ("frequency_correlation", "low", 0.75), ("frequency_correlation", "high", 0.5),
            ("frequency_settled", "low", 0.5), ("frequency_settled", "high", 0.125),
        )
    ]  # fmt: skip
    # of all 10 bits 2 have come by t = 0.05: the half, 5, lies on the line from (2, 4) to (10, 0)
    curve = [(1.0, 0.0, 8.0), (0.5, 1.0, 6.0), (0.05, 2.0, 4.0), (0.0, 10.0, 0.0)]
    points = [
        record("ddpm", f"progressive_{metric}/t={t:g}", value)
        for t, rate, error in curve
        for metric, value in (("rate", rate), ("distortion", error))
    ]
    effects = list(found(g24_coarse_to_fine, *rows, *points).values())
    assert [e.values[0] for e in effects] == [0.25, 0.375, (8 - 2.5) / 8]
    assert [e.margin for e in effects] == [0, 0, 0.5]
    # without the end of the curve nobody knows what half of the bits is
    assert len(found(g24_coarse_to_fine, *rows, *points[:-2])) == 2


def test_features_minus_pixels_by_number_of_labels():
    rows = []
    for labels, value in ((10, 0.75), (2, 0.5)):
        rows.append(record("ddpm", f"feature_probe_{labels}_per_class", value))
        rows.append(record("ddpm", f"feature_probe_{labels}_per_class/raw pixels", 0.25))
    effects = found(g27_features, *rows)
    assert [(k.split(",")[1].strip(), e.values[0]) for k, e in effects.items()] == [
        ("2 labels per class: ddpm − pixels", 0.25), ("10 labels per class: ddpm − pixels", 0.5),
    ]  # fmt: skip
