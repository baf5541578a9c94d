"""CIFAR-10-C, on small files of the published layout."""

import json
from pathlib import Path

import numpy as np
import pytest

from triptych.data import cifar_c
from triptych.data.catalogue import get
from triptych.data.corruptions import averaged, names
from triptych.data.parts import Part
from triptych.errors import UserError
from triptych.files import read_arrays, read_json, write_arrays, write_json
from triptych.uncertainty import shift

N = 6


def write(folder: Path, kinds: tuple[str, ...] = ("contrast", "fog")) -> dict[str, np.ndarray]:
    """Files of N test images: pixel (0, 0) says kind, severity and image."""
    folder.mkdir(parents=True, exist_ok=True)
    labels = np.tile(np.arange(N, dtype=np.uint8) % 3, 5)
    np.save(folder / "labels.npy", labels)
    arrays = {}
    for place, kind in enumerate(kinds):
        x = np.zeros((5 * N, 32, 32, 3), np.uint8)
        severity, image = np.divmod(np.arange(5 * N), N)
        x[:, 0, 0] = np.stack([np.full(5 * N, place + 1), severity + 1, image], axis=1)
        x[:, 1:] = 20 * (severity + 1)[:, None, None, None]
        np.save(folder / f"{kind}.npy", x)
        arrays[kind] = x
    return arrays


def test_the_catalogue_names_every_file_of_the_archive() -> None:
    entry = get("cifar10_c")
    kinds = [file.name.removesuffix(".npy") for file in entry.files if file.name != "labels.npy"]
    assert sorted(kinds) == names("cifar_c") and len(averaged(kinds, "cifar_c")) == 15
    # A .npy of bytes is a header of 128 bytes and its values; a tar rounds each member up to 512
    # after a header of 512, has an entry for the folder, and ends on a multiple of 10 240.
    sizes = [file.bytes for file in entry.files]
    assert sizes == [128 + 50_000 * 32 * 32 * 3] * 19 + [128 + 50_000]
    tar = 512 + sum(512 + size + -size % 512 for size in sizes)
    assert entry.archive is not None
    assert entry.archive.bytes == tar + 1024 + -(tar + 1024) % 10_240


def test_layout(tmp_path: Path) -> None:
    arrays = write(tmp_path)
    read = cifar_c.published(tmp_path)
    assert set(read.arrays) == {"y", "contrast", "fog"}
    assert read.arrays["y"].tolist() == [0, 1, 2, 0, 1, 2] and read.arrays["y"].dtype == np.int64
    assert np.array_equal(read.arrays["fog"], arrays["fog"])
    assert (read.meta["kind"], read.meta["of"], read.meta["n"]) == ("shifted", "cifar10", N)


def test_other_layouts_are_refused(tmp_path: Path) -> None:
    write(tmp_path)
    np.save(tmp_path / "fog.npy", np.zeros((5 * N, 3, 32, 32), np.uint8))
    with pytest.raises(UserError, match=r"fog\.npy: expected bytes \[30, 32, 32, 3\]"):
        cifar_c.published(tmp_path)
    np.save(tmp_path / "fog.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(UserError, match=r"fog\.npy: expected an array"):
        cifar_c.published(tmp_path)
    np.save(tmp_path / "labels.npy", np.arange(5 * N, dtype=np.uint8))
    with pytest.raises(UserError, match="the same labels five times"):
        cifar_c.published(tmp_path)


def test_rows_of_a_severity_are_the_test_images_in_their_order(tmp_path: Path) -> None:
    """Severity 1 comes first, not last; labels tell another order."""
    write(tmp_path)
    read = cifar_c.published(tmp_path).arrays
    rows = np.array([4, 0, 5])
    found = cifar_c.of_test_images(read["contrast"], read["y"], rows, read["y"][rows])
    for severity, x in found.items():
        assert x[:, 0, 0].tolist() == [[1, severity, row] for row in rows]
    with pytest.raises(UserError, match="other labels"):
        cifar_c.of_test_images(read["contrast"], read["y"], rows, read["y"][rows] + 1)
    with pytest.raises(UserError, match="other labels"):
        cifar_c.of_test_images(read["contrast"], read["y"], rows + 1, read["y"][rows])


def test_published_images_take_the_place_of_ours(tmp_path: Path) -> None:
    write(tmp_path / "raw")
    content = cifar_c.published(tmp_path / "raw")
    prepared = tmp_path / "prepared" / "cifar10_c"
    write_arrays(prepared / "arrays.safetensors", content.arrays)
    write_json(prepared / "manifest.json", {"meta": content.meta})
    index = np.arange(100, 100 + N)  # after the 100 training images
    meta = {
        "kind": "images", "dataset": "cifar10", "levels": 256, "n": 100 + N, "seed": 0,
        "part": "test",
    }  # fmt: skip
    part = Part({"x": np.zeros((N, 32, 32, 3), np.uint8), "y": content.arrays["y"],
                 "index": index}, meta)  # fmt: skip
    test = tmp_path / "test.safetensors"
    write_arrays(test, part.arrays, {"meta": json.dumps(meta)})
    values = {
        "kinds": ["contrast", "fog"], "severities": [1, 5], "constants": "cifar_c",
        "published": ["cifar10"], "companions": ["cifar10_c"],
    }  # fmt: skip
    write_json(tmp_path / "conf.json", values)
    shift.run(tmp_path / "conf.json", test, tmp_path / "out", tmp_path / "prepared")
    for place, kind in enumerate(values["kinds"]):
        made = read_arrays(tmp_path / "out" / f"{kind}.safetensors")
        assert made["5"][:, 0, 0].tolist() == [[place + 1, 5, image] for image in range(N)]
    facts = read_json(tmp_path / "out" / "manifest.json")["kinds"]["fog"]
    assert facts["gate"] == "as published" and facts["rmse"]["1"] < facts["rmse"]["5"]
    write_json(tmp_path / "conf.json", values | {"kinds": ["snow"]})
    with pytest.raises(UserError, match="snow: expected it among the published"):
        shift.run(tmp_path / "conf.json", test, tmp_path / "out", tmp_path / "prepared")
