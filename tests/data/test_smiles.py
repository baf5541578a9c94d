"""Molecules from SMILES: bad input by row, features and frames by hand, the order of atoms."""

import numpy as np
import pytest
from rdkit import Chem

from triptych.data import molecules, smiles
from triptych.errors import UserError
from triptych.files import Array

CAFFEINE = "CN1C=NC2=C1C(=O)N(C)C(=O)N2C"
SALT = "c1ccccc1CCN.Cl"


def named(row: Array) -> set[str]:
    return {smiles.FEATURES[k] for k in np.flatnonzero(row)}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "'' is not SMILES"),
        ("CC(", "is not SMILES"),
        ("C1CC", "is not SMILES"),
        ("hello", "is not SMILES"),
        ("C(C)(C)(C)(C)C", "Explicit valence for atom # 0 C, 5"),
        ("c1cccc1", "Can't kekulize"),
    ],
)
def test_what_is_no_molecule_is_named(text: str, complaint: str) -> None:
    with pytest.raises(UserError) as error:
        smiles.parse(text)
    assert complaint in str(error.value)


def test_every_bad_row_is_named_by_its_number() -> None:
    with pytest.raises(UserError) as error:
        smiles.graphs(["CCO", "CC(", "C", "C=N(=O)(=O)C"], "some.csv")
    message = str(error.value)
    assert message.startswith("some.csv: expected a molecule in every row, found none in 2")
    assert "row 2: 'CC(' is not SMILES" in message
    assert "row 4:" in message and "valence" in message and "unusual_valence" in message
    assert "row 1:" not in message and "row 3:" not in message


def test_a_long_list_of_bad_rows_is_cut() -> None:
    with pytest.raises(UserError, match="and 5 more"):
        smiles.graphs(["(("] * 15, "some.csv")


def test_a_listed_row_may_break_the_rule_of_valence_and_no_other() -> None:
    read = smiles.graphs(["C=N(=O)(=O)C"], "some.csv", unusual_valence=[1])
    assert read["x"].shape == (5, len(smiles.FEATURES))
    with pytest.raises(UserError, match="row 1"):
        smiles.graphs(["c1cccc1"], "some.csv", unusual_valence=[1])


def test_the_reason_stays_off_the_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UserError):
        smiles.parse("CC(")
    assert capfd.readouterr() == ("", "")


def test_ethanol_and_pyridine_by_hand() -> None:
    ethanol = smiles.parse("CCO")
    assert [named(row) for row in ethanol.atoms] == [
        {"element C", "1 heavy neighbours", "charge +0", "3 hydrogens"},
        {"element C", "2 heavy neighbours", "charge +0", "2 hydrogens"},
        {"element O", "1 heavy neighbours", "charge +0", "1 hydrogens"},
    ]
    assert ethanol.bonds.tolist() == [[0, 1], [1, 2]] and ethanol.kinds.tolist() == [0, 0]
    pyridine = smiles.parse("n1ccccc1")
    assert named(pyridine.atoms[0]) == {
        "element N", "2 heavy neighbours", "charge +0", "0 hydrogens", "aromatic", "in a ring",
    }  # fmt: skip
    assert pyridine.kinds.tolist() == [smiles.BONDS.index("aromatic")] * 6


def test_kinds_of_bonds_and_charges() -> None:
    read = smiles.parse("C=CC#[N+][O-]")
    assert [smiles.BONDS[k] for k in read.kinds] == ["double", "single", "triple", "single"]
    assert "charge +1" in named(read.atoms[3]) and "charge -1" in named(read.atoms[4])
    assert "element other" in named(smiles.parse("[Na+]").atoms[0])


def test_every_atom_has_one_value_of_each_kind() -> None:
    atoms = smiles.parse(CAFFEINE).atoms
    start = 0
    for width in (10, 6, 3, 5):
        assert (atoms[:, start : start + width].sum(axis=1) == 1).all()
        start += width
    assert start + 2 == len(smiles.FEATURES)


def test_frames() -> None:
    assert smiles.parse("CCCC").scaffold == ""
    assert smiles.parse("Cc1ccccc1").scaffold == "c1ccccc1"
    assert smiles.parse("OC(=O)c1ccccc1CC1CCNCC1").scaffold == "c1ccc(CC2CCNCC2)cc1"
    # A counter-ion makes no new frame, not even one with a ring of its own.
    assert smiles.parse(SALT).scaffold == "c1ccccc1"
    assert smiles.parse("c1ccc2ccccc2c1CCN.OS(=O)(=O)c1ccccc1").scaffold == "c1ccc2ccccc2c1"


def test_salts_keep_all_their_atoms() -> None:
    read = smiles.parse(SALT)
    assert len(read.atoms) == 10 and read.bonds.shape == (2, 9)


def test_the_way_a_molecule_is_written_changes_the_order_alone() -> None:
    molecule = Chem.MolFromSmiles(CAFFEINE)
    first = smiles.parse(CAFFEINE)
    for seed in range(5):
        written = Chem.MolToRandomSmilesVect(molecule, 1, randomSeed=seed)[0]
        other = smiles.parse(written)
        assert other.scaffold == first.scaffold
        np.testing.assert_array_equal(other.fingerprint, first.fingerprint)
        assert sorted(map(tuple, other.atoms)) == sorted(map(tuple, first.atoms))
        assert sorted(other.kinds) == sorted(first.kinds)


def test_hydrogens_that_are_written_out_are_counted_at_their_atom() -> None:
    np.testing.assert_array_equal(smiles.parse("[H]C([H])([H])O").atoms, smiles.parse("CO").atoms)


def test_a_set_is_one_block_diagonal_graph() -> None:
    read = smiles.graphs(["CCO", "C", "c1ccccc1", "Cc1ccccc1"], "a")
    assert read["graph"].tolist() == [0, 0, 0, 1, *[2] * 6, *[3] * 7]
    source, target = read["edge_index"]
    assert (read["graph"][source] == read["graph"][target]).all()
    both = set(zip(source.tolist(), target.tolist(), strict=True))
    assert both == {(j, i) for i, j in both} and len(both) == 2 * (2 + 0 + 6 + 7)
    kinds = dict(zip(map(tuple, read["edge_index"].T.tolist()), read["edge_label"], strict=True))
    assert all(kinds[i, j] == kinds[j, i] for i, j in kinds)
    assert read["scaffold"][0] == read["scaffold"][1] != read["scaffold"][2]
    assert read["scaffold"][2] == read["scaffold"][3]
    bits = np.unpackbits(read["fingerprint"], axis=1).astype(bool)
    np.testing.assert_array_equal(bits[2], smiles.parse("c1ccccc1").fingerprint)


def test_a_table_keeps_text_and_graphs_in_one_order(tmp_path: object) -> None:
    from pathlib import Path

    folder = Path(str(tmp_path))
    (folder / "a.csv").write_text("s,y\nCCO,1\nC#N,0\n", encoding="utf-8")
    read = molecules.table(folder, file="a.csv", smiles="s", target="y", classes=["no", "yes"])
    assert np.bincount(read.arrays["graph"]).tolist() == [3, 2]
    assert read.meta["n_features"] == len(smiles.FEATURES) and read.meta["n_edge_kinds"] == 5
    assert read.meta["n_scaffolds"] == 1
    (folder / "a.csv").write_text("s,y\nCCO,1\nC#,0\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"a\.csv: expected a molecule in every row.*\n.*row 2"):
        molecules.table(folder, file="a.csv", smiles="s", target="y", classes=["no", "yes"])
