"""U01 to U03 and U15 on tables whose effects are known."""

import pandas as pd
import pytest

from triptych.claims.base import Effect
from triptych.claims.uncertainty import (
    u01_accuracy,
    u02_overconfidence,
    u03_far_inputs,
    u15_kinds_of_shift,
)
from triptych.claims.verdict import interval_of, judge_effect
from triptych.records import COLUMNS, HELD_OUT, named, shifted

SEEDS = (0, 1, 2)
RULE = "repeated hold-out, drawn anew for each seed"
Numbers = dict[tuple[str, str], float]  # (split, metric) -> value


def table(models: dict[str, Numbers]) -> pd.DataFrame:
    """Records of every seed; seeds differ by a hundredth."""
    rows = []
    for model, numbers in models.items():
        for seed in SEEDS:
            for (split, metric), value in {("train", "n_train"): 300.0, **numbers}.items():
                wiggle = 0.0 if metric == "n_train" else 0.01 * seed
                rows.append(
                    ("uncertainty", "classification", "digits", model, seed, split, metric,
                     value + wiggle, "1", "exact", 100, RULE)
                )  # fmt: skip
    return pd.DataFrame(rows, columns=list(COLUMNS))


def find(effects: list[Effect], *words: str) -> Effect:
    found = [e for e in effects if all(word in e.comparison for word in words)]
    assert len(found) == 1, (words, [e.comparison for e in effects])
    return found[0]


def constant(effect: Effect, value: float) -> bool:
    return effect.values == pytest.approx(dict.fromkeys(SEEDS, value))


def test_named_sets_are_no_kinds_of_corruption() -> None:
    """ "test:ovadia_translate@5" ends like a corruption of severity 5."""
    numbers: Numbers = {
        ("test", "accuracy"): 0.9,
        (named("ovadia_translate", "5"), "accuracy"): 0.1,
    }
    for kind in ("contrast", "mean"):
        numbers |= {(shifted(kind, 1), "accuracy"): 0.8, (shifted(kind, 5), "accuracy"): 0.5}
    found = u01_accuracy.effects(table({"single": numbers}))
    assert constant(find(found, "share of severity pairs"), 0.5)  # every pair falls


def test_far_inputs() -> None:
    def model(confidence: float, detected: float) -> Numbers:
        split = named("photographs")
        return {
            ("test", "accuracy"): 0.9, ("test", "mean_confidence"): 0.95,
            (split, "mean_confidence"): confidence, (split, "auroc/max_probability"): detected,
        }  # fmt: skip

    found = u03_far_inputs.effects(table({"single": model(0.7, 0.8), "sngp": model(0.4, 0.95)}))
    assert len(found) == 3
    # 1/2 does not wiggle with the seed.
    high = find(found, "mean confidence on photographs − 1/2")
    assert high.values == pytest.approx({seed: 0.2 + 0.01 * seed for seed in SEEDS})
    assert constant(find(found, "single − sngp"), 0.3)
    assert constant(find(found, "AUROC", "sngp − single"), 0.15)
    alone = u03_far_inputs.effects(table({"single": model(0.7, 0.8)}))
    assert len(alone) == 1  # without a distance-aware method nothing stands beside
    assert u03_far_inputs.effects(table({"sngp": {("test", "accuracy"): 0.9}})) == []


def test_four_kinds_of_shift() -> None:
    numbers: Numbers = {
        ("test", "accuracy"): 0.9,
        ("test", "confidence_minus_accuracy"): 0.02,
        (named("ovadia_rotate", "45"), "accuracy"): 0.5,
        (named("unknown_classes"), "mean_confidence"): 0.8,
        (named("unknown_classes"), "least_confidence"): 0.125,
        (named("strokes"), "worst_group_accuracy"): 0.85,
        (named("strokes"), "worst_group_expected"): 0.88,
        (named("label_shift", "30"), "nll"): 0.30,
        (named("label_shift", "30"), "nll/known_prior"): 0.25,
        (named("label_shift", "30"), "prior_distance"): 0.3,
        (named("label_shift", "30"), "prior_estimate_error"): 0.1,
    }
    found = u15_kinds_of_shift.effects(table({"single": numbers}))
    assert len(found) == 5
    assert constant(find(found, "covariate"), 0.4)
    # Seeds wiggle all three alike: .8 − .125 − .02, less one wiggle.
    unknown = {seed: 0.655 - 0.01 * seed for seed in SEEDS}
    assert find(found, "open set").values == pytest.approx(unknown)
    groups = find(found, "subpopulation")
    assert constant(groups, 0.03)  # below what chance makes of the worst of equal groups
    assert groups.floor == 0.0
    assert constant(find(found, "as predicted − corrected"), 0.05)
    assert constant(find(found, "estimated without labels"), 0.2)
    assert {effect.test_train_ratio for effect in found} == {100 / 300}


