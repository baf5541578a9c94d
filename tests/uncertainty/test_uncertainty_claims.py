"""The claims of the panel, read off tables whose effects are known."""

import pandas as pd
import pytest

from triptych.claims.base import Effect, Statistical
from triptych.claims.uncertainty import (
    u01_accuracy,
    u02_overconfidence,
    u07_calibration_error,
    u09_mc_dropout,
    u10_deep_ensembles,
    u16_one_prediction,
)
from triptych.records import COLUMNS, shifted

SEVERITIES = (1, 3, 5)
SEEDS = (0, 1, 2)
KINDS = ("contrast", "rotate")
FILES = [
    u01_accuracy, u02_overconfidence, u07_calibration_error, u09_mc_dropout, u10_deep_ensembles,
    u16_one_prediction,
]  # fmt: skip


def value(model: str, metric: str, severity: int, seed: int) -> float:
    """Worse with severity; the ensemble best, the single network worst; seeds differ a little."""
    rank = {"deep_ensemble": 0, "mc_dropout": 1, "single": 2}[model]
    wiggle = 0.001 * seed
    return {
        "accuracy": 0.95 - 0.1 * severity - 0.01 * rank + wiggle,
        "nll": 0.1 + 0.2 * severity * (1 + 0.1 * rank) + wiggle,
        "brier": 0.05 + 0.1 * severity * (1 + 0.1 * rank) + wiggle,
        "ece": 0.02 + 0.05 * severity * (1 + 0.1 * rank) + wiggle,
        "ece_floor": 0.01 + 0.005 * severity,
        "confidence_minus_accuracy": 0.05 * severity + wiggle,
        "mutual_information": 0.01 + 0.02 * severity + wiggle,
    }[metric]


def table(
    models: tuple[str, ...] = ("single", "mc_dropout", "deep_ensemble"),
    rule: str = "drawn anew for each seed",
) -> pd.DataFrame:
    rows = []

    def add(
        model: str, seed: int, split: str, metric: str, number: float, n: int, text: str
    ) -> None:
        rows.append(
            ("uncertainty", "classification", "digits", model, seed, split, metric, number, "1",
             "exact", n, text)
        )  # fmt: skip

    metrics = ["accuracy", "nll", "brier", "ece", "ece_floor", "confidence_minus_accuracy"]
    for model in models:
        for seed in SEEDS:
            add(model, seed, "train", "n_train", 300, 300, rule)
            for metric in [*metrics, *(["mutual_information"] if model != "single" else [])]:
                for severity in (0, *SEVERITIES):
                    number = value(model, metric, severity, seed)
                    for kind in ("mean", *KINDS) if severity else ("mean",):
                        add(model, seed, shifted(kind, severity), metric, number, 100, "")
    return pd.DataFrame(rows, columns=list(COLUMNS))


def effects(module, rows: pd.DataFrame) -> dict[str, Effect]:  # type: ignore[no-untyped-def]
    claim = next(c for c in module.CLAIMS if isinstance(c, Statistical))
    return {effect.comparison: effect for effect in claim.effects(rows)}


def find(found: dict[str, Effect], start: str) -> Effect:
    matches = [effect for name, effect in found.items() if name.startswith(start)]
    assert len(matches) == 1, (start, list(found))
    return matches[0]


def test_files_are_named_after_their_claims() -> None:
    for module in FILES:
        for claim in module.CLAIMS:
            assert module.__name__.rsplit(".", 1)[1].startswith(claim.id.lower() + "_")
            assert (claim.panel, claim.deck) == ("uncertainty", "B")


def test_accuracy_lost() -> None:
    found = effects(u01_accuracy, table())
    drop = find(found, "accuracy: severity 0 − severity 5, mean over kinds, single")
    assert drop.values == pytest.approx(dict.fromkeys(SEEDS, 0.5))
    assert drop.test_train_ratio == pytest.approx(100 / 300)
    steady = find(found, "share of severity pairs")
    assert steady.values == pytest.approx(dict.fromkeys(SEEDS, 0.5))  # every pair falls
    assert len(found) == 4


