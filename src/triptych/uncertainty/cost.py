"""What training and prediction cost, counted rather than timed: the same on every machine."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from triptych.operations import Operations

BACKWARD = 2  # passes forward that the gradient is worth: one for the inputs, one for the weights


def multiply_adds(run: Callable[[], object]) -> int:
    """Multiply-adds of the matrix products and convolutions in a call, of nothing else."""
    with torch.no_grad(), Operations() as counted:
        run()
    return counted.multiply_adds


def training_multiply_adds(
    networks: Mapping[str, nn.Module], steps: Mapping[str, int], batch: int, x: Tensor
) -> float:
    """Multiply-adds of gradient training.

    Args:
        networks: What is trained, by name.
        steps: Updates that each took.
        batch: Examples per update.
        x: One example [1, ...].

    Returns:
        Forward and backward passes of all updates; a backward pass counts as two forward ones.
    """
    passes = {name: (1 + BACKWARD) * steps[name] * batch for name in networks}
    return float(sum(passes[n] * multiply_adds(lambda n=n: networks[n](x)) for n in networks))  # type: ignore[misc]
