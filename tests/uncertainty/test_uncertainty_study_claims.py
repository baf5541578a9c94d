"""The claims on data, annotators, coverage and decisions, read off tables with known effects."""

from collections.abc import Callable

import pandas as pd
import pytest

from triptych.claims.base import Effect
from triptych.claims.uncertainty import (
    u04_model_uncertainty,
    u05_data_uncertainty,
    u06_human_labels,
    u08_coverage,
    u14_abstention,
)
from triptych.claims.verdict import interval_of, judge_effect
from triptych.records import COLUMNS, named

SEEDS = (0, 1, 2)
RULE = "repeated hold-out, drawn anew for each seed"


def table(
    numbers: dict[tuple[str, str, str], Callable[[int], float]],
    dataset: str,
    size: str = "accuracy",
) -> pd.DataFrame:
    """Rows of (model, metric, split) -> value of a seed, with the sizes that intervals need."""
    rows = []
    models = dict.fromkeys(model for model, _, _ in numbers)
    head = ("uncertainty", "task", dataset)
    for seed in SEEDS:
        for model in models:
            rows.append((*head, model, seed, "train", "n_train", 300.0, "1", "exact", 300, RULE))
            rows.append((*head, model, seed, "test", size, 0.9, "1", "exact", 100, ""))
        for (model, metric, split), value in numbers.items():
            rows.append((*head, model, seed, split, metric, value(seed), "1", "exact", 100, ""))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def one(effects: list[Effect], *words: str) -> Effect:
    found = [e for e in effects if all(word in e.comparison for word in words)]
    assert len(found) == 1, [e.comparison for e in effects]
    return found[0]


# ------------------------------------------------------------------ U04, U05


def study() -> pd.DataFrame:
    """Mutual information 1/n, expected entropy that stays; 20 % label noise of entropy 0.9."""
    numbers: dict[tuple[str, str, str], Callable[[int], float]] = {}

    def put(metric: str, condition: str, n: int, value: float) -> None:
        name = f"data_size_{metric}/{condition},n={n}"
        numbers["study", name, "test"] = lambda seed, v=value: v * (1 + 0.01 * seed)

    for n in (10, 100, 1000):
        for condition, level in (("linear", 0.5), ("network", 0.1), ("label_noise", 0.95)):
            put("mutual_information", condition, n, 10 / n)
            put("disagreement", condition, n, 3 / n)
            put("expected_entropy", condition, n, level)
        put("disagreement", "across", n, 0.2 + 1 / n)
        put("noise_entropy", "label_noise", n, 0.9)
        put("expected_entropy", "views_1", n, 0.7)
        put("expected_entropy", "views_16", n, 0.3)
    return table(numbers, "digits")


def test_model_uncertainty_is_what_the_largest_set_takes_away() -> None:
    effects = u04_model_uncertainty.effects(study())
    assert len(effects) == 2 * 3 + 1
    fall = one(effects, "mutual information, within class network")
    assert fall.values[0] == pytest.approx(1 - 0.01) and fall.unit == "nats"
    assert fall.values[2] == pytest.approx(0.99 * 1.02)
    assert one(effects, "disagreement, a linear model and a network").values[0] == pytest.approx(
        0.1 - 0.001
    )
    slope = one(effects, "exponent", "class linear")
    assert slope.values == pytest.approx(dict.fromkeys(SEEDS, 1.0), abs=1e-12)  # ∝ 1/n
    assert all(e.test_train_ratio == pytest.approx(100 / 300) for e in effects)


def test_data_uncertainty_stays_but_for_more_looks() -> None:
    effects = u05_data_uncertainty.effects(study())
    assert len(effects) == 3
    stays = one(effects, "with label noise − without")
    assert stays.values[0] == pytest.approx(0.85)
    assert stays.margin == pytest.approx(0.45 * 1.01)  # half the entropy, mean over the seeds
    slower = one(effects, "log of the fall")
    assert slower.values[1] == pytest.approx(4.60517, abs=1e-5)  # ln 100 − ln 1
    looks = one(effects, "1 noisy look − 16 averaged")
    assert looks.values[0] == pytest.approx(0.4)


def test_without_a_study_nothing_is_measured() -> None:
    plain = table({("single", "nll", "test"): lambda seed: 0.1}, "digits")
    for claim in (
        u04_model_uncertainty, u05_data_uncertainty, u06_human_labels, u08_coverage, u14_abstention,
    ):  # fmt: skip
        assert claim.effects(plain) == []


# ------------------------------------------------------------------ U06


def test_soft_labels_are_compared_with_their_twin() -> None:
    split = named("annotators")
    rows = table(
        {
            ("single", "human_nll", split): lambda seed: 2.0 + seed,
            ("temperature", "human_nll", split): lambda seed: 1.0 + seed,
            ("soft_labels", "human_nll", split): lambda seed: 0.5 + seed,
            ("soft_labels", "human_entropy", split): lambda seed: 0.3,
        },
        "digits",
    )
    effects = u06_human_labels.effects(rows)
    assert one(effects, "single − soft_labels").values == dict.fromkeys(SEEDS, 1.5)
    assert one(effects, "temperature − soft_labels").values == dict.fromkeys(SEEDS, 0.5)
    assert one(effects, "entropy of the annotators").values == dict.fromkeys(SEEDS, 0.3)


