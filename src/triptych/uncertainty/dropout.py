"""Dropout at prediction time and nothing else stochastic."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn
from torch.nn.modules.dropout import _DropoutNd

_MAX_SEED = 2**63 - 1


@contextmanager
def sampling(module: nn.Module, rng: torch.Generator) -> Iterator[None]:
    """Within the block dropout layers drop and every other layer is in evaluation mode.

    Putting the whole module into training mode would also make batch normalisation use, and
    overwrite, its running statistics. Dropout layers draw from torch's global stream, which is
    seeded from ``rng`` for the block and put back afterwards.

    Args:
        module: Any module; the modes of all its layers are put back afterwards.
        rng: Generator on the CPU.
    """
    modes = {layer: layer.training for layer in module.modules()}
    device = next((p.device for p in module.parameters()), torch.device("cpu"))
    seed = int(torch.randint(_MAX_SEED, (), generator=rng))
    module.eval()
    for layer in module.modules():
        if isinstance(layer, _DropoutNd):
            layer.train()
    try:
        with torch.random.fork_rng([device] if device.type == "cuda" else []):
            _seed(device, seed)
            yield
    finally:
        for layer, mode in modes.items():
            layer.training = mode


def _seed(device: torch.device, seed: int) -> None:
    """Seed one device's stream: ``torch.manual_seed`` also notes where it was called, each time."""
    if device.type == "cuda":
        with torch.cuda.device(device):
            torch.cuda.manual_seed(seed)
    else:
        torch.default_generator.manual_seed(seed)
