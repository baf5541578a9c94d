"""Rows of claims that jobs are missing from, on a table of three entries on two data sets."""

import csv
from pathlib import Path

import pandas as pd

from triptych.claims import evaluate
from triptych.claims.base import Effect, Identity, Statistical
from triptych.claims.tables import by_seed, datasets, models, paired
from triptych.records import COLUMNS
from triptych.thinned import COLUMN, Absent, mark

VALUES = {"plain": 0.5, "better": 0.7, "best": 0.9}


def records(*entries: tuple[str, str], seeds: tuple[int, ...] = (0, 1)) -> pd.DataFrame:
    rows = [
        {
            "panel": "graphs", "task": "t", "dataset": dataset, "model": model, "seed": seed,
            "split": "test", "metric": "accuracy", "value": VALUES[model] + seed / 100,
            "unit": "fraction", "kind": "exact", "n": 10, "protocol": f"split of {dataset}",
        }
        for model, dataset in entries
        for seed in seeds
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=list(COLUMNS))


def pairwise(table: pd.DataFrame) -> list[Effect]:
    """A comparison of two entries on each data set, where both are."""
    found = []
    for dataset in datasets(table, "graphs"):
        plain, better = (by_seed(table, dataset=dataset, model=m) for m in ("plain", "better"))
        if len(values := paired(better, plain)):
            found.append(Effect(dataset, values, "fraction", "better − plain"))
    return found


def top(table: pd.DataFrame) -> list[Effect]:
    """One number of all entries together: it moves only with a new best."""
    return [
        Effect(dataset, {0: max(by_seed(table, dataset=dataset, model=m).max() for m in names)},
               "fraction", "the best")
        for dataset in datasets(table, "graphs") if (names := models(table, "graphs", dataset))
    ]  # fmt: skip


def listed(table: pd.DataFrame) -> list[Effect]:
    """An effect that is named after all that it compares."""
    return [
        Effect(d, {0: 1.0}, "1", f"of {', '.join(models(table, 'graphs', d))}")
        for d in datasets(table, "graphs")
    ]


def claim(name: str, effects: object) -> Statistical:
    return Statistical(name, "graphs", "A", "It is so.", "Measured.", effects)  # type: ignore[arg-type]


PAIRWISE, TOP, LISTED = claim("N01", pairwise), claim("N02", top), claim("N03", listed)
EVERYTHING = [(model, dataset) for model in VALUES for dataset in ("cora", "karate")]


def said(
    tmp_path: Path,
    own: Statistical | Identity,
    table: pd.DataFrame,
    *absent: Absent,
    unchecked: tuple[str, ...] = (),
) -> dict[tuple[str, str], str]:
    """(data set, comparison) -> what its row says."""
    path = tmp_path / "claims.csv"
    effects = [(own, e) for e in own.effects(table)] if isinstance(own, Statistical) else []
    evaluate.write_rows(path, evaluate.judge([own], effects, []))
    mark(path, [own], table, absent, unchecked)
    with path.open(newline="") as stream:
        return {(row["dataset"], row["comparison"]): row[COLUMN] for row in csv.DictReader(stream)}


def lacking(model: str, dataset: str, seeds: tuple[int, ...] = (0, 1)) -> Absent:
    return Absent("graphs", model, model, dataset, seeds)


def without(model: str, dataset: str) -> pd.DataFrame:
    return records(*[pair for pair in EVERYTHING if pair != (model, dataset)])


def test_rows_that_remain_say_which_do_not(tmp_path: Path) -> None:
    rows = said(tmp_path, PAIRWISE, without("better", "cora"), lacking("better", "cora"))
    text = "1 of 2 comparisons, without those of better on cora"
    assert rows == {("karate", "better − plain"): text}


def test_an_entry_that_a_claim_does_not_read_is_not_named(tmp_path: Path) -> None:
    rows = said(tmp_path, PAIRWISE, without("best", "cora"), lacking("best", "cora"))
    assert rows == {("cora", "better − plain"): "", ("karate", "better − plain"): ""}


def test_both_sides_of_a_comparison_are_named(tmp_path: Path) -> None:
    table = records(("plain", "karate"), ("better", "karate"), ("best", "cora"))
    absent = [lacking("plain", "cora"), lacking("better", "cora")]
    rows = said(tmp_path, PAIRWISE, table, *absent)
    text = "1 of 2 comparisons, without those of plain on cora, better on cora"
    assert rows == {("karate", "better − plain"): text}


def test_missing_seeds_are_said_on_the_row_that_has_fewer(tmp_path: Path) -> None:
    half = records(*[pair for pair in EVERYTHING if pair != ("better", "cora")])
    table = pd.concat([half, records(("better", "cora"), seeds=(0,))], ignore_index=True)
    rows = said(tmp_path, PAIRWISE, table, lacking("better", "cora", (1,)))
    thin = "partly measured: without better on cora"
    assert rows == {("cora", "better − plain"): thin, ("karate", "better − plain"): ""}


def test_a_number_of_all_entries_says_which_it_lacks_whether_or_not_it_would_win(
    tmp_path: Path,
) -> None:
    for model in VALUES:
        rows = said(tmp_path, TOP, without(model, "cora"), lacking(model, "cora"))
        thin = f"partly measured: without {model} on cora"
        assert rows == {("cora", "the best"): thin, ("karate", "the best"): ""}


def test_an_effect_that_would_have_another_name_is_one_effect(tmp_path: Path) -> None:
    rows = said(tmp_path, LISTED, without("best", "cora"), lacking("best", "cora"))
    assert rows == {
        ("cora", "of better, plain"): "partly measured: without best on cora",
        ("karate", "of best, better, plain"): "",
    }


def test_a_claim_that_is_not_measured_says_without_what(tmp_path: Path) -> None:
    table = records(("plain", "cora"), ("best", "cora"))
    rows = said(tmp_path, PAIRWISE, table, lacking("better", "cora"))
    assert rows == {("", ""): "not measured without better on cora"}


def test_what_an_earlier_run_left_tells_which_numbers_a_job_makes(tmp_path: Path) -> None:
    old = tmp_path / "records.csv"
    records(("better", "cora")).assign(metric="mse").to_csv(old, index=False)
    table = without("better", "cora")
    absent = Absent("graphs", "better", "better", "cora", (0, 1), (old,))
    by_error = claim("N04", lambda t: top(t[t["metric"] == "mse"]))
    assert said(tmp_path, by_error, table, absent) == {
        ("", ""): "not measured without better on cora"
    }
    assert said(tmp_path, by_error, table, lacking("better", "cora")) == {("", ""): ""}


def test_identities_that_were_not_checked_are_said(tmp_path: Path) -> None:
    exact = Identity("N05", "graphs", "A", "It is so.", "Computed twice.", lambda: [])
    rows = said(tmp_path, exact, records(*EVERYTHING), unchecked=("graphs",))
    assert rows == {("", ""): "its identities are not checked"}


def test_a_claim_that_stand_ins_confuse_says_that_something_is_missing(tmp_path: Path) -> None:
    def fragile(table: pd.DataFrame) -> list[Effect]:
        if table["value"].max() > 1:
            raise ValueError("no accuracy")
        return top(table)

    rows = said(tmp_path, claim("N06", fragile), without("best", "cora"), lacking("best", "cora"))
    assert all("without best on cora" in text for text in rows.values()) and len(rows) == 2


def test_nothing_is_said_where_nothing_is_missing(tmp_path: Path) -> None:
    assert set(said(tmp_path, PAIRWISE, records(*EVERYTHING)).values()) == {""}