def test_every_verdict_on_groups_and_unknown_classes_can_be_reached() -> None:
    def verdicts(worst: float, confidence: float) -> list[str]:
        numbers: Numbers = {
            ("test", "accuracy"): 0.9, ("test", "confidence_minus_accuracy"): 0.02,
            (named("strokes"), "worst_group_accuracy"): worst,
            (named("strokes"), "worst_group_expected"): 0.88,
            (named("unknown_classes"), "mean_confidence"): confidence,
            (named("unknown_classes"), "least_confidence"): 0.125,
        }  # fmt: skip
        rows = table({"single": numbers})
        still = rows.metric == "least_confidence"  # the same in every seed
        rows.loc[still, "value"] = 0.125
        found = u15_kinds_of_shift.effects(rows)
        chosen = (find(found, "subpopulation"), find(found, "open set"))
        return [judge_effect(interval_of(e), e.margin, e.floor) for e in chosen]

    assert verdicts(0.80, 0.8) == ["holds", "holds"]
    # The worst group above what chance makes of it; and no surer of unknown classes than must be.
    assert verdicts(0.89, 0.125) == ["contradicted", "contradicted"]


def test_validation_kinds_are_in_no_mean_over_kinds() -> None:
    """A kind that rises with severity, kept for validation, changes nothing."""
    numbers: Numbers = {("test", "accuracy"): 0.9}
    for kind in ("contrast", "mean"):
        numbers |= {(shifted(kind, 1), "accuracy"): 0.8, (shifted(kind, 5), "accuracy"): 0.5}
    for severity in (1, 5):
        numbers[shifted("spatter", severity), "accuracy"] = 0.95
    rows = table({"single": numbers})
    spatter = rows.split.str.startswith("test+spatter")
    mixed = find(u01_accuracy.effects(rows), "share of severity pairs")
    assert not constant(mixed, 0.5)
    rows = rows.copy()  # what was said of a table stands
    rows.loc[spatter, "protocol"] = f"top label; {HELD_OUT}; one network"
    steady = find(u01_accuracy.effects(rows), "share of severity pairs")
    assert constant(steady, 0.5)  # every pair of the one kind that is left falls


def test_what_was_not_made_has_no_effect() -> None:
    assert u15_kinds_of_shift.effects(table({"single": {("test", "accuracy"): 0.9}})) == []


def test_a_temperature_helps_where_it_was_fitted_and_not_for_long() -> None:
    def model(clean: float, worst: float) -> Numbers:
        numbers: Numbers = {}
        for metric in ("nll", "brier", "ece", "confidence_minus_accuracy"):
            numbers |= {("test", metric): clean, (shifted("mean", 5), metric): worst}
        floors: Numbers = {("test", "ece_floor"): 0.005, (shifted("mean", 5), "ece_floor"): 0.03}
        return numbers | floors

    found = u02_overconfidence.effects(
        table({"single": model(0.05, 0.2), "temperature": model(0.02, 0.15)})
    )
    assert len(found) == 6
    helped = find(found, "ece, clean: single − temperature")
    assert constant(helped, 0.03)
    assert helped.floor == pytest.approx(0.015)  # seeds wiggle by 0, .01, .02
    left = find(found, "ece: severity 5 − severity 0, mean over kinds, temperature")
    assert constant(left, 0.13) and left.floor == pytest.approx(0.04)