def test_accuracy_that_rises_counts_against_and_ties_count_half() -> None:
    rows = table(("single",))
    here = (rows.metric == "accuracy") & rows.split.str.contains("@")
    rows.loc[here & rows.split.str.contains("rotate"), "value"] = 0.99  # a tie among shifted ones
    steady = find(effects(u01_accuracy, rows), "share of severity pairs")
    # contrast: 6 of 6; rotate: three pairs with 0 rise, three tie: 1.5 of 6.
    assert steady.values == pytest.approx(dict.fromkeys(SEEDS, (1 + 0.25) / 2 - 0.5))


def test_uncertainty_degrades_beyond_the_noise_floor() -> None:
    found = effects(u02_overconfidence, table())
    assert len(found) == 4
    ece = find(found, "ece")
    assert ece.floor == pytest.approx(0.01 + 0.005 * 5)
    assert ece.values == pytest.approx(dict.fromkeys(SEEDS, 0.05 * 5 * 1.2))
    assert find(found, "nll").floor == find(found, "brier").floor == 0.0
    excess = find(found, "confidence − accuracy at severity 5")
    assert excess.values == pytest.approx({seed: 0.25 + 0.001 * seed for seed in SEEDS})


def test_mc_dropout_against_the_single_network() -> None:
    found = effects(u09_mc_dropout, table())
    assert len(found) == 4
    nll = find(found, "nll, shifted")
    assert nll.values == pytest.approx(dict.fromkeys(SEEDS, 0.2 * 3 * 0.1))  # mean severity 3
    assert find(found, "nll, clean").values == pytest.approx(dict.fromkeys(SEEDS, 0.0))
    assert find(found, "ece, clean").floor == pytest.approx(0.01)
    assert find(found, "ece, shifted").floor == pytest.approx(0.01 + 0.005 * 3)


def test_ranks_of_the_ensemble() -> None:
    found = effects(u10_deep_ensembles, table())
    head = "{}: middle rank of 3 methods − mean rank of deep_ensemble by nll, brier, ece"
    shifted_, clean = (find(found, head.format(name)) for name in ("shifted", "clean"))
    assert shifted_.values == pytest.approx(dict.fromkeys(SEEDS, 1.0))  # rank 1 of 3
    assert clean.values == pytest.approx(dict.fromkeys(SEEDS, 0.0))  # all tie


def test_mutual_information_of_methods_with_members() -> None:
    found = effects(u16_one_prediction, table())
    assert len(found) == 4
    rise = find(found, "mutual information: severity 5 − severity 0, mean over kinds, mc_dropout")
    assert rise.values == pytest.approx(dict.fromkeys(SEEDS, 0.1))


def test_a_fixed_split_is_not_widened() -> None:
    found = effects(
        u01_accuracy, table(rule="standard test part; validation drawn anew for each seed")
    )
    assert {effect.test_train_ratio for effect in found.values()} == {0.0}


@pytest.mark.parametrize("module", FILES, ids=lambda m: m.__name__.rsplit(".", 1)[1])
def test_what_is_missing_is_left_out(module) -> None:  # type: ignore[no-untyped-def]
    for claim in module.CLAIMS:
        if isinstance(claim, Statistical):
            assert claim.effects(table()[:0]) == []
            for model in ("single", "mc_dropout", "deep_ensemble"):
                claim.effects(table((model,)))  # no error without the others


def test_a_seed_that_one_method_lacks_is_left_out() -> None:
    rows = table()
    gone = (rows.model == "mc_dropout") & (rows.seed == 1) & (rows.split != "train")
    rows = rows[~gone]
    ranks = find(effects(u10_deep_ensembles, rows), "shifted: middle rank of 3 methods − mean rank "
                 "of deep_ensemble by nll,")  # fmt: skip
    assert set(ranks.values) == {0, 2}
    assert set(find(effects(u09_mc_dropout, rows), "nll, shifted").values) == {0, 2}
