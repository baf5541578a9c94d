"""The screening claim and the ratio of folds, read off tables written by hand."""

import pandas as pd
import pytest

from triptych.claims.graphs import n17_screening
from triptych.claims.graphs._splits import test_train_ratio as ratio
from triptych.records import COLUMNS, Record

SCAFFOLD = "split: scaffold split 50%/15%/35% (train/validation/test), drawn anew for each seed"
RANDOM = "split: repeated hold-out 50%/15%/35%, drawn anew for each seed"
FOLDS = "split: 10-fold cross-validation, stratified by class: seed s tests on fold s mod 10"


def rows(model: str, precision: dict[int, float], rule: str, active: float = 0.05) -> list[Record]:
    made = []
    for seed, value in precision.items():
        for split, metric, number, n in (
            ("train", "n_train", 500.0, 500),
            ("validation", "accuracy", 0.9, 150),
            ("test", "accuracy", 0.9, 350),
            ("test", "positives", active, 350),
            ("validation", "positives", 0.5, 150),
            ("test", "precision_at_100", value, 350),
        ):
            made.append(
                Record(
                    "graphs", "graph classification", "screen", model, seed, split, metric, number,
                    "fraction", "exact", n, rule,
                )
            )  # fmt: skip
    return made


def table(records: list[Record]) -> pd.DataFrame:
    return pd.DataFrame([vars(record) for record in records], columns=list(COLUMNS))


def test_actives_beyond_chance_by_hand() -> None:
    made = rows("dmpnn", {0: 0.12, 1: 0.05}, SCAFFOLD) + rows("fingerprint", {0: 0.02}, SCAFFOLD)
    made += rows("atoms_alone", {0: 0.08}, SCAFFOLD)
    chance, alone = n17_screening.effects(table(made))
    assert chance.comparison == "actives among the first 100 ranked: dmpnn − chance"
    assert chance.values == pytest.approx({0: 7.0, 1: 0.0})  # 12 and 5 of 100, where chance has 5
    assert alone.values == pytest.approx({0: 4.0})
    assert chance.unit == "actives" and chance.margin == 0
    # Seeds redraw parts that overlap: n_test / n_train.
    assert chance.test_train_ratio == pytest.approx(350 / 500)


def test_atoms_alone_are_the_control_of_the_network_they_are_made_of() -> None:
    """GINE without messages would be another network than the other one's first step."""
    made = rows("gine", {0: 0.12}, SCAFFOLD) + rows("atoms_alone", {0: 0.08}, SCAFFOLD)
    (chance,) = n17_screening.effects(table(made))
    assert chance.comparison.endswith("gine − chance")


def test_another_split_is_no_screen() -> None:
    assert n17_screening.effects(table(rows("dmpnn", {0: 0.12}, RANDOM))) == []
    kept = [r for r in rows("dmpnn", {0: 0.1}, SCAFFOLD) if r.metric != "precision_at_100"]
    assert n17_screening.effects(table(kept)) == []


def test_folds_share_their_training_graphs() -> None:
    made = [
        Record("graphs", "t", "mutag", "gin", seed, split, metric, value, "1", "exact", n, FOLDS)
        for seed in range(10)
        for split, metric, value, n in (
            ("train", "n_train", 150.0, 150),
            ("validation", "accuracy", 0.9, 19),
            ("test", "accuracy", 0.9, 19),
        )
    ]
    assert ratio(table(made), "mutag", "gin") == pytest.approx(19 / 150)
