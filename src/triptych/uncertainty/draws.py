"""Random members: one function each, the same for every image and every shifted set."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

import torch

from triptych.seeding import derive_seed

T = TypeVar("T")


def generator(meta: Mapping[str, Any], *purpose: object) -> torch.Generator:
    """A generator on the CPU fixed by the split (data set and seed) and a purpose.

    The generator of a prediction differs between sets. Weights drawn from that one would give a
    member another network on every set, and what two sets say of it could not be compared.
    """
    where = meta.get("dataset", ""), meta.get("seed", 0)
    return torch.Generator().manual_seed(derive_seed("members", *where, *purpose))


class Kept(Generic[T]):
    """What was drawn around a state, until the state changes.

    Members are the same for every batch, so that drawing the weights of whole networks for each
    would only do the same work again.
    """

    def __init__(self) -> None:
        self._state: list[torch.Tensor] = []
        self._drawn: T | None = None

    def __call__(self, state: Sequence[torch.Tensor], draw: Callable[[], T]) -> T:
        """What ``draw`` returned when the state was last another one.

        Args:
            state: Every tensor that the draws depend on.
            draw: Makes them; called if any of these has changed, or moved to another device.
        """
        if self._drawn is None or not _equal(state, self._state):
            self._drawn = draw()
            self._state = [tensor.detach().clone() for tensor in state]
        return self._drawn


def _equal(found: Sequence[torch.Tensor], kept: Sequence[torch.Tensor]) -> bool:
    pairs = zip(found, kept, strict=True)
    return all(a.device == b.device and torch.equal(a, b) for a, b in pairs)
