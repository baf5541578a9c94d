import csv
import math
from pathlib import Path

import pandas as pd
import pytest

from triptych import records
from triptych.claims import evaluate, identities, ledger
from triptych.claims.base import Check, Effect, Identity, Statistical
from triptych.claims.ledger import Unmeasured
from triptych.errors import UserError
from triptych.records import Record


def record(model: str, seed: int, value: float, metric: str = "accuracy") -> Record:
    return Record(
        "graphs", "node classification", "karate", model, seed, "test", metric, value, "fraction",
        "exact", 30, "random split",
    )  # fmt: skip


def gain(table: pd.DataFrame) -> list[Effect]:
    wide = table.pivot(index="seed", columns="model", values="value")
    values = {int(seed): float(value) for seed, value in (wide["gcn"] - wide["mlp"]).items()}
    return [Effect("karate", values, "fraction", "accuracy: gcn − mlp", 0.05)]


STATISTICAL = Statistical("N02", "graphs", "A", "Neighbours inform.", "Accuracy.", gain)
IDENTITY = Identity("N01", "graphs", "A", "Two forms agree.", "Both.", lambda: [CHECK, WORSE])
LATER = Unmeasured("N03", "graphs", "A", "Simple is enough.", "Later.", "statistical")
CHECK = Check("karate", 1e-8, 1e-6, "1", "node-wise against matrix", 34)
WORSE = Check("digits", 1e-3, 1e-6, "1", "node-wise against matrix", 1797)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    claims = sorted([STATISTICAL, IDENTITY, LATER], key=lambda c: c.id)
    monkeypatch.setattr(ledger, "every_claim", lambda: claims)
    rows = [record(m, s, v + 0.01 * s) for m, v in (("mlp", 0.5), ("gcn", 0.75)) for s in range(3)]
    records.write(tmp_path / "records.csv", rows)
    records.write(tmp_path / "timings.csv", [])
    identities.write_checks(tmp_path / "checks.csv", [("N01", CHECK), ("N01", WORSE)])
    return tmp_path


def run(folder: Path) -> list[dict[str, str]]:
    out = folder / "claims.csv"
    evaluate.run(folder / "records.csv", folder / "timings.csv", [folder / "checks.csv"], out)
    with out.open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_columns_of_the_contract(folder: Path) -> None:
    assert list(run(folder)[0]) == [
        "id", "panel", "dataset", "kind", "statement", "effect", "low", "high", "margin", "unit",
        "n_seeds", "verdict", "evidence", "comparison",
    ]  # fmt: skip


def test_verdicts(folder: Path) -> None:
    rows = {(r["id"], r["dataset"]): r for r in run(folder)}
    assert {key: row["verdict"] for key, row in rows.items()} == {
        ("N01", "karate"): "holds",
        ("N01", "digits"): "contradicted",
        ("N02", "karate"): "holds",
        ("N03", ""): "not measured",
    }
    effect = rows["N02", "karate"]
    assert effect["kind"] == "statistical"
    assert float(effect["effect"]) == pytest.approx(0.25, abs=1e-12)
    assert (effect["margin"], effect["unit"], effect["n_seeds"]) == ("0.05", "fraction", "3")
    assert effect["evidence"] == "graphs.html#n02"
    check = rows["N01", "digits"]
    assert (check["kind"], check["effect"], check["margin"]) == ("identity", "0.001", "1e-06")
    assert (check["low"], check["high"]) == ("", "")
    assert (rows["N03", ""]["effect"], rows["N03", ""]["n_seeds"]) == ("", "0")


def test_same_numbers_give_the_same_bytes(folder: Path) -> None:
    run(folder)
    first = (folder / "claims.csv").read_bytes(), (folder / "effects.csv").read_bytes()
    lines = (folder / "records.csv").read_text().splitlines()
    (folder / "records.csv").write_text("\n".join([lines[0], *reversed(lines[1:])]) + "\n")
    run(folder)
    assert ((folder / "claims.csv").read_bytes(), (folder / "effects.csv").read_bytes()) == first


def test_effects_of_every_seed_are_kept(folder: Path) -> None:
    run(folder)
    table = pd.read_csv(folder / "effects.csv")
    assert list(table["seed"]) == [0, 1, 2]
    assert list(table["margin"]) == [0.05] * 3
    assert table["value"].to_numpy() == pytest.approx(0.25, abs=1e-12)


def test_diverged_seed_is_left_out_and_counted_out() -> None:
    effect = Effect("karate", {0: 1.0, 1: math.nan, 2: 1.1}, "1", "a − b")
    (row,) = evaluate.judge([STATISTICAL], [(STATISTICAL, effect)], [])
    assert row.n_seeds == 2


def test_claim_without_effects_is_not_measured() -> None:
    (row,) = evaluate.judge([STATISTICAL], [], [])
    assert (row.verdict, row.kind, row.dataset) == ("not measured", "statistical", "")


def test_two_identities_of_one_id_show_each_check_once() -> None:
    other = Identity("N01", "graphs", "A", "Another wording.", "Both.", lambda: [])
    rows = evaluate.judge([IDENTITY, other], [], [("N01", CHECK), ("N01", WORSE)])
    assert [row.dataset for row in rows] == ["digits", "karate"]


def test_one_seed_decides_nothing() -> None:
    effect = Effect("karate", {0: 1.0}, "1", "a − b")
    (row,) = evaluate.judge([STATISTICAL], [(STATISTICAL, effect)], [])
    assert (row.low, row.high, row.verdict) == (-math.inf, math.inf, "undecided")


def test_missing_checks_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"checks\.csv: expected the outcome of identities"):
        identities.read_checks(tmp_path / "checks.csv")


def test_checks_survive_the_file(tmp_path: Path) -> None:
    odd = Check("x", math.nan, 0.1 + 0.2, "nats", 'a, "b"', 3)
    identities.write_checks(tmp_path / "c.csv", [("N01", WORSE), ("N01", CHECK), ("G01", odd)])
    back = identities.read_checks(tmp_path / "c.csv")
    assert [name for name, _ in back] == ["G01", "N01", "N01"]
    assert back[1:] == [("N01", WORSE), ("N01", CHECK)]
    assert back[0][1].tolerance == odd.tolerance
    assert math.isnan(back[0][1].discrepancy)
