"""Image sets: uint8 [N, H, W, C] with a known number of grey levels, and class labels."""

import gzip
import math
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from triptych.data import pickles
from triptych.data.prepared import Prepared, describe
from triptych.data.verify import recorded_sha256
from triptych.errors import UserError
from triptych.seeding import numpy_generator

U8 = NDArray[np.uint8]
TRAIN, VALIDATION, TEST = 0, 1, 2
LARGEST, MOST_DIMENSIONS = 1 << 29, 3  # of an idx file; MNIST has 47 million bytes


def digits(raw: Path | None, held_out: Sequence[int] = ()) -> Prepared:
    """1797 digits of 8×8 pixels with the levels 0 to 16.

    A level counts the dark pixels of a 4×4 block of the original 32×32 bitmap.

    Args:
        raw: None.
        held_out: Classes to leave without a label; see :func:`open_set`.
    """
    from sklearn import datasets  # a second and a half that no other reader needs

    bunch = datasets.load_digits()
    x = np.asarray(bunch.images).astype(np.uint8)[..., None]
    meta = describe(
        "images",
        len(x),
        task="classification",
        classes=[str(name) for name in bunch.target_names],
        levels=17,
        shape=[8, 8, 1],
        notes=["the 1797 images of the original test part, by 13 writers who are not identified"],
    )
    return open_set(Prepared({"x": x, "y": np.asarray(bunch.target, np.int64)}, meta), held_out)


def idx(raw: Path | None, classes: list[str], held_out: Sequence[int] = ()) -> Prepared:
    """MNIST and its drop-in replacements: four gzipped idx files, 60 000 train and 10 000 test.

    Args:
        raw: The folder of the files.
        classes: Names of the classes.
        held_out: Classes to leave without a label; see :func:`open_set`.
    """
    folder = need(raw)
    names = ("train", "t10k")
    images = [read_idx(folder / f"{name}-images-idx3-ubyte.gz") for name in names]
    labels = [read_idx(folder / f"{name}-labels-idx1-ubyte.gz") for name in names]
    for part, marks in zip(images, labels, strict=True):
        if part.ndim != 3 or marks.shape != part.shape[:1]:
            raise UserError(
                f"{folder}: expected images and as many labels, found {part.shape}, {marks.shape}"
            )
    arrays: dict[str, NDArray[Any]] = {
        "x": np.concatenate(images)[..., None],
        "y": np.concatenate(labels).astype(np.int64),
        "split": _parts([(len(images[0]), TRAIN), (len(images[1]), TEST)]),
    }
    meta = describe(
        "images",
        len(arrays["x"]),
        task="classification",
        classes=classes,
        standard_split=True,
        levels=256,
        shape=list(arrays["x"].shape[1:]),
        notes=["standard test part; validation is carved from train by seed"],
    )
    return open_set(Prepared(arrays, meta), held_out)


def open_set(content: Prepared, held_out: Sequence[int]) -> Prepared:
    """Hold classes out: their images keep no label and no place in any part.

    The other classes are numbered anew without gaps. Whoever wants images of classes that no model
    of this set has seen takes those with label -1.
    """
    if not held_out:
        return content
    old, names = content.arrays["y"], content.meta["classes"]
    assert isinstance(names, list)
    kept = [label for label in range(len(names)) if label not in held_out]
    new = np.full(len(names), -1, np.int64)
    new[kept] = np.arange(len(kept))
    arrays = content.arrays | {"y": new[old]}
    if "split" in arrays:
        arrays["split"] = np.where(arrays["y"] < 0, -1, arrays["split"]).astype(np.int8)
    notes = content.meta["notes"]
    assert isinstance(notes, list)
    meta = content.meta | {
        "classes": [names[label] for label in kept],
        "n_classes": len(kept),
        "notes": [*notes, f"held out: {', '.join(str(names[label]) for label in held_out)}"],
    }
    return Prepared(arrays, meta)


