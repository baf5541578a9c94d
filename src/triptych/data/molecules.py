"""Molecules as SMILES text, and as graphs, with a class or a real value each."""

import csv
from collections.abc import Collection
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from triptych.data import smiles as chemistry
from triptych.data.images import need
from triptych.data.prepared import Prepared, describe
from triptych.errors import UserError
from triptych.files import Array


def table(
    raw: Path | None,
    file: str,
    smiles: str,
    target: str,
    classes: list[str] | None,
    unusual_valence: Collection[int] = (),
) -> Prepared:
    """Read a csv with a column of SMILES and a column to predict.

    Args:
        raw: The folder of the csv.
        file: Its name.
        smiles: The column of SMILES.
        target: The column to predict: 0, 1, ... for classes, else real.
        classes: Names of the classes in order, or None for regression.
        unusual_valence: Rows, counted from 1 without the header, in which an atom has more bonds
            than its element allows: they are read as written.

    Raises:
        UserError: A column is missing, a value is empty or of the wrong form, or a text is no
            molecule.
    """
    path = need(raw) / file
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    if not rows or not {smiles, target} <= rows[0].keys():
        raise UserError(f"{path}: expected the columns {smiles!r} and {target!r}, not found")
    texts = [row[smiles].strip() for row in rows]
    try:
        values = np.array([float(row[target]) for row in rows], dtype=np.float64)
    except ValueError as error:
        raise UserError(f"{path}: expected numbers in {target!r} ({error})") from None
    if "" in texts or not np.isfinite(values).all():
        raise UserError(f"{path}: expected a molecule and a value in each row, found an empty one")
    if classes is not None and not np.isin(values, range(len(classes))).all():
        raise UserError(f"{path}: expected classes 0 to {len(classes) - 1} in {target!r}")
    notes = []
    if unusual_valence:
        notes.append(f"{len(unusual_valence)} molecules of unusual valence are read as written")
    y = values if classes is None else values.astype(np.int64)
    graphs = chemistry.graphs(texts, str(path), unusual_valence)
    return described(texts, graphs, y, classes, target, notes)


def described(
    texts: list[str],
    graphs: dict[str, Array],
    y: Array,
    classes: list[str] | None,
    target: str,
    notes: list[str],
) -> Prepared:
    """The data set of given molecules.

    Args:
        texts: SMILES.
        graphs: Of the texts, from ``smiles.graphs``.
        y: Class or real value of each.
        classes: Names of the classes, or None for regression.
        target: What ``y`` is.
        notes: What else a reader of the numbers must know.
    """
    packed, offsets = pack(texts)
    repeats = len(texts) - len(set(texts))
    meta = describe(
        "molecules",
        len(texts),
        task="regression" if classes is None else "classification",
        classes=classes,
        notes=[
            "features of atoms: element, heavy neighbours, charge, hydrogens, aromatic, in a ring",
            f"{repeats} rows repeat the SMILES of another",
            *notes,
        ],
        n_nodes=len(graphs["x"]),
        n_features=graphs["x"].shape[1],
        n_edges=graphs["edge_index"].shape[1],
        n_edge_kinds=len(chemistry.BONDS),
        n_scaffolds=int(graphs["scaffold"].max()) + 1,
        target=target,
    )
    own: dict[str, Array] = {"smiles": packed, "smiles_offsets": offsets, "y": y}
    return Prepared(own | graphs, meta)


def pack(texts: list[str]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Join texts into one array of UTF-8 bytes and the N + 1 offsets between them."""
    encoded = [text.encode() for text in texts]
    offsets = np.cumsum([0, *(len(text) for text in encoded)], dtype=np.int64)
    return np.frombuffer(b"".join(encoded), dtype=np.uint8), offsets


def unpack(packed: NDArray[np.uint8], offsets: NDArray[np.int64]) -> list[str]:
    """The texts that :func:`pack` joined.

    Example:
        >>> unpack(*pack(["CCO", "", "c1ccccc1"]))
        ['CCO', '', 'c1ccccc1']
    """
    content = packed.tobytes()
    return [content[start:end].decode() for start, end in pairwise(offsets)]
