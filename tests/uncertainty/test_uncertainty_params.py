"""Parameters of the panel are refused with a reason."""

import pytest
from pydantic import ValidationError

from triptych.uncertainty.params import CalibrationParams, ShiftParams

GOOD = {"kinds": ["contrast"], "severities": [1, 3, 5], "constants": "small"}


def test_good_values() -> None:
    assert ShiftParams(**GOOD).severities == [1, 3, 5]
    assert ShiftParams(kinds=["contrast"]).severities == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"severities": [3, 1]}, "ascending"),
        ({"severities": [1, 1]}, "each once"),
        ({"severities": [0]}, "greater than or equal to 1"),
        ({"severities": [6]}, "less than or equal to 5"),
        ({"severities": []}, "at least 1"),
        ({"kinds": ["contrast", "contrast"]}, "each entry once"),
        ({"constants": "mnist_c"}, "small"),
        ({"sets": ["strokes", "strokes"]}, "each entry once"),
        ({"sevrities": [1]}, "Extra inputs"),
    ],
)
def test_bad_values(change: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        ShiftParams(**(GOOD | change))


def test_bins_are_positive() -> None:
    with pytest.raises(ValidationError):
        CalibrationParams(bins=0)
