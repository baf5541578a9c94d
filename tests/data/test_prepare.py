import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from triptych.data import images
from triptych.data.catalogue import catalogue, get
from triptych.data.prepare import load, prepare, prepare_set
from triptych.errors import UserError

EMBEDDED = [name for name, dataset in catalogue().items() if dataset.embedded]


@pytest.mark.parametrize("name", EMBEDDED)
def test_embedded_sets_keep_the_conventions(name: str, tmp_path: Path) -> None:
    manifest = json.loads(prepare(name, tmp_path / "raw", tmp_path).read_text())
    read = load(tmp_path)
    check_conventions(read.arrays, read.meta)
    assert manifest["kind"] == read.meta["kind"] == get(name).kind
    assert manifest["licence"] and manifest["citation"] and manifest["raw"] == {}
    contents = manifest["arrays"]["contents"]
    assert {k: tuple(v["shape"]) for k, v in contents.items()} == {
        k: v.shape for k, v in read.arrays.items()
    }


def check_conventions(arrays: dict[str, np.ndarray[Any, Any]], meta: dict[str, Any]) -> None:
    """What every consumer may rely on, whatever the set."""
    assert {"kind", "n", "n_classes", "task", "standard_split", "notes"} <= meta.keys()
    if "y" in arrays:
        assert arrays["y"].shape == (meta["n"],)
        if meta["task"] == "classification":
            assert arrays["y"].dtype == np.int64
            assert set(np.unique(arrays["y"])) - {-1} == set(range(meta["n_classes"]))
        else:
            assert arrays["y"].dtype == np.float64 and meta["n_classes"] is None
    if meta["kind"] == "images":
        assert arrays["x"].dtype == np.uint8 and arrays["x"].ndim == 4
        assert (
            arrays["x"].max() == meta["levels"] - 1 and list(arrays["x"].shape[1:]) == meta["shape"]
        )
    if meta["kind"] == "table":
        assert arrays["x"].dtype == np.float64 and np.isfinite(arrays["x"]).all()
    if meta["kind"] in ("graph", "graphs"):
        x, (source, target) = arrays["x"], arrays["edge_index"]
        assert x.dtype == np.float32 and np.isfinite(x).all()
        keys = source * len(x) + target
        assert arrays["edge_index"].dtype == np.int64 and (np.diff(keys) > 0).all()
        assert (source != target).all()
        assert np.array_equal(np.sort(target * len(x) + source), keys)
    assert ("split" in arrays) == meta["standard_split"]
    if "split" in arrays:
        assert arrays["split"].dtype == np.int8 and arrays["split"].shape == (meta["n"],)


def test_bytes_are_the_same_every_time(tmp_path: Path) -> None:
    for out in ("a", "b"):
        for name in ("digits", "wine_knn", "csbm_phi_p050"):
            prepare(name, tmp_path, tmp_path / out / name)
    for path in sorted((tmp_path / "a").rglob("*.*")):
        assert path.read_bytes() == (tmp_path / "b" / path.relative_to(tmp_path / "a")).read_bytes()


def test_round_trip(tmp_path: Path) -> None:
    prepare("digits", tmp_path, tmp_path)
    read, direct = load(tmp_path), images.digits(None)
    assert read.meta == direct.meta
    assert all(np.array_equal(read.arrays[key], direct.arrays[key]) for key in direct.arrays)


def test_damaged_arrays_are_not_loaded(tmp_path: Path) -> None:
    prepare("wine", tmp_path, tmp_path)
    path = tmp_path / "arrays.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(UserError, match="expected sha256"):
        load(tmp_path)
    path.unlink()
    with pytest.raises(UserError, match="prepare the set again"):
        load(tmp_path)


def test_not_fetched_yet(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"expected the raw files of mnist.*'triptych fetch mnist'"):
        prepare("mnist", tmp_path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_catalogue_with_a_missing_reader(tmp_path: Path) -> None:
    dataset = get("digits").model_copy(update={"reader": "images.none"})
    with pytest.raises(UserError, match=r"digits: no reader images\.none"):
        prepare_set(dataset, tmp_path, tmp_path)
