"""Checkpoints: atomic, tied to the content of their job, verified, and never a pickle."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from triptych.files import write_bytes


@dataclass(frozen=True)
class Checkpoint:
    """One file that holds the state of a running job.

    Attributes:
        path: The file; removed by :meth:`clear` once the job's results are written.
        key: Digest of the job's parameters, code and data; a file of another key is ignored.
        every_seconds: How often the loop writes it.
    """

    path: Path
    key: str
    every_seconds: float = 60.0

    def save(self, tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> None:
        """Replace the file by this state."""
        held = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
        text = json.dumps(facts)
        metadata = {"key": self.key, "facts": text, "sha256": _digest(held, text)}
        write_bytes(self.path, save(held, metadata))

    def load(self) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
        """The state of this very job, or None if there is none that can be trusted."""
        if not self.path.exists():
            return None
        try:
            with safe_open(self.path, framework="pt") as handle:
                metadata = handle.metadata() or {}
                if metadata.get("key") != self.key:
                    return None
                tensors = {name: handle.get_tensor(name) for name in handle.keys()}  # noqa: SIM118
        except (SafetensorError, OSError, ValueError):  # damaged on disk: better start again
            return None
        text = metadata.get("facts", "")
        if metadata.get("sha256") != _digest(tensors, text):
            return None
        return tensors, json.loads(text)

    def clear(self) -> None:
        """Remove the file."""
        self.path.unlink(missing_ok=True)


def _digest(tensors: Mapping[str, Tensor], facts: str) -> str:
    """SHA-256 of everything that a job would continue from."""
    digest = hashlib.sha256(facts.encode())
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(f"{name} {tensor.dtype} {list(tensor.shape)}".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
