"""What a training run must remember to continue as if it had never stopped."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from triptych.checkpoint import Checkpoint

if TYPE_CHECKING:
    from triptych.training import Loop


@dataclass(frozen=True)
class CurvePoint:
    """One value of a training curve; ``time`` in seconds since the epoch, for tracking."""

    step: int
    split: str
    metric: str
    value: float
    time: float


def save(loop: "Loop", checkpoint: Checkpoint) -> None:
    """Write everything the next step depends on."""
    tensors = {f"model/{k}": v for k, v in loop.model.state_dict().items()}
    tensors |= {f"average/{k}": v for k, v in loop.average.items()}
    tensors |= {f"best/{k}": v for k, v in loop.best_state.items()}
    for name, optimiser in loop.optimisers.items():
        for index, state in optimiser.state_dict()["state"].items():
            tensors |= {f"optimiser/{name}/{index}/{k}": v for k, v in state.items()}
    tensors["rng/noise"] = loop.rng.get_state()
    tensors["rng/global"] = torch.get_rng_state()
    if loop.device.type == "cuda":
        tensors["rng/cuda"] = torch.cuda.get_rng_state(loop.device)
    facts = {
        "step": loop.step,
        "seconds": loop.seconds,
        "status": loop.status,
        "best": [loop.best[0] if math.isfinite(loop.best[0]) else None, loop.best[1]],
        "running": loop.running,
        "running_updates": loop.running_updates,
        "curves": [vars(point) for point in loop.curves],
    }
    checkpoint.save(tensors, facts)


def restore(loop: "Loop", checkpoint: Checkpoint) -> None:
    """Continue from a checkpoint of this very job, if there is one."""
    found = checkpoint.load()
    if found is None:
        return
    tensors, facts = found
    loop.model.load_state_dict(_under(tensors, "model/"))
    loop.average = {k: v.to(loop.device) for k, v in _under(tensors, "average/").items()}
    loop.best_state = {k: v.to(loop.device) for k, v in _under(tensors, "best/").items()}
    for name, optimiser in loop.optimisers.items():
        state = optimiser.state_dict()
        state["state"] = _nested(_under(tensors, f"optimiser/{name}/"))
        optimiser.load_state_dict(state)
    loop.rng.set_state(tensors["rng/noise"])
    torch.set_rng_state(tensors["rng/global"])
    if loop.device.type == "cuda":
        torch.cuda.set_rng_state(tensors["rng/cuda"], loop.device)
    loop.step, loop.seconds, loop.status = facts["step"], facts["seconds"], facts["status"]
    value, step = facts["best"]
    loop.best = (math.inf if value is None else value, step)
    loop.running, loop.running_updates = facts["running"], facts["running_updates"]
    loop.curves = [CurvePoint(**point) for point in facts["curves"]]


def _under(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}


def _nested(flat: Mapping[str, Tensor]) -> dict[int, dict[str, Tensor]]:
    nested: dict[int, dict[str, Tensor]] = {}
    for name, tensor in flat.items():
        index, key = name.split("/", 1)
        nested.setdefault(int(index), {})[key] = tensor
    return nested
