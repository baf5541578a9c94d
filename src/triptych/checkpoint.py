"""Checkpoints: atomic, tied to the content of their job, and never a pickle."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
        write_bytes(self.path, save(held, {"key": self.key, "facts": json.dumps(facts)}))

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
        except SafetensorError:  # damaged on disk: starting again is right, using it is not
            return None
        return tensors, json.loads(metadata["facts"])

    def clear(self) -> None:
        """Remove the file."""
        self.path.unlink(missing_ok=True)
