"""Pictures: photographs for demonstrations, frost for corruptions, drawings of other alphabets."""

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from triptych.data.images import need
from triptych.data.prepared import Prepared, describe
from triptych.errors import UserError

# Names the largest side and member that a picture may have: far above those of these sets.
MAX_PIXELS = 16_000_000
MAX_MEMBER = 1_000_000
DECODED = "decoded by Pillow: another JPEG decoder may differ by a level"


def photographs(raw: Path | None) -> Prepared:
    """The two sample photographs of scikit-learn, 427×640: ``china`` and ``flower``."""
    from sklearn import datasets  # a second and a half that no other reader needs

    bunch = datasets.load_sample_images()
    names = [Path(name).stem for name in bunch.filenames]
    arrays: dict[str, NDArray[Any]] = {
        name: np.asarray(picture, np.uint8)
        for name, picture in sorted(zip(names, bunch.images, strict=True))
    }
    return Prepared(arrays, _pictures(arrays))


def frost(raw: Path | None) -> Prepared:
    """The six frost pictures that the frost corruption of ImageNet-C lays over an image."""
    folder = need(raw)
    paths = sorted(path for path in folder.iterdir() if path.suffix in (".png", ".jpg"))
    arrays = {path.stem: decode(path.read_bytes(), "RGB", str(path)) for path in paths}
    return Prepared(arrays, _pictures(arrays))


def omniglot(raw: Path | None, file: str) -> Prepared:
    """Drawings of characters, 105×105, black (0) on white (1); a class is a character.

    Args:
        raw: The folder of the zip.
        file: Its name; members are ``<set>/<alphabet>/<character>/<drawing>.png``.
    """
    path = need(raw) / file
    try:
        with zipfile.ZipFile(path) as archive:
            names = sorted(name for name in archive.namelist() if name.endswith(".png"))
            drawings = [_drawing(archive, name) for name in names]
    except zipfile.BadZipFile as error:
        raise UserError(f"{path}: expected a zip of drawings ({error}); fetch it again") from None
    characters = ["/".join(name.split("/")[1:3]) for name in names]
    classes, y = np.unique(characters, return_inverse=True)
    x = np.stack(drawings)[..., None]
    meta = describe(
        "images",
        len(x),
        task="classification",
        classes=[str(name) for name in classes],
        levels=2,
        shape=list(x.shape[1:]),
        notes=["used as out-of-distribution images: 0 is ink, 1 is paper (invert for MNIST)"],
    )
    return Prepared({"x": x, "y": y.astype(np.int64)}, meta)


def decode(content: bytes, mode: str, source: str) -> NDArray[np.uint8]:
    """Pixels of a PNG or JPEG, uint8 [H, W, 3] for mode RGB or [H, W] for mode 1 or L.

    Raises:
        UserError: It is not a picture, is damaged, or is too large.
    """
    try:
        with Image.open(io.BytesIO(content), formats=("PNG", "JPEG")) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise UserError(f"{source}: expected at most {MAX_PIXELS} pixels, found more")
            return np.asarray(picture.convert(mode)).astype(np.uint8)
    except (UnidentifiedImageError, OSError) as error:
        raise UserError(f"{source}: expected a PNG or JPEG ({error}); fetch it again") from None


def _drawing(archive: zipfile.ZipFile, name: str) -> NDArray[np.uint8]:
    if archive.getinfo(name).file_size > MAX_MEMBER:
        raise UserError(f"{name}: expected at most {MAX_MEMBER} bytes, found more")
    return decode(archive.read(name), "1", name)


def _pictures(arrays: dict[str, NDArray[np.uint8]]) -> dict[str, Any]:
    return describe(
        "pictures",
        len(arrays),
        task=None,
        levels=256,
        notes=[DECODED],
        pictures=list(arrays),
    )
