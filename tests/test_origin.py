"""Does a run.json name the parameters, code and inputs that are here now?"""

from pathlib import Path

import pytest

from triptych import closure, origin
from triptych.files import read_json, sha256_file, write_json

CODE = closure.closure("triptych.origin")


@pytest.fixture
def made(tmp_path: Path) -> dict[str, Path]:
    conf, data, run = (tmp_path / name for name in ("conf.json", "data.json", "run.json"))
    write_json(conf, {"rule": "hold_out"})
    write_json(data, [1, 2])
    record = {
        "conf": {"values": {"rule": "hold_out"}},
        "code": {"sha256": closure.digest(CODE)},
        "inputs": {str(data): sha256_file(data), "another": "0"},
    }
    write_json(run, record)
    return {"conf": conf, "data": data, "run": run}


def unchanged(made: dict[str, Path], code: list[str] = CODE) -> bool:
    return origin.unchanged(made["run"], made["conf"], code, [made["data"]])


def test_as_made(made: dict[str, Path]) -> None:
    assert unchanged(made)


@pytest.mark.parametrize("name", ["conf", "data"])
def test_another_parameter_or_input(made: dict[str, Path], name: str) -> None:
    write_json(made[name], {"rule": "folds"})
    assert not unchanged(made)


def test_other_code(made: dict[str, Path]) -> None:
    assert not unchanged(made, CODE[1:])


@pytest.mark.parametrize("name", ["conf", "data", "run"])
def test_what_is_absent_names_nothing(made: dict[str, Path], name: str) -> None:
    made[name].unlink()
    assert not unchanged(made)


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"conf": 3}'])
def test_what_is_damaged_names_nothing(made: dict[str, Path], damage: str) -> None:
    made["run"].write_text(damage)
    assert not unchanged(made)


def test_an_input_that_was_not_read_is_another_input(made: dict[str, Path]) -> None:
    record = read_json(made["run"])
    record["inputs"] = {}
    write_json(made["run"], record)
    assert not unchanged(made)
