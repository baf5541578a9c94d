"""SMILES text to graphs of atoms: the one place that knows RDKit.

Molecules are read when a data set is prepared and kept as plain arrays; no job after that needs a
chemistry library, and no molecule object is ever stored.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem
from rdkit.Chem import rdFingerprintGenerator
from rdkit.rdBase import BlockLogs

from triptych.data.edges import undirected_labelled
from triptych.errors import UserError
from triptych.files import Array

ELEMENTS = ("C", "N", "O", "F", "P", "S", "Cl", "Br", "I")  # one more column for all others
DEGREES, CHARGES, HYDROGENS = 6, (-1, 0, 1), 5  # the last column counts "or more"
FEATURES = (
    *(f"element {symbol}" for symbol in (*ELEMENTS, "other")),
    *(f"{degree} heavy neighbours" for degree in range(DEGREES)),
    *(f"charge {charge:+d}" for charge in CHARGES),
    *(f"{count} hydrogens" for count in range(HYDROGENS)),
    "aromatic",
    "in a ring",
)
BONDS = ("single", "double", "triple", "aromatic", "other")
RADIUS, BITS = 2, 2048  # of the circular fingerprints (Rogers and Hahn 2010)

_ELEMENT_NUMBER = {symbol: number for number, symbol in enumerate(ELEMENTS)}
_FINGERPRINTS = rdFingerprintGenerator.GetMorganGenerator(radius=RADIUS, fpSize=BITS)
_BOND_NUMBER = {
    Chem.BondType.SINGLE: 0,
    Chem.BondType.DOUBLE: 1,
    Chem.BondType.TRIPLE: 2,
    Chem.BondType.AROMATIC: 3,
}
_ALL_BUT_VALENCE = Chem.SanitizeFlags.SANITIZE_ALL ^ Chem.SanitizeFlags.SANITIZE_PROPERTIES


@dataclass(frozen=True)
class Molecule:
    """One molecule; hydrogens are counted at their atom, not drawn.

    Attributes:
        atoms: 0 or 1, uint8 [N, 26]; the columns are ``FEATURES``.
        bonds: int64 [2, B], each bond once.
        kinds: int64 [B], positions in ``BONDS``.
        scaffold: Bemis and Murcko's frame of the largest fragment, as canonical SMILES; empty for
            a molecule without rings.
        fingerprint: bool [2048], Morgan's, radius 2.
    """

    atoms: NDArray[np.uint8]
    bonds: NDArray[np.int64]
    kinds: NDArray[np.int64]
    scaffold: str
    fingerprint: NDArray[np.bool_]


def parse(text: str, *, check_valence: bool = True) -> Molecule:
    """Read one SMILES.

    Args:
        text: The SMILES.
        check_valence: False takes atoms with more bonds than their element allows as written.

    Raises:
        UserError: It is no molecule; the message says why.

    Example:
        >>> ethanol = parse("CCO")
        >>> ethanol.bonds.tolist(), ethanol.scaffold
        ([[0, 1], [1, 2]], '')
    """
    return _molecule(_read(text, check_valence))


def graphs(
    texts: Sequence[str], where: str, unusual_valence: Collection[int] = ()
) -> dict[str, Array]:
    """All molecules of a set as one block-diagonal graph.

    Args:
        texts: SMILES.
        where: Named in errors (a file).
        unusual_valence: Rows, counted from 1, whose valences are taken as written.

    Returns:
        ``x`` uint8 [atoms, 26], 0 or 1; ``edge_index`` int64 [2, E], both directions;
        ``edge_label`` int64 [E], positions in ``BONDS``; ``graph`` int64 [atoms]; ``scaffold``
        int64 [N], equal where frames are equal; ``fingerprint`` uint8 [N, 256], eight bits a byte.

    Raises:
        UserError: A row is no molecule; all such rows are named.
    """
    found: list[Molecule] = []
    problems: list[str] = []
    for row, text in enumerate(texts, start=1):
        try:
            found.append(parse(text, check_valence=row not in unusual_valence))
        except UserError as error:
            problems.append(f"row {row}: {error}")
    if problems:
        shown = "\n  ".join(problems[:10])
        more = f"\n  and {len(problems) - 10} more" if len(problems) > 10 else ""
        raise UserError(
            f"{where}: expected a molecule in every row, found none in {len(problems)} (rows are "
            f"counted from 1, without the header); correct them, or list rows that break no rule "
            f"but that of valence under `unusual_valence` in the catalogue:\n  {shown}{more}"
        )
    return _joined(found)


def _joined(molecules: Sequence[Molecule]) -> dict[str, Array]:
    sizes = np.array([len(molecule.atoms) for molecule in molecules], dtype=np.int64)
    starts = np.cumsum(sizes) - sizes
    pairs = [molecule.bonds + start for molecule, start in zip(molecules, starts, strict=True)]
    edge_index, edge_label = undirected_labelled(
        np.concatenate(pairs, axis=1),
        np.concatenate([molecule.kinds for molecule in molecules]),
        int(sizes.sum()),
    )
    assert edge_label is not None
    numbers = {name: k for k, name in enumerate(sorted({m.scaffold for m in molecules}))}
    bits = np.stack([molecule.fingerprint for molecule in molecules])
    return {
        "x": np.concatenate([molecule.atoms for molecule in molecules]),
        "edge_index": edge_index,
        "edge_label": edge_label,
        "graph": np.repeat(np.arange(len(molecules), dtype=np.int64), sizes),
        "scaffold": np.array([numbers[m.scaffold] for m in molecules], dtype=np.int64),
        "fingerprint": np.packbits(bits, axis=1),
    }


def _read(text: str, check_valence: bool) -> Chem.Mol:
    with BlockLogs():  # the reason goes into the error, not to the terminal
        molecule = Chem.MolFromSmiles(text, sanitize=False)
        if molecule is None or molecule.GetNumAtoms() == 0:
            raise UserError(f"{text!r} is not SMILES")
        molecule.UpdatePropertyCache(strict=False)
        problems = [
            problem.Message()
            for problem in Chem.DetectChemistryProblems(molecule)
            if check_valence or problem.GetType() != "AtomValenceException"
        ]
        if problems:
            raise UserError(f"{text!r} is no molecule: {'; '.join(problems)}")
        steps = Chem.SanitizeFlags.SANITIZE_ALL if check_valence else _ALL_BUT_VALENCE
        Chem.SanitizeMol(molecule, steps)
        molecule = Chem.RemoveHs(molecule, sanitize=False)
        molecule.UpdatePropertyCache(strict=False)  # the hydrogens taken away are counted anew
        return molecule


def _molecule(molecule: Chem.Mol) -> Molecule:
    bonds = list(molecule.GetBonds())
    ends = [(bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()) for bond in bonds]
    kinds = [_BOND_NUMBER.get(bond.GetBondType(), BONDS.index("other")) for bond in bonds]
    return Molecule(
        _features(molecule),
        np.array(ends, dtype=np.int64).reshape(-1, 2).T,
        np.array(kinds, dtype=np.int64),
        _scaffold(molecule),
        _FINGERPRINTS.GetFingerprintAsNumPy(molecule).astype(np.bool_),
    )


def _features(molecule: Chem.Mol) -> NDArray[np.uint8]:
    known = np.array(
        [
            (
                _ELEMENT_NUMBER.get(atom.GetSymbol(), len(ELEMENTS)),
                min(atom.GetDegree(), DEGREES - 1),
                min(max(atom.GetFormalCharge(), CHARGES[0]), CHARGES[-1]) - CHARGES[0],
                min(atom.GetTotalNumHs(), HYDROGENS - 1),
                atom.GetIsAromatic(),
                atom.IsInRing(),
            )
            for atom in molecule.GetAtoms()
        ],
        dtype=np.int64,
    )
    rows = np.zeros((len(known), len(FEATURES)), dtype=np.uint8)
    starts = np.cumsum([0, len(ELEMENTS) + 1, DEGREES, len(CHARGES), HYDROGENS])
    for column, start in enumerate(starts[:4]):
        rows[np.arange(len(known)), start + known[:, column]] = 1
    rows[:, starts[4] :] = known[:, 4:]
    return rows


def _scaffold(molecule: Chem.Mol) -> str:
    """The frame of the largest fragment, so that a counter-ion makes no new scaffold."""
    fragments = Chem.GetMolFrags(molecule, asMols=True, sanitizeFrags=False)
    largest = max(fragments, key=lambda part: (part.GetNumAtoms(), Chem.MolToSmiles(part)))
    Chem.GetSymmSSSR(largest)
    frame = Chem.MurckoDecompose(largest)
    frame.ClearComputedProps()
    frame.UpdatePropertyCache(strict=False)
    return str(Chem.MolToSmiles(frame))
