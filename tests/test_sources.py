"""Code as an input: one file per closure, which moves when a source file's content does."""

import json
from pathlib import Path

import pytest

from triptych import closure
from triptych.sources import Sources


def test_the_file_names_every_source_file_and_its_digest(tmp_path: Path) -> None:
    path = Path(Sources(tmp_path).file("a/records", "triptych.records"))
    found = json.loads(path.read_text())
    files = closure.closure("triptych.records")
    assert path == tmp_path / "a/records.json"
    assert set(found) == {closure.package_name(name) for name in files}
    assert "triptych/records.py" in found and "triptych/files.py" in found


def test_an_equal_closure_leaves_the_file_alone(tmp_path: Path) -> None:
    path = Path(Sources(tmp_path).file("records", "triptych.records"))
    before = path.stat().st_mtime_ns
    Sources(tmp_path).file("records", "triptych.records")
    assert path.stat().st_mtime_ns == before


def test_an_edited_source_file_changes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = Path(Sources(tmp_path).file("records", "triptych.records"))
    before = path.read_bytes()
    edited = tmp_path / "records.py"
    edited.write_text("# edited\n")
    monkeypatch.setattr(closure, "closure", lambda *modules: [str(edited)])
    Sources(tmp_path).file("records", "triptych.records")
    assert path.read_bytes() != before


def test_a_job_of_a_cluster_leaves_the_file_as_it_is(tmp_path: Path) -> None:
    sources = Sources(tmp_path, write=False)
    path = tmp_path / "records.json"
    assert sources.file("records", "triptych.records") == str(path) and not path.exists()
    with pytest.raises(ValueError, match="two closures of one name"):
        sources.file("records", "triptych.files")


def test_one_label_names_one_closure(tmp_path: Path) -> None:
    sources = Sources(tmp_path)
    assert sources.file("a", "triptych.records") == sources.file("a", "triptych.records")
    with pytest.raises(ValueError, match="two closures of one name"):
        sources.file("a", "triptych.files")
