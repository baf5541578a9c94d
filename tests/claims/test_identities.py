import json
from pathlib import Path

import pytest

from triptych import closure
from triptych.claims import files, identities, ledger
from triptych.claims.base import Check, Identity
from triptych.registry import PANELS


def test_job_writes_checks_and_provenance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check = Check("karate", 1e-9, 1e-6, "1", "a against b", 34)
    claim = Identity("N01", "graphs", "A", "s", "e", lambda: [check])
    asked: list[object] = []

    def chosen(panel: str, wanted: object) -> list[Identity]:
        asked.append((panel, wanted))
        return [claim]

    monkeypatch.setattr(ledger, "identities", chosen)
    conf = tmp_path / "graphs.json"
    conf.write_text(json.dumps({"panel": "graphs", "claims": ["N01"]}))
    identities.run(conf, tmp_path / "out")
    assert asked == [("graphs", ["N01"])]
    assert identities.read_checks(tmp_path / "out/checks.csv") == [("N01", check)]
    run = json.loads((tmp_path / "out/run.json").read_text())
    assert run["verb"] == "identities"
    assert run["facts"] == {"checks": 1}


@pytest.mark.parametrize("panel", PANELS)
def test_every_claim_file_is_in_the_code_closure(panel: str) -> None:
    found = {Path(name).resolve() for name in closure.closure(*files.identity_modules(panel))}
    for stem in files.stems(panel):
        assert (files.FOLDER / panel / f"{stem}.py").resolve() in found
    assert Path(identities.__file__).resolve() in found
