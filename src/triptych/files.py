"""Files that jobs exchange: written atomically, read with a clear error, never a pickle."""

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError, safe_open

from triptych.errors import UserError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]
else:
    Array = Any  # NumPy takes a tenth of a second, which every reading of the rules would pay


@contextmanager
def atomic_path(path: Path | str) -> Iterator[Path]:
    """Yield a temporary neighbour of ``path`` that replaces it only if the block succeeds."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o644)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def remove_leftovers(folder: Path | str, before: float) -> None:
    """Delete what writers that were killed left unfinished; for who has finished ``folder``.

    Args:
        folder: Where to look.
        before: Seconds since the epoch: what changed later may be in the making by another process.
    """
    for path in Path(folder).glob(".*.part"):
        with suppress(FileNotFoundError):
            if path.stat().st_mtime < before:
                path.unlink()


def write_bytes(path: Path | str, content: bytes) -> None:
    """Write ``content`` atomically."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)


def write_text(path: Path | str, content: str) -> None:
    """Write ``content`` atomically as UTF-8."""
    write_bytes(path, content.encode())


def write_if_changed(path: Path | str, content: str) -> bool:
    """Write ``content`` only if the file differs, so that an equal value keeps its old mtime."""
    path = Path(path)
    if path.exists() and path.read_bytes() == content.encode():
        return False
    write_text(path, content)
    return True


def canonical_json(value: Any) -> str:
    """JSON with sorted keys: the same value gives the same bytes, whatever the key order."""
    return json.dumps(value, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def write_json(path: Path | str, value: Any) -> None:
    """Write ``value`` atomically as canonical JSON."""
    write_text(path, canonical_json(value))


def read_json(path: Path | str) -> Any:
    """Read a JSON file.

    Raises:
        UserError: The file is missing, is a folder, or is not JSON (for example half-written).
    """
    path = Path(path)
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(
            f"{path}: expected a JSON file, found none; run the job that makes it"
        ) from None
    except OSError as error:
        raise UserError(f"{path}: expected a JSON file, found none ({error.strerror})") from None
    except (ValueError, RecursionError) as error:
        raise UserError(
            f"{path}: expected JSON, found something else ({error}); delete it and run its job"
        ) from None


def read_object(path: Path | str, *keys: str) -> dict[str, Any]:
    """Read a JSON file that is an object with at least these keys.

    Raises:
        UserError: It is no such file.
    """
    value = read_json(path)
    if not isinstance(value, dict):
        raise UserError(f"{path}: expected an object of JSON, found a {type(value).__name__}")
    missing = [key for key in keys if key not in value]
    if missing:
        raise UserError(
            f"{path}: expected a file with {', '.join(keys)}, found none of that: "
            f"{', '.join(missing)} missing; is it the right file?"
        )
    return value


def sha256_bytes(content: bytes) -> str:
    """Hexadecimal SHA-256 of ``content``."""
    return hashlib.sha256(content).hexdigest()


def sha256_file(path: Path | str) -> str:
    """Hexadecimal SHA-256 of a file, read in blocks."""
    with Path(path).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def sha256_json(value: Any) -> str:
    """Digest of a value through its canonical JSON."""
    return sha256_bytes(canonical_json(value).encode())


def write_arrays(
    path: Path | str, arrays: Mapping[str, Array], metadata: Mapping[str, str] | None = None
) -> None:
    """Write named arrays (any shape; numeric or bool) atomically as safetensors."""
    import numpy as np
    from safetensors.numpy import save

    ordered = {name: np.ascontiguousarray(arrays[name]) for name in sorted(arrays)}
    write_bytes(path, save(ordered, dict(metadata) if metadata else None))


def read_arrays(path: Path | str) -> dict[str, Array]:
    """Read all arrays of a safetensors file.

    Raises:
        UserError: The file is missing, truncated, not safetensors, or of types NumPy has not.
    """
    with open_arrays(path) as handle:
        try:
            return {name: handle.get_tensor(name) for name in handle.keys()}  # noqa: SIM118
        except (SafetensorError, TypeError, ValueError, LookupError, AttributeError) as error:
            raise _damaged(path, error) from None


def read_array_metadata(path: Path | str) -> dict[str, str]:
    """Read the metadata (a flat string map) of a safetensors file."""
    with open_arrays(path) as handle:
        return dict(handle.metadata() or {})


@contextmanager
def open_arrays(path: Path | str) -> Iterator[Any]:
    """Open a safetensors file lazily (``keys``, ``get_tensor``, ``metadata``)."""
    path = Path(path)
    if not path.is_file():
        raise UserError(f"{path}: expected an array file, found none; run the job that makes it")
    try:
        handle = safe_open(path, framework="numpy")
    except (SafetensorError, OSError, ValueError) as error:
        raise _damaged(path, error) from None
    with handle as opened:
        yield opened


def _damaged(path: Path | str, error: Exception) -> UserError:
    return UserError(
        f"{path}: expected a complete safetensors file, found a damaged one ({error}); "
        "delete it and run the job that makes it"
    )