def read_idx(path: Path) -> U8:
    """Read a gzipped idx file of unsigned bytes, of any number of dimensions.

    The header is two zero bytes, the type (8: unsigned byte), the number of dimensions, and the
    dimensions as big-endian 32-bit integers.

    Raises:
        UserError: It is not such a file, is cut short, or unpacks to more than ``LARGEST``.
    """
    try:
        with gzip.open(path, "rb") as stream:
            content = stream.read(LARGEST + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise UserError(f"{path}: expected a gzipped idx file, found none ({error})") from None
    if len(content) > LARGEST:
        raise UserError(f"{path}: expected at most {LARGEST} bytes, found more")
    if len(content) < 4 or content[:3] != b"\x00\x00\x08":
        raise UserError(f"{path}: expected an idx file of bytes, found header {content[:4].hex()}")
    start = 4 + 4 * content[3]
    if len(content) < start:
        raise UserError(f"{path}: expected a header of {start} bytes, found {len(content)}")
    shape = tuple(int(size) for size in np.frombuffer(content[4:start], ">u4"))
    values = np.frombuffer(content[start:], np.uint8)
    if values.size != math.prod(shape) or len(shape) > MOST_DIMENSIONS:
        raise UserError(f"{path}: expected values of shape {shape}, found {values.size} values")
    return values.reshape(shape)


def binarized_mnist(raw: Path | None) -> Prepared:
    """The fixed binarisation: 50 000 train, 10 000 validation and 10 000 test images, no labels."""
    folder = need(raw)
    names = {"train": TRAIN, "valid": VALIDATION, "test": TEST}
    images = [read_amat(folder / f"binarized_mnist_{name}.amat") for name in names]
    arrays = {
        "x": np.concatenate(images).reshape(-1, 28, 28, 1),
        "split": _parts([(len(x), part) for x, part in zip(images, names.values(), strict=True)]),
    }
    meta = describe(
        "images",
        len(arrays["x"]),
        task=None,
        standard_split=True,
        levels=2,
        shape=[28, 28, 1],
        notes=["static binarisation: each pixel drawn once with its grey value as probability"],
    )
    return Prepared(arrays, meta)


def dynamic_mnist(raw: Path | None) -> Prepared:
    """MNIST as probabilities: ``x`` is one draw of them, for judging; ``p`` is drawn from anew.

    Training draws its pixels from ``p`` (grey value / 255) at every step; validation and test
    images are the one draw that stands in ``x``, the same for everybody. 50 000 / 10 000 / 10 000,
    as the literature cuts it.
    """
    grey = idx(raw, [str(digit) for digit in range(10)]).arrays
    p = grey["x"]
    uniform = numpy_generator("binarise", "dynamic_mnist").random(p.shape, dtype=np.float32)
    validation = 10_000
    training = int((grey["split"] == TRAIN).sum()) - validation
    arrays: dict[str, NDArray[Any]] = {
        "x": (uniform * 255 < p).astype(np.uint8),
        "p": p,
        "y": grey["y"],
        "split": _parts([(training, TRAIN), (validation, VALIDATION), (len(p) - 60_000, TEST)]),
    }
    meta = describe(
        "images",
        len(p),
        task="classification",
        classes=[str(digit) for digit in range(10)],
        standard_split=True,
        levels=2,
        shape=[28, 28, 1],
        notes=["dynamic binarisation: training pixels are drawn anew at every step"],
    )
    return Prepared(arrays, meta)


def read_amat(path: Path, columns: int = 784) -> U8:
    """Read a text matrix of 0 and 1, one row a line, single spaces between.

    Raises:
        UserError: Something else is in the file.
    """
    content = np.frombuffer(path.read_bytes(), np.uint8)
    if content.size == 0 or content.size % (2 * columns):
        raise UserError(
            f"{path}: expected lines of {2 * columns} bytes, found {content.size} bytes in all"
        )
    table = content.reshape(-1, columns, 2)
    values, between = table[..., 0] - ord("0"), table[..., 1]
    separated = (between[:, :-1] == ord(" ")).all() and np.isin(between[:, -1], (10, 32)).all()
    if values.max() > 1 or not separated:
        raise UserError(f"{path}: expected only 0 and 1 separated by spaces, found something else")
    return values


def cifar10(raw: Path | None) -> Prepared:
    """50 000 train and 10 000 test photographs of 32×32 pixels, RGB, 10 classes."""
    folder = need(raw)
    train = [cifar_batch(folder, f"data_batch_{number}") for number in range(1, 6)]
    test = cifar_batch(folder, "test_batch")
    batches = [*train, test]
    arrays = {
        "x": np.concatenate([x for x, _ in batches]),
        "y": np.concatenate([y for _, y in batches]),
        "split": _parts([(sum(len(x) for x, _ in train), TRAIN), (len(test[0]), TEST)]),
    }
    names = pickles.load(folder / "batches.meta", recorded_sha256(folder, "batches.meta"))
    meta = describe(
        "images",
        len(arrays["x"]),
        task="classification",
        classes=[str(name) for name in names["label_names"]],
        standard_split=True,
        levels=256,
        shape=[32, 32, 3],
        notes=["standard test part; validation is carved from train by seed"],
    )
    return Prepared(arrays, meta)


def cifar_batch(folder: Path, name: str) -> tuple[U8, NDArray[np.int64]]:
    """One batch: a row holds the red, then the green, then the blue plane of 32×32 pixels."""
    batch: dict[str, Any] = pickles.load(folder / name, recorded_sha256(folder, name))
    y = np.asarray(batch["labels"], dtype=np.int64)
    x = np.asarray(batch["data"])
    if x.dtype != np.uint8 or x.shape != (len(y), 3072):
        raise UserError(f"{folder / name}: expected bytes ({len(y)}, 3072), found {x.shape}")
    return np.ascontiguousarray(x.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)), y


def cifar10h(raw: Path | None) -> Prepared:
    """How often people chose each class for each of the 10 000 test images of CIFAR-10."""
    counts = read_npy(need(raw) / "cifar10h-counts.npy").astype(np.int64)
    meta = describe(
        "labels",
        len(counts),
        task=None,
        of="cifar10",
        of_split="test",
        notes=["row i belongs to test image i of CIFAR-10, in the order of its python archive"],
    )
    return Prepared({"counts": counts}, meta)


def read_npy(path: Path) -> NDArray[Any]:
    """One array of numbers from a npy file, left on disk until it is read.

    Raises:
        UserError: It is no such file, is cut short, or holds objects.
    """
    try:
        array = np.asarray(np.lib.format.open_memmap(path, mode="r"))
    except (OSError, ValueError, OverflowError, SyntaxError, RecursionError) as error:
        raise UserError(f"{path}: expected an array ({error}); fetch the set again") from None
    if array.dtype.kind not in "biuf":
        raise UserError(f"{path}: expected numbers, found {array.dtype}; fetch the set again")
    return array


def need(raw: Path | None) -> Path:
    """The folder of raw files, for a reader that cannot do without."""
    if raw is None:
        raise UserError("this data set is read from files: expected their folder, found none")
    return raw


def _parts(sizes: list[tuple[int, int]]) -> NDArray[np.int8]:
    return np.concatenate([np.full(size, part, np.int8) for size, part in sizes])
