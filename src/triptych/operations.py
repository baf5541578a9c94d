"""Multiply-adds of whatever torch computes: counted, not timed, so the same on every machine."""

from collections.abc import Mapping, Sequence
from typing import Any

from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

OPERATIONS = 2  # that torch counts for a multiplication and an addition


class Operations(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Adds up, within a block, torch's own formula for every matrix product and convolution.

    The library's ``FlopCounterMode`` adds up the same, but hooks modules, which gradients of
    gradients do not survive, and imports the compiler (a second of each process).

    Example:
        >>> import torch
        >>> with Operations() as counted:
        ...     product = torch.ones(2, 3) @ torch.ones(3, 4)
        >>> counted.multiply_adds
        24
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._operations = 0

    def __enter__(self) -> "Operations":
        """Begin."""
        super().__enter__()  # type: ignore[no-untyped-call]
        return self

    @property
    def multiply_adds(self) -> int:
        """So far."""
        return self._operations // OPERATIONS

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """False: nothing is compiled here, and to skip the compiler would import it."""
        return False

    def __torch_dispatch__(
        self,
        func: Any,
        types: Sequence[type],
        args: Any = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Run the operator and count it."""
        out = func(*args, **(kwargs or {}))
        formula = flop_registry.get(func._overloadpacket)
        if formula is not None:
            self._operations += int(formula(*args, **(kwargs or {}), out_val=out))
        return out
