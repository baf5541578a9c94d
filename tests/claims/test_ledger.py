from pathlib import Path

import pytest

from triptych.claims import files, ledger
from triptych.claims.base import Identity, Statistical
from triptych.claims.ledger import Unmeasured
from triptych.errors import UserError
from triptych.registry import PANELS

# The decks make 62 claims; these are the ids of the table that the project set out with.
DECKS = {
    *(f"G{k:02d}" for k in range(1, 28)),
    *(f"N{k:02d}" for k in range(1, 20)),
    *(f"U{k:02d}" for k in range(1, 17)),
}
FIRST_RELEASE = {
    "G01", "G04", "G05", "G09", "G12", "G19", "G20", "G21", "G25", "N01", "N02", "N12", "N13",
    "U01", "U02", "U07", "U09", "U10", "U16",
}  # fmt: skip
PANEL_OF = {"G": "generative", "N": "graphs", "U": "uncertainty"}


def test_every_deck_claim_has_a_file_or_is_listed() -> None:
    listed = {claim.id for claim in ledger.unmeasured()}
    by_file = {name for panel in PANELS for name in files.ids(panel)}
    assert listed <= DECKS
    assert by_file <= DECKS
    assert listed | by_file | FIRST_RELEASE == DECKS


def test_none_is_both_measured_and_listed() -> None:
    ids = [claim.id for claim in ledger.every_claim()]  # raises where one is
    assert set(ids) <= DECKS


def test_listed_claims_are_complete_and_in_their_panel() -> None:
    for claim in ledger.unmeasured():
        assert claim.panel == PANEL_OF[claim.id[0]]
        assert claim.deck in ("A", "B", "A, B")
        assert claim.kind in ("statistical", "identity")
        for text in (claim.statement, claim.experiment):
            assert len(text) > 20
            assert text.endswith((".", "?"))


def listed(name: str) -> Unmeasured:
    return Unmeasured(name, "graphs", "A", "A statement.", "An experiment.", "statistical")


def identity(name: str, panel: str = "graphs") -> Identity:
    return Identity(name, panel, "A", "A statement.", "An experiment.", lambda: [])


def test_claim_with_a_file_and_an_entry_is_refused() -> None:
    with pytest.raises(UserError, match=r"N01.*delete"):
        ledger.check_disjoint([identity("N01"), identity("N01")], [listed("N01"), listed("N02")])
    ledger.check_disjoint([identity("N01"), identity("N01")], [listed("N02")])


def test_claim_listed_twice_is_refused() -> None:
    with pytest.raises(UserError, match="N02 twice"):
        ledger.check_disjoint([], [listed("N02"), listed("N02")])


def test_incomplete_entry_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "unmeasured.yaml"
    path.write_text("- id: N03\n  panel: graphs\n")
    with pytest.raises(UserError, match="expected id, panel, deck"):
        ledger.unmeasured(path)


def test_claim_in_the_wrong_file_is_refused() -> None:
    with pytest.raises(UserError, match="belongs into claims/graphs/n01_"):
        ledger._check_place(identity("N01"), "graphs", "n02_update")
    with pytest.raises(UserError, match="belongs into claims/generative/n01_"):
        ledger._check_place(identity("N01", "generative"), "graphs", "n01_update")
    ledger._check_place(identity("N01"), "graphs", "n01_update")


def test_identity_of_an_unknown_id_is_refused() -> None:
    with pytest.raises(UserError, match="Z99"):
        ledger.identities("graphs", ["Z99"])


def test_kinds() -> None:
    assert ledger.kind_of(identity("N01")) == "identity"
    assert (
        ledger.kind_of(Statistical("N02", "graphs", "A", "s", "e", lambda _: [])) == "statistical"
    )
    assert ledger.kind_of(listed("N03")) == "statistical"


def test_measured_claims_are_well_formed() -> None:
    for panel in PANELS:
        for claim in ledger.measured(panel):
            assert claim.statement and claim.experiment
            assert claim.deck in ("A", "B", "A, B")
