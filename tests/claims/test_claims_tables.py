"""Numbers by seed, read off a table that is looked through once."""

import gc
import weakref

import pandas as pd
import pytest

from triptych.claims.tables import by_seed, remembered


def table(*rows: tuple[str, str, int, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["model", "metric", "seed", "value"])


def test_the_values_that_meet_all_conditions_in_the_order_of_their_seeds() -> None:
    records = table(("a", "x", 2, 0.2), ("a", "x", 0, 0.1), ("a", "y", 0, 5.0), ("b", "x", 0, 7.0))
    found = by_seed(records, metric="x", model="a")
    assert found.to_dict() == {0: 0.1, 2: 0.2} and list(found.index) == [0, 2]
    assert by_seed(records, model="b").to_dict() == {0: 7.0}
    assert by_seed(records[records["metric"] == "y"]).to_dict() == {0: 5.0}


def test_what_was_not_measured_is_empty_and_has_seeds_and_numbers() -> None:
    found = by_seed(table(("a", "x", 0, 1.0)), metric="z")
    assert found.empty and found.dtype == "float64" and found.index.dtype == "int64"
    assert by_seed(table(), metric="x").empty


def test_two_numbers_of_one_seed_are_refused() -> None:
    records = table(("a", "x", 0, 1.0), ("b", "x", 0, 2.0))
    with pytest.raises(ValueError, match="more than one record per seed"):
        by_seed(records, metric="x")


def test_every_table_is_asked_for_itself() -> None:
    for value in range(20):  # the memory of one table may become that of the next
        assert by_seed(table(("a", "x", 0, value)), metric="x").to_dict() == {0: value}


def test_what_is_said_of_a_table_goes_with_it() -> None:
    asked = []

    @remembered
    def values(table: pd.DataFrame, least: int) -> pd.Series:
        """From the least seed on."""
        asked.append(least)
        return table.loc[table["seed"] >= least, "value"].copy()

    records = table(("a", "x", 0, 0.5), ("a", "x", 3, 1.5))
    said = weakref.ref(values(records, 1))
    assert said() is values(records, 1) and values(records, 0).tolist() == [0.5, 1.5]
    assert asked == [1, 0] and values.__doc__ == "From the least seed on."
    del records
    gc.collect()
    assert said() is None
