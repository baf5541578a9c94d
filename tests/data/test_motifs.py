"""Generated molecules: valences, labels by an independent pattern search, decoys of equal atoms."""

from collections import Counter

import numpy as np
import pytest
from rdkit import Chem

from triptych.data import motifs, smiles
from triptych.data.molecules import unpack
from triptych.data.prepared import Prepared
from triptych.errors import UserError
from triptych.seeding import numpy_generator

COUNT, ACTIVE, DECOYS = 200, 0.1, 0.2
PATTERNS = {"motif": "C(=O)[NX3;H1][OX2;H1]", "decoy": "[NX3;H1]C(=O)[OX2;H1]"}


def made(seed: int = 0, count: int = COUNT, active: float = ACTIVE) -> Prepared:
    return motifs.data_set(None, count, active, DECOYS, 40, seed)


def texts(prepared: Prepared) -> list[str]:
    return unpack(prepared.arrays["smiles"], prepared.arrays["smiles_offsets"])


def holds(written: list[str], what: str) -> list[bool]:
    pattern = Chem.MolFromSmarts(PATTERNS[what])
    return [Chem.MolFromSmiles(text).HasSubstructMatch(pattern) for text in written]


def test_actives_are_those_with_the_motif() -> None:
    prepared = made()
    written = texts(prepared)
    assert holds(written, "motif") == prepared.arrays["y"].astype(bool).tolist()
    assert sum(holds(written, "motif")) == 20 and sum(holds(written, "decoy")) == 40
    assert not any(np.array(holds(written, "motif")) & holds(written, "decoy"))
    assert len(set(written)) == COUNT


def test_no_valence_is_exceeded() -> None:
    rng = numpy_generator("test")
    pool = [motifs.frame(rng) for _ in range(20)]
    for planted in (None, motifs.MOTIF, motifs.DECOY) * 20:
        draft = motifs.molecule(pool, planted, rng)
        assert min(draft.free(i) for i in range(len(draft.elements))) >= 0
        assert all(draft.bonds[j][i] == order for i, n in enumerate(draft.bonds)
                   for j, order in n.items())  # fmt: skip
        smiles.parse(motifs.write(draft))  # the chemistry library checks valences too


def test_text_and_draft_are_one_molecule() -> None:
    rng = numpy_generator("test")
    pool = [motifs.frame(rng) for _ in range(20)]
    orders = {Chem.BondType.SINGLE: 1, Chem.BondType.DOUBLE: 2, Chem.BondType.TRIPLE: 3}
    for _ in range(40):
        draft = motifs.molecule(pool, motifs.MOTIF, rng)
        read = Chem.MolFromSmiles(motifs.write(draft))
        Chem.Kekulize(read, clearAromaticFlags=True)
        assert Counter(draft.elements) == Counter(a.GetSymbol() for a in read.GetAtoms())
        # Alternating bonds may be written round the other way: their number is the same.
        assert Counter(o for near in draft.bonds for o in near.values()) == Counter(
            {order: 2 * n for order, n in
             Counter(orders[b.GetBondType()] for b in read.GetBonds()).items()}
        )  # fmt: skip
        assert read.GetNumBonds() == len(draft.elements) - 1 + _rings(draft)


def _rings(draft: motifs.Draft) -> int:
    """Independent cycles of a connected graph: bonds - atoms + 1."""
    return sum(map(len, draft.bonds)) // 2 - len(draft.elements) + 1


def test_motif_and_decoy_have_the_same_atoms() -> None:
    benzene = motifs.Draft()
    atoms = [benzene.add("C") for _ in range(6)]
    for place, order in enumerate((2, 1, 2, 1, 2, 1)):
        benzene.join(atoms[place], atoms[(place + 1) % 6], order)
    rows = []
    for group in (motifs.MOTIF, motifs.DECOY):
        draft = benzene.copy()
        motifs._attach(draft, 0, group)
        read = smiles.parse(motifs.write(draft))
        rows.append((sorted(map(tuple, read.atoms)), sorted(read.kinds)))
    assert rows[0] == rows[1]


def test_the_same_arguments_give_the_same_molecules() -> None:
    assert texts(made()) == texts(made())
    assert texts(made()) != texts(made(seed=1))


def test_frames_are_shared_by_active_and_inactive() -> None:
    prepared = made(count=400)
    scaffold, y = prepared.arrays["scaffold"], prepared.arrays["y"]
    assert 10 < prepared.meta["n_scaffolds"] <= 40  # type: ignore[operator]
    actives = set(scaffold[y == 1])
    assert len(actives) > 10 and actives <= set(scaffold[y == 0])


def test_nothing_active_is_refused() -> None:
    with pytest.raises(UserError, match="found 0 actives"):
        made(active=0.0)
    with pytest.raises(UserError, match="190 actives and 40 decoys among 200"):
        made(active=0.95)
