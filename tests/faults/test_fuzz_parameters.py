"""Parameters, damaged as text and as trees: refused with a message, or a plan that can be run."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from damage import TREES, changed, damaged

from triptych import configuration, plain_yaml, plan
from triptych.files import canonical_json

ROOT = Path(__file__).parents[2]
# Small: an entry of each panel, so that most edits hit something that is checked.
KEPT = {"generative": "vae", "graphs": "gcn", "uncertainty": "single"}
TOKENS = (
    b"&a", b"*a", b"<<: *a", b"!!python/name:os.system", b"!x ", b"? ", b"\t", b"---\n", b"- ",
    b": ", b"{", b"[" * 100, b".inf", b".nan", b"2026-01-01", b"'", b"#",
    b"null", b"../", b"vae: {}\n",
)  # fmt: skip


@pytest.fixture(scope="module")
def valid() -> dict[str, Any]:
    tree: dict[str, Any] = yaml.safe_load((ROOT / "params.yaml").read_text())
    for panel, name in KEPT.items():
        tree[panel]["models"] = {name: tree[panel]["models"][name]}
    return tree


def resolved(tree: Any) -> None:
    """What ``plan.load`` does before it makes jobs."""
    plain_yaml.check_values(tree, "parameters")
    found = configuration.resolve(tree if isinstance(tree, dict) else {"": tree})
    canonical_json(found.model_dump(mode="json"))


def test_text(valid: dict[str, Any], tmp_path: Path, fuzz: Any) -> None:
    path = tmp_path / "params.yaml"
    text = yaml.safe_dump(valid, sort_keys=False).encode()

    def read(content: bytes) -> None:
        path.write_bytes(content)
        plain_yaml.check_parameters(path)
        resolved(yaml.full_load(path.read_text(encoding="utf-8")))  # as Snakemake reads it

    read(text)
    assert fuzz(damaged(text, TOKENS), read)["accepted"] > 0  # an edit of a comment or a number


def test_trees(valid: dict[str, Any], fuzz: Any) -> None:
    resolved(valid)
    fuzz(changed(valid), resolved)


def test_anything(fuzz: Any) -> None:
    fuzz(TREES, resolved)


def test_a_damaged_cache_is_made_anew(
    valid: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    braved: Callable[[str, int], None],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    made = plan.load(valid)
    (cached,) = plan.CACHE.iterdir()
    whole = cached.read_bytes()
    for content in (b"", b"[]", b"{}", b'{"jobs": 3}', whole[: len(whole) // 2], b"\xff" * 9):
        cached.write_bytes(content)
        assert plan.load(valid) == made and cached.read_bytes() == whole
        braved("faults injected", 1)
