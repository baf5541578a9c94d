"""Parameter files are looked through once for each content, and never less than that."""

from pathlib import Path

import pytest

from triptych import checked, plain_yaml
from triptych.errors import UserError


@pytest.fixture(autouse=True)
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every file that was looked through."""
    seen: list[str] = []
    real = plain_yaml.check_parameters

    def check(path: Path | str) -> None:
        seen.append(str(path))
        real(path)

    monkeypatch.setattr(plain_yaml, "check_parameters", check)
    return seen


def test_a_content_is_looked_through_once_whatever_its_name(looked: list[str]) -> None:
    for name in ("a.yaml", "b.yaml"):
        Path(name).write_text("report: {title: A}")
        checked.check(name)
    assert looked == ["a.yaml"]
    Path("a.yaml").write_text("report: {title: B}")
    checked.check("a.yaml")
    assert looked == ["a.yaml", "a.yaml"]


def test_what_is_refused_is_refused_again(looked: list[str]) -> None:
    Path("a.yaml").write_text("a: !!python/name:os.system")
    for _ in range(2):
        with pytest.raises(UserError, match="the tag"):
            checked.check("a.yaml")
    with pytest.raises(UserError, match="found none"):
        checked.check("nowhere.yaml")
    assert len(looked) == 3


@pytest.mark.parametrize("memory", ["", "[]", "{}", '{"by": 1, "known": 5}', "\0"])
def test_a_damaged_memory_is_none(looked: list[str], memory: str) -> None:
    Path("a.yaml").write_text("report: {title: A}")
    checked.MEMORY.parent.mkdir()
    checked.MEMORY.write_text(memory)
    checked.check("a.yaml")
    checked.check("a.yaml")
    assert looked == ["a.yaml"]


def test_another_reader_of_yaml_looks_again(
    looked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("a.yaml").write_text("report: {title: A}")
    checked.check("a.yaml")
    monkeypatch.setattr("yaml.__version__", "0")
    checked.check("a.yaml")
    assert looked == ["a.yaml", "a.yaml"]


def test_the_oldest_are_forgotten(looked: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checked, "MANY", 2)
    for title in ("A", "B", "C", "C", "B", "A"):
        Path("a.yaml").write_text(f"report: {{title: {title}}}")
        checked.check("a.yaml")
    assert len(looked) == 4  # A, B, C, and A again


def test_a_place_that_cannot_be_written_is_no_mistake(looked: list[str]) -> None:
    Path("a.yaml").write_text("report: {title: A}")
    checked.MEMORY.parent.write_text("a file where the folder should be")
    checked.check("a.yaml")
    assert looked == ["a.yaml"]
