"""Claims that compare many methods (U10 to U13), read off tables whose effects are known."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from triptych.claims.base import Effect, Identity, Statistical
from triptych.claims.uncertainty import (
    u10_deep_ensembles,
    u11_modes,
    u12_aggregation,
    u13_frontier,
)
from triptych.claims.uncertainty._methods import comparable, kendall, networks, numbers
from triptych.records import COLUMNS, shifted

SEEDS, SEVERITIES = (0, 1, 2), (1, 5)
FAMILIES = {
    "single": "single network", "mc_dropout": "MC dropout", "deep_ensemble": "deep ensemble",
    "checkpoint_ensemble": "checkpoint ensemble", "bagging": "bagging", "boosting": "boosting",
    "random_forest": "random forest", "stacking": "stacking", "laplace": "Laplace",
}  # fmt: skip
NLL = {  # per unit of severity + 1
    "deep_ensemble": 0.1, "stacking": 0.12, "bagging": 0.15, "mc_dropout": 0.18, "laplace": 0.19,
    "checkpoint_ensemble": 0.2, "random_forest": 0.22, "single": 0.25, "boosting": 0.3,
}  # fmt: skip
COST = {"single": 1.0, "laplace": 1.1, "mc_dropout": 2.0, "checkpoint_ensemble": 5.0,
        "bagging": 5.0, "deep_ensemble": 10.0}  # fmt: skip
MEMBERS = ("mc_dropout", "deep_ensemble", "checkpoint_ensemble", "bagging", "laplace")


def table(models: tuple[str, ...] = tuple(FAMILIES)) -> pd.DataFrame:
    """Numbers of every method; the seed moves all of them alike."""
    rows: list[tuple[object, ...]] = []
    for model in models:
        for seed in SEEDS:
            rows += _facts(model, seed)
            for severity in (0, *SEVERITIES):
                split = shifted("mean", severity)
                for metric, value in _scores(model, severity).items():
                    rows.append(_row(model, seed, split, metric, value + 0.001 * seed))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _row(model: str, seed: int, split: str, metric: str, value: float, text: str = "") -> tuple:  # type: ignore[type-arg]
    return (
        "uncertainty", "classification", "digits", model, seed, split, metric, value, "1", "exact",
        100, text,
    )  # fmt: skip


def _facts(model: str, seed: int) -> list[tuple]:  # type: ignore[type-arg]
    rows = [
        _row(model, seed, "train", "n_train", 300, "drawn anew for each seed"),
        _row(model, seed, "train", "family", 1, FAMILIES[model]),
    ]
    if model in COST:
        rows.append(_row(model, seed, "test", "prediction_multiply_adds", COST[model]))
        rows.append(_row(model, seed, "train", "training_multiply_adds", 7 * COST[model]))
    return rows


def _scores(model: str, severity: int) -> dict[str, float]:
    nll = NLL[model] * (1 + severity)
    found = {
        "accuracy": 0.9 - 0.1 * severity, "nll": nll, "brier": nll / 2, "nll_calibrated": 0.9 * nll,
        "ece": 0.01 * (1 + severity) + nll / 100, "ece_floor": 0.02,
    }  # fmt: skip
    if model in MEMBERS:
        far = model in ("deep_ensemble", "bagging")
        found["normalised_disagreement"] = 0.6 if far else 0.2
        found["members_distance"] = (0.1 if far else 0.03) * (1 + severity)
        found["nll_aggregated/arithmetic"] = nll
        found["nll_aggregated/geometric"] = nll + 0.02 * severity
        for size in range(1, 11):
            found[f"nll_of_size/k={size}"] = nll * (0.5 + 0.5 / size)
    return found


def effects(module, rows: pd.DataFrame) -> dict[str, Effect]:  # type: ignore[no-untyped-def]
    claim = next(c for c in module.CLAIMS if isinstance(c, Statistical))
    return {effect.comparison: effect for effect in claim.effects(rows)}


def find(found: dict[str, Effect], *parts: str) -> Effect:
    matches = [e for name, e in found.items() if all(part in name for part in parts)]
    assert len(matches) == 1, (parts, list(found))
    return matches[0]


def same(value: float) -> object:
    return pytest.approx(dict.fromkeys(SEEDS, value))


# ------------------------------------------------------------------ reading


def test_studies_with_less_data_and_other_tasks_are_not_compared() -> None:
    rows = table(("single", "deep_ensemble", "bagging"))
    fewer = rows[rows.model == "bagging"].assign(model="small")
    fewer.loc[fewer.metric == "n_train", "value"] = 50
    other = rows[rows.model == "bagging"].assign(model="people", task="human labels")
    rows = pd.concat([rows, fewer, other])
    assert comparable(rows, "deep_ensemble") == ["bagging", "deep_ensemble", "single"]
    assert comparable(rows, "absent") == []


def test_trees_have_no_cost_in_multiply_adds() -> None:
    found = networks(table(), sorted(FAMILIES))
    assert set(FAMILIES) - set(found) == {"boosting", "random_forest", "stacking"}


def test_numbers_leave_out_seeds_that_lack_one() -> None:
    rows = table(("single", "bagging"))
    gone = (rows.model == "bagging") & (rows.seed == 1) & (rows.metric == "nll")
    found = numbers(rows[~gone], ["single", "bagging"], ["nll"], [0, 5])
    assert list(found.index) == [0, 2]
    assert found["nll"][5]["single"][2] == pytest.approx(0.25 * 6 + 0.002)
    assert numbers(rows[:0], ["single"], ["nll"], [0]).empty


def test_kendall_is_scipys() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        x, y = rng.integers(0, 5, 9).astype(float), rng.integers(0, 5, 9).astype(float)
        assert kendall(x, y) == pytest.approx(stats.kendalltau(x, y).statistic, abs=1e-12)
    assert np.isnan(kendall(np.ones(4), np.arange(4.0)))


# ------------------------------------------------------------------ U10


def test_the_ensemble_leads_by_four_ranks_of_nine() -> None:
    found = effects(u10_deep_ensembles, table())
    lead = find(found, "shifted", "by NLL alone")
    assert lead.values == same((9 + 1) / 2 - 1) and lead.unit == "ranks"
    assert find(found, "shifted", "own temperature").values == same(4.0)
    # Of K methods floor(K/3)/K are in a "best third" by chance: no share of such places is judged.
    assert {effect.unit for effect in found.values()} == {"ranks"}
    assert len(found) == 2 * (1 + 3 + 1)  # clean and shifted: together, one by one, tempered


def test_calibration_errors_within_the_noise_floor_tie() -> None:
    """Clean ECEs are .011 to .013, all below the floor .02; at severity 5 all are above."""
    found = effects(u10_deep_ensembles, table())
    assert find(found, "clean", "ECE alone").values == same(0.0)
    ranks = u10_deep_ensembles.all_ranks(table(), sorted(FAMILIES), ("ece",), [0, 5])
    assert (ranks["ece"][0] == 5).all() and (ranks["ece"][5] == 1).all()


# ------------------------------------------------------------------ U11


def test_members_of_other_modes_disagree_more_for_the_same_error() -> None:
    found = effects(u11_modes, table())
    assert len(found) == 3 * 2 * 2  # three kinds of neighbours, clean and shifted, two measures
    ratio = find(found, "over their error, shifted", "mc_dropout")
    assert ratio.values == same(0.4)
    distance = find(found, "total variation", "shifted", "laplace")
    assert distance.values == same(0.07 * (2 + 6) / 2)  # mean over severities 1 and 5


# ------------------------------------------------------------------ U12


def test_combinations_against_the_single_network() -> None:
    found = effects(u12_aggregation, table())
    assert find(found, "NLL, clean: single − bagging").values == same(0.1)
    worse = find(found, "NLL, shifted: single − boosting").values
    assert worse == same(-0.05 * 4)
    assert find(found, "NLL, clean: random_forest − stacking").values == same(0.1)
    pools = find(found, "shifted, deep_ensemble", "logits averaged")
    assert pools.values == same(0.02 * 3)


def test_averages_are_decomposed_exactly() -> None:
    claim = next(c for c in u12_aggregation.CLAIMS if isinstance(c, Identity))
    checks = claim.check()
    assert len(checks) == 3
    assert all(check.discrepancy <= check.tolerance for check in checks)


# ------------------------------------------------------------------ U13


def test_price_and_score_go_together() -> None:
    found = effects(u13_frontier, table())
    expected = stats.kendalltau(
        [COST[m] for m in sorted(COST)], [-NLL[m] for m in sorted(COST)]
    ).statistic
    for label in ("per prediction", "per training"):
        assert find(found, label, "6 methods").values == same(expected)


def test_members_gain_and_later_ones_gain_less() -> None:
    found = effects(u13_frontier, table())
    nll = 0.1 * (2 + 6) / 2
    sizes = {k: nll * (0.5 + 0.5 / k) for k in (1, 5, 10)}
    assert find(found, "1 member − 10").values == same(sizes[1] - sizes[10])
    assert find(found, "5 members − 10").values == same(sizes[5] - sizes[10])
    falling = (sizes[1] - sizes[5]) - (sizes[5] - sizes[10])
    assert find(found, "gain of the first 5").values == same(falling)
    # All members cannot lose to fewer (Jensen): the two effects that hold in any case say so.
    sure = [name for name in found if name.endswith("(never negative: read its size)")]
    assert len(sure) == 2 and not any("gain" in name for name in sure)


@pytest.mark.parametrize(
    "module", [u10_deep_ensembles, u11_modes, u12_aggregation, u13_frontier],
    ids=lambda m: m.__name__.rsplit(".", 1)[1],
)  # fmt: skip
def test_what_is_missing_is_left_out(module) -> None:  # type: ignore[no-untyped-def]
    claim = next(c for c in module.CLAIMS if isinstance(c, Statistical))
    assert claim.effects(table()[:0]) == []
    assert module.__name__.rsplit(".", 1)[1].startswith(claim.id.lower() + "_")
    for model in FAMILIES:
        claim.effects(table((model,)))
    bare = table()
    claim.effects(bare[~bare.split.str.contains("@")])  # no corruption
