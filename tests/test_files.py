"""Files: atomic, canonical, never half-read."""

import json

import numpy as np
import pytest

from triptych import files, records
from triptych.errors import UserError, nearest
from triptych.records import Record


def test_a_failed_write_leaves_the_old_file_and_no_rest(tmp_path):
    path = tmp_path / "value.json"
    files.write_json(path, {"a": 1})
    with pytest.raises(RuntimeError), files.atomic_path(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert files.read_json(path) == {"a": 1}
    assert [p.name for p in tmp_path.iterdir()] == ["value.json"]


def test_equal_values_give_equal_bytes_whatever_the_key_order():
    assert files.canonical_json({"b": 1, "a": 2}) == files.canonical_json({"a": 2, "b": 1})
    with pytest.raises(ValueError, match="not JSON compliant"):
        files.canonical_json({"a": float("nan")})


def test_unchanged_content_keeps_its_time(tmp_path):
    path = tmp_path / "x.json"
    assert files.write_if_changed(path, "1")
    before = path.stat().st_mtime_ns
    assert not files.write_if_changed(path, "1") and path.stat().st_mtime_ns == before
    assert files.write_if_changed(path, "2")


@pytest.mark.parametrize("content", [b"{", b"", b"\xff\xfe"])
def test_damaged_json_is_named(tmp_path, content):
    path = tmp_path / "x.json"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"x\.json.*expected JSON"):
        files.read_json(path)


def test_arrays_survive_and_damage_is_named(tmp_path):
    path = tmp_path / "a.safetensors"
    arrays = {"x": np.arange(6.0).reshape(2, 3), "y": np.array([True, False])}
    files.write_arrays(path, arrays, {"note": "n"})
    found = files.read_arrays(path)
    assert all(np.array_equal(found[k], arrays[k]) for k in arrays)
    assert files.read_array_metadata(path) == {"note": "n"}
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(UserError, match="damaged"):
        files.read_arrays(path)
    with pytest.raises(UserError, match="found none"):
        files.read_arrays(tmp_path / "missing")


def test_array_files_are_deterministic(tmp_path):
    for name in ("a", "b"):
        files.write_arrays(tmp_path / name, {"y": np.zeros(2), "x": np.ones(3)})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def record(**changes):
    values = {
        "panel": "generative", "task": "t", "dataset": "d", "model": "m", "seed": 0,
        "split": "test", "metric": "a", "value": 0.1, "unit": "1", "kind": "exact", "n": 3,
        "protocol": "p, with a comma",
    }  # fmt: skip
    return Record(**(values | changes))


def test_records_survive_exactly_and_are_sorted(tmp_path):
    rows = [record(metric="b", value=1 / 3), record(), record(seed=1, value=float("nan"))]
    records.write(tmp_path / "r.csv", rows)
    found = records.read(tmp_path / "r.csv")
    assert [r.metric for r in found] == ["a", "b", "a"]
    assert found[1].value == 1 / 3 and found[0].protocol == "p, with a comma"
    records.write(tmp_path / "s.csv", list(reversed(rows)))
    assert (tmp_path / "r.csv").read_bytes() == (tmp_path / "s.csv").read_bytes()


def test_packed_records_are_the_same_records(tmp_path):
    rows = [record(metric="b", value=1 / 3), record()]
    for name in ("a.csv", "a.csv.gz", "b.csv.gz"):
        records.write(tmp_path / name, rows)
    assert records.read(tmp_path / "a.csv.gz") == records.read(tmp_path / "a.csv")
    assert (tmp_path / "a.csv.gz").read_bytes() == (tmp_path / "b.csv.gz").read_bytes()
    (tmp_path / "a.csv.gz").write_bytes((tmp_path / "b.csv.gz").read_bytes()[:-9])
    with pytest.raises(UserError, match=r"a\.csv\.gz: expected records as CSV text"):
        records.read(tmp_path / "a.csv.gz")


def test_two_records_for_one_number_are_refused(tmp_path):
    with pytest.raises(ValueError, match="two records"):
        records.write(tmp_path / "r.csv", [record(), record(value=2.0)])
    with pytest.raises(ValueError, match="record kind"):
        record(kind="guess")


def test_damaged_records_are_named(tmp_path):
    path = tmp_path / "r.csv"
    records.write(path, [record(), record(metric="b")])
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]) + "generative,t\n")
    with pytest.raises(UserError, match=r"r\.csv, line 3.*damaged row"):
        records.read(path)
    path.write_text("a,b\n")
    with pytest.raises(UserError, match="expected the columns"):
        records.read(path)
    path.write_bytes(b"\xff\x00")
    with pytest.raises(UserError, match="found other bytes"):
        records.read(path)


def test_nearest_names_the_closest_and_all():
    assert nearest("gna", ["gan", "vae"]) == "did you mean 'gan'? Allowed: gan, vae"
    assert nearest("zzz", ["gan"]) == "Allowed: gan"


def test_json_helpers_agree(tmp_path):
    value = {"x": [1, 2.5, None, "é"]}
    files.write_json(tmp_path / "v.json", value)
    assert files.sha256_json(value) == files.sha256_file(tmp_path / "v.json")
    assert json.loads((tmp_path / "v.json").read_text()) == value
