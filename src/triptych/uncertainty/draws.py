"""Random members: one function each, the same for every image and every shifted set."""

from collections.abc import Mapping
from typing import Any

import torch

from triptych.seeding import derive_seed


def generator(meta: Mapping[str, Any], *purpose: object) -> torch.Generator:
    """A generator on the CPU fixed by the split (data set and seed) and a purpose.

    The generator of a prediction differs between sets. Weights drawn from that one would give a
    member another network on every set, and what two sets say of it could not be compared.
    """
    where = meta.get("dataset", ""), meta.get("seed", 0)
    return torch.Generator().manual_seed(derive_seed("members", *where, *purpose))
