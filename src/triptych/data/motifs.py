"""Generated molecules with a planted motif: a screen whose right answers are known.

A stand-in for assays that may not be passed on. Frames of one to three rings and side chains are
put together at random within the valences of their elements. The actives carry a hydroxamic acid,
-C(=O)NO. Decoys carry its isomer -NC(=O)O: the same atoms with the same numbers of neighbours and
hydrogens, so that counting atoms cannot tell the two apart.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from triptych.data import molecules, smiles
from triptych.data.prepared import Prepared
from triptych.errors import UserError
from triptych.seeding import numpy_generator

VALENCE = {"C": 4, "N": 3, "O": 2, "S": 2, "F": 1, "Cl": 1}
# Elements around the ring, and the order of the bond from each to the next.
RINGS = (
    ("CCCCCC", "212121"),
    ("NCCCCC", "212121"),
    ("NCNCCC", "212121"),
    ("OCCCC", "12121"),
    ("SCCCC", "12121"),
    ("NCCCC", "12121"),
    ("SCNCC", "12121"),
    ("CCCCCC", "111111"),
    ("NCCCCC", "111111"),
    ("NCCOCC", "111111"),
    ("CCCCC", "11111"),
)
# A chain of single bonds between two rings.
LINKERS = ("", "C", "O", "N", "S", "CC", "CO", "CN")
# (element, number of the atom it hangs on, order of that bond); -1 is the frame.
Group = tuple[tuple[str, int, int], ...]
GROUPS: tuple[Group, ...] = (
    (("C", -1, 1),),
    (("C", -1, 1), ("C", 0, 1)),
    (("O", -1, 1),),
    (("O", -1, 1), ("C", 0, 1)),
    (("N", -1, 1),),
    (("N", -1, 1), ("C", 0, 1), ("C", 0, 1)),
    (("F", -1, 1),),
    (("Cl", -1, 1),),
    (("C", -1, 1), ("N", 0, 3)),
    (("N", -1, 1), ("O", 0, 1)),
    (("C", -1, 1), ("O", 0, 2), ("N", 0, 1)),
    (("C", -1, 1), ("O", 0, 2), ("O", 0, 1)),
    (("C", -1, 1), ("O", 0, 2), ("C", 0, 1)),
)
MOTIF: Group = (("C", -1, 1), ("O", 0, 2), ("N", 0, 1), ("O", 2, 1))
DECOY: Group = (("N", -1, 1), ("C", 0, 1), ("O", 1, 2), ("O", 1, 1))
CLASSES = ["inactive", "active"]


@dataclass
class Draft:
    """A molecule being put together.

    Attributes:
        elements: Symbol of each atom.
        bonds: Atom -> {neighbour: order}, both directions.
    """

    elements: list[str] = field(default_factory=list)
    bonds: list[dict[int, int]] = field(default_factory=list)

    def add(self, element: str) -> int:
        """A new atom; its number."""
        self.elements.append(element)
        self.bonds.append({})
        return len(self.elements) - 1

    def join(self, first: int, second: int, order: int) -> None:
        """A bond."""
        self.bonds[first][second] = self.bonds[second][first] = order

    def free(self, atom: int) -> int:
        """Bonds that the atom may still make."""
        return VALENCE[self.elements[atom]] - sum(self.bonds[atom].values())

    def open_atoms(self, elements: str) -> list[int]:
        """Atoms of these elements with room for a bond."""
        return [i for i, e in enumerate(self.elements) if e in elements and self.free(i)]

    def copy(self) -> "Draft":
        """Another one, alike."""
        return Draft(list(self.elements), [dict(each) for each in self.bonds])


def data_set(
    raw: Path | None, count: int, active: float, decoys: float, frames: int, seed: int
) -> Prepared:
    """A screening set; the same arguments give the same molecules.

    Args:
        raw: Not used.
        count: Molecules, no two written alike.
        active: Share that carries the motif.
        decoys: Share that carries its isomer instead.
        frames: Ring systems to choose from; some coincide, so that there are fewer scaffolds.
        seed: Names the draw.

    Raises:
        UserError: The shares leave no actives or no inactives.
    """
    positives, isomers = round(active * count), round(decoys * count)
    if not 0 < positives < count or positives + isomers > count:
        raise UserError(
            f"motifs: expected some actives and some inactives, found {positives} actives and "
            f"{isomers} decoys among {count}"
        )
    rng = numpy_generator("motifs", count, active, decoys, frames, seed)
    pool = [frame(rng) for _ in range(frames)]
    kinds = np.repeat([1, 2, 0], [positives, isomers, count - positives - isomers])
    kinds = rng.permutation(kinds)
    texts: dict[str, None] = {}
    for kind in kinds:
        text = ""
        while not text or text in texts:
            text = write(molecule(pool, (None, MOTIF, DECOY)[kind], rng))
        texts[text] = None
    notes = [
        f"generated: {positives} actives carry a planted hydroxamic acid, {isomers} decoys its "
        "isomer of equal atoms, the others neither; no chemistry but valence is respected"
    ]
    listed = list(texts)
    graphs = smiles.graphs(listed, "generated molecules")
    y = (kinds == 1).astype(np.int64)
    return molecules.described(listed, graphs, y, CLASSES, "planted motif", notes)


def frame(rng: np.random.Generator) -> Draft:
    """One to three rings, each joined to a carbon of an earlier one by a bond or a short chain."""
    draft = Draft()
    _ring(draft, rng)
    for _ in range(int(rng.integers(3))):
        start = int(rng.choice(draft.open_atoms("C")))
        for element in LINKERS[int(rng.integers(len(LINKERS)))]:
            atom = draft.add(element)
            draft.join(start, atom, 1)
            start = atom
        known = len(draft.elements)
        _ring(draft, rng)
        draft.join(start, int(rng.choice([i for i in draft.open_atoms("C") if i >= known])), 1)
    return draft


def molecule(pool: Sequence[Draft], planted: Group | None, rng: np.random.Generator) -> Draft:
    """A frame of the pool with the planted group and one to four side chains on its atoms.

    The planted group and whatever begins with another element than carbon go on carbons.
    """
    draft = pool[int(rng.integers(len(pool)))].copy()
    frame_atoms = len(draft.elements)
    chains = [GROUPS[int(k)] for k in rng.integers(len(GROUPS), size=rng.integers(1, 5))]
    for group in ([planted] if planted else []) + chains:
        elements = "CN" if group[0][0] == "C" and group is not planted else "C"
        places = [i for i in draft.open_atoms(elements) if i < frame_atoms]
        if places:
            _attach(draft, int(rng.choice(places)), group)
    return draft


def write(draft: Draft) -> str:
    """SMILES with alternating bonds written out, depth first from atom 0.

    Example:
        >>> ring = Draft(list("OCCCC"), [{} for _ in range(5)])
        >>> for atom, order in enumerate((1, 2, 1, 2, 1)):
        ...     ring.join(atom, (atom + 1) % 5, order)
        >>> write(ring)
        'O1C=CC=C1'
    """
    closures: list[tuple[int, int]] = []
    tree: dict[int, list[int]] = {}
    _span(draft, 0, -1, tree, closures)
    return _text(draft, 0, tree, closures)


def _span(
    draft: Draft, atom: int, parent: int, tree: dict[int, list[int]], rings: list[tuple[int, int]]
) -> None:
    """The tree of a depth-first walk, and the bonds that it leaves out."""
    tree[atom] = []
    for other in draft.bonds[atom]:
        if other == parent:
            continue
        if other not in tree:
            tree[atom].append(other)
            _span(draft, other, atom, tree, rings)
        elif (other, atom) not in rings and (atom, other) not in rings:
            rings.append((other, atom))


def _text(draft: Draft, atom: int, tree: dict[int, list[int]], rings: list[tuple[int, int]]) -> str:
    symbols = {1: "", 2: "=", 3: "#"}
    text = draft.elements[atom]
    for number, (first, last) in enumerate(rings, start=1):
        if atom in (first, last):
            text += (symbols[draft.bonds[first][last]] if atom == last else "") + str(number)
    branches = [
        symbols[draft.bonds[atom][child]] + _text(draft, child, tree, rings) for child in tree[atom]
    ]
    return text + "".join(f"({branch})" for branch in branches[:-1]) + "".join(branches[-1:])


def _ring(draft: Draft, rng: np.random.Generator) -> None:
    elements, orders = RINGS[int(rng.integers(len(RINGS)))]
    atoms = [draft.add(element) for element in elements]
    for place, order in enumerate(orders):
        draft.join(atoms[place], atoms[(place + 1) % len(atoms)], int(order))


def _attach(draft: Draft, place: int, group: Group) -> None:
    atoms: list[int] = []
    for element, parent, order in group:
        atoms.append(draft.add(element))
        draft.join(place if parent < 0 else atoms[parent], atoms[-1], order)
