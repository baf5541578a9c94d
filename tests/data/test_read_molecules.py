from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from triptych.data.molecules import pack, table, unpack
from triptych.errors import UserError


@given(st.lists(st.text(max_size=8), max_size=10))
def test_packing_round_trip(texts: list[str]) -> None:
    assert unpack(*pack(texts)) == texts


def write(folder: Path, text: str) -> Path:
    (folder / "a.csv").write_text(text, encoding="utf-8")
    return folder


def test_classes_and_real_values(tmp_path: Path) -> None:
    raw = write(tmp_path, 'name,smiles,y\n"a, b",CCO ,1\nb,C#N,0\nb,C#N,0\n')
    read = table(raw, file="a.csv", smiles="smiles", target="y", classes=["no", "yes"])
    assert unpack(read.arrays["smiles"], read.arrays["smiles_offsets"]) == ["CCO", "C#N", "C#N"]
    assert read.arrays["y"].dtype == np.int64 and read.arrays["y"].tolist() == [1, 0, 0]
    assert "1 rows repeat" in str(read.meta["notes"])
    real = table(raw, file="a.csv", smiles="smiles", target="y", classes=None)
    assert real.arrays["y"].dtype == np.float64 and real.meta["task"] == "regression"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("smile,y\nC,1\n", "expected the columns 'smiles' and 'y'"),
        ("smiles,y\n", "expected the columns"),
        ("smiles,y\nC,\n", "expected numbers in 'y'"),
        ("smiles,y\n,1\n", "expected a molecule and a value"),
        ("smiles,y\nC,nan\n", "expected a molecule and a value"),
        ("smiles,y\nC,2\n", "expected classes 0 to 1"),
    ],
)
def test_mistakes(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(UserError, match=complaint):
        table(write(tmp_path, text), file="a.csv", smiles="smiles", target="y", classes=["a", "b"])