# ------------------------------------------------------------------ U08


FLOORS = {"50": 0.04, "80": 0.03, "90": 0.02, "95": 0.01}


def covered(gaps: dict[str, tuple[float, ...]]) -> dict[tuple[str, str, str], Callable[..., float]]:
    """Coverage of models that are off by so much at 50, 80, 90 and 95 %, with the noise floors."""
    numbers: dict[tuple[str, str, str], Callable[..., float]] = {}
    for model, off in gaps.items():
        for (name, floor), gap in zip(FLOORS.items(), off, strict=True):
            numbers[model, f"coverage/{name}", "test"] = lambda _, v=int(name) / 100 + gap: v
            numbers[model, f"coverage_floor/{name}", "test"] = lambda _, v=floor: v
    return numbers


def test_coverage_is_judged_on_both_sides() -> None:
    numbers = covered({"narrow": (-0.1,) * 4, "right": (0.01,) * 4})
    for name in u08_coverage.NOMINAL:
        value = int(name) / 100 - 0.2
        numbers["right", f"coverage_members/{name}", "test"] = lambda seed, v=value: v
    effects = u08_coverage.effects(table(numbers, "diabetes", "rmse"))
    assert len(effects) == 6
    alone = one(effects, "not too little", "single members of right")
    assert alone.values[0] == pytest.approx(-0.15)
    assert one(effects, "not too little", "narrow").values[0] == pytest.approx(-0.05)
    assert one(effects, "not too much", "narrow").values[0] == pytest.approx(0.15)
    for side in ("not too little", "not too much"):
        assert one(effects, side, "%, right").values[1] > 0
    assert all(e.test_train_ratio == pytest.approx(100 / 300) for e in effects)


def test_levels_that_are_off_in_opposite_directions_do_not_cancel() -> None:
    """Too wide at 50 %, too narrow at 95 %: off by nothing on average, and wrong on both sides."""
    rows = table(covered({"crossed": (0.1, 0.03, -0.03, -0.1)}), "diabetes", "rmse")
    effects = u08_coverage.effects(rows)
    assert len(effects) == 2
    little, much = (one(effects, f"not too {side}") for side in ("little", "much"))
    assert little.values == pytest.approx(dict.fromkeys(SEEDS, -0.05))
    assert much.values == pytest.approx(dict.fromkeys(SEEDS, -0.05))
    # The noise of the level that is judged: 95 % below, 50 % above.
    assert (little.floor, much.floor) == pytest.approx((0.01, 0.04))
    verdicts = [judge_effect(interval_of(e), e.margin, e.floor) for e in (little, much)]
    assert verdicts == ["contradicted", "contradicted"]


def test_every_verdict_on_coverage_can_be_reached() -> None:
    def verdict(gap: float) -> str:
        rows = table(covered({"m": (gap, 0.0, 0.0, 0.0)}), "diabetes", "rmse")
        effect = one(u08_coverage.effects(rows), "not too little")
        assert effect.floor == pytest.approx(0.04)  # that of 50 %
        return judge_effect(interval_of(effect), effect.margin, effect.floor)

    assert [verdict(gap) for gap in (0.0, -0.05, -0.1)] == ["holds", "undecided", "contradicted"]


def test_each_seed_has_its_own_worst_level() -> None:
    numbers = covered({"m": (0.0,) * 4})
    numbers["m", "coverage/50", "test"] = lambda seed: 0.5 - (0.1 if seed == 0 else 0.0)
    numbers["m", "coverage/95", "test"] = lambda seed: 0.95 - (0.0 if seed == 0 else 0.2)
    little = one(u08_coverage.effects(table(numbers, "diabetes", "rmse")), "not too little")
    assert little.values == pytest.approx({0: -0.05, 1: -0.15, 2: -0.15})
    assert little.floor == pytest.approx((0.04 + 0.01 + 0.01) / 3)


# ------------------------------------------------------------------ U14


def test_abstaining_is_paired_with_deciding_clean_and_shifted() -> None:
    numbers: dict[tuple[str, str, str], Callable[[int], float]] = {}
    for rule, cost in (("decide", 0.5), ("abstain", 0.3)):
        numbers["single", f"decision_cost/{rule}", "test"] = lambda seed, v=cost: v
        for variant in "12":
            split = named("feature_noise", variant)
            more = int(variant) * (1 if rule == "decide" else 2)
            numbers["single", f"decision_cost/{rule}", split] = lambda seed, v=cost + more: v
    effects = u14_abstention.effects(table(numbers, "breast_cancer"))
    assert len(effects) == 2  # nothing was measured at a temperature
    assert one(effects, "clean").values[0] == pytest.approx(0.2)
    # decide: mean of 1.5 and 2.5; abstain: mean of 2.3 and 4.3. A claim can fail.
    assert one(effects, "noisy measurements").values[0] == pytest.approx(-1.3)


@pytest.mark.parametrize("claim", [u08_coverage, u14_abstention], ids=["U08", "U14"])
def test_identities_hold(claim) -> None:  # type: ignore[no-untyped-def]
    checks = claim.check()
    assert checks and all(check.discrepancy <= check.tolerance for check in checks)
