"""What a training costs in multiply-adds: counted over one step, whatever the machine."""

import copy

import torch
from torch import Tensor

from triptych.generative.measures.base import Measured, Trained
from triptych.model import Trainable
from triptych.operations import Operations
from triptych.params import TrainingParams


def measure(trained: Trained) -> Measured:
    """Multiply-adds of matrix products and convolutions, forward and backward, of all steps."""
    model, out = trained.model, Measured()
    params = model.params
    steps = trained.facts.get("steps", {})
    if not isinstance(params, TrainingParams) or not any(steps.values()):
        return out  # fitted in closed form
    x = trained.images(trained.train)[: params.batch_size]
    batch = {"x": x}
    total = sum(
        multiply_adds(part, batch, trained.rng(f"count {name}")) * steps[name]
        for name, part in copy.deepcopy(model).trainables().items()
    )
    out.records.append(
        trained.record(
            "training_multiply_adds", float(total), "multiply-adds", "exact", 1,
            "matrix products and convolutions, forward and backward, counted over one step of "
            f"{len(x)} images, times the steps done; validations left out", split="train",
        )
    )  # fmt: skip
    return out


def multiply_adds(part: Trainable, batch: dict[str, Tensor], rng: torch.Generator) -> int:
    """Of one training step of ``part``, which is not updated."""
    part.train()
    with Operations() as counted:
        for _, loss in part.objectives(batch, rng):
            loss.backward()  # type: ignore[no-untyped-call]
    return counted.multiply_adds
