"""What a model costs: parameters, training time, network evaluations and seconds per image."""

import statistics
import time

import torch

from triptych.generative.base import Sampler
from triptych.generative.measures.base import Measured, Trained

REPEATS = 3


def measure(trained: Trained) -> Measured:
    """Counts are exact; seconds depend on the machine and go to the timings."""
    model, out = trained.model, Measured()
    out.records.append(
        trained.record(
            "parameters", float(trained.facts["parameters"]), "1", "exact", 1, "trainable numbers",
            split="train",
        )
    )  # fmt: skip
    out.timings.append(
        trained.record(
            "train_seconds", trained.facts["train_seconds"], "s", "estimate", 1,
            f"wall time of the training loop on {trained.device.type}", split="train",
        )
    )  # fmt: skip
    if isinstance(model, Sampler):
        out.records.append(
            trained.record(
                "evaluations_per_sample", model.evaluations_per_sample, "evaluations", "exact", 1,
                model.sampling_protocol(),
            )
        )  # fmt: skip
        n = trained.params.timing_samples
        out.timings.append(
            trained.record(
                "seconds_per_image", _seconds(trained, model, n) / n, "s/image", "estimate", n,
                f"median of {REPEATS} batches of {n} on {trained.device.type}, after a warm-up",
            )
        )  # fmt: skip
    return out


def _seconds(trained: Trained, model: Sampler, n: int) -> float:
    rng = trained.rng("timing")
    model.sample(min(n, 2), rng)
    seconds = []
    for _ in range(REPEATS):
        _wait(trained.device)
        start = time.perf_counter()
        model.sample(n, rng)
        _wait(trained.device)
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
