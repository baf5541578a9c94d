#!/usr/bin/env python3
"""What a larger scale costs to train: a few steps of every entry are timed, the rest is counted.

Images and labels are random, of each data set's shape; one thread on the CPU, or a GPU. Models in
closed form, and training on graphs (which runs on a CPU at this scale, too), are left out.

    python benchmarks/paper_cost.py                     # params/paper.yaml on the CPU, some minutes
    python benchmarks/paper_cost.py --device cuda       # the same on a GPU
"""

import argparse
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml

from triptych import plan, train
from triptych.data.parts import Part
from triptych.params import TrainingParams
from triptych.training import Loop

SHAPES = {
    "mnist": (28, 28, 1), "fashion_mnist": (28, 28, 1), "binarized_mnist": (28, 28, 1),
    "dynamic_mnist": (28, 28, 1), "cifar10": (32, 32, 3), "cifar10_human": (32, 32, 3),
}  # fmt: skip
IMAGES = 1024  # enough for any batch; a step does not know how many there are
ENOUGH = 2.0  # seconds of steps after which the mean is taken


def merged(tree: Any, overlay: Any) -> Any:
    """Mappings key by key, anything else replaced, as `--configfile` does."""
    if not (isinstance(tree, dict) and isinstance(overlay, dict)):
        return overlay
    added = {
        key: merged(tree[key], value) if key in tree else value for key, value in overlay.items()
    }
    return {**tree, **added}


def random_part(dataset: str) -> Part:
    """Images of a data set's shape."""
    draws = np.random.default_rng(0)
    levels = 2 if "mnist" in dataset and dataset not in ("mnist", "fashion_mnist") else 256
    shape = SHAPES[dataset]
    arrays = {
        "index": np.arange(IMAGES),
        "x": draws.integers(0, levels, (IMAGES, *shape)).astype(np.uint8),
        "y": draws.integers(0, 10, IMAGES),
    }
    if dataset == "cifar10_human":
        arrays["p"] = np.full((IMAGES, 10), 0.1, np.float32)  # answers of annotators
    meta = {
        "kind": "images", "shape": list(shape), "levels": levels, "n_classes": 10,
        "classes": [str(c) for c in range(10)], "dataset": dataset, "part": "train", "n": IMAGES,
        "task": "classification", "seed": 0,
    }  # fmt: skip
    return Part(arrays, meta)


def cost(job: plan.Job, device: torch.device) -> tuple[float, int] | None:
    """Seconds of training one seed, and its weights; None where there is nothing to step."""
    values = {
        "panel": job.panel, "model": job.model, "kind": job.kind, "dataset": job.dataset,
        "params": job.train,
    }  # fmt: skip
    part = random_part(job.dataset)
    model = train.build(values, part, 0).to(device)
    if not isinstance(model.params, TrainingParams):
        return None
    data, _ = model.tensors(part, part)
    weights = sum(p.numel() for p in model.parameters())
    seconds = 0.0
    for name, member in model.trainables().items():
        own = {k: v.to(device) for k, v in model.data_for(name, data).items()}
        seconds += model.params.steps * step_seconds(
            Loop(member, model.params, device, (0, name)), own
        )
    return seconds, weights


def step_seconds(loop: Loop, data: Mapping[str, torch.Tensor]) -> float:
    """Mean seconds of a step after the first, or of the first where one is enough."""
    taken: list[float] = []
    while sum(taken) < ENOUGH and len(taken) < 20:
        start = time.perf_counter()
        loop.advance(loop.batch(data))
        if loop.device.type == "cuda":
            torch.cuda.synchronize(loop.device)
        taken.append(time.perf_counter() - start)
    return sum(taken[1:]) / len(taken[1:]) if len(taken) > 1 else taken[0]


def jobs(overlay: Path) -> Iterator[plan.Job]:
    """Jobs of the two panels of images, one of each entry and data set."""
    tree = merged(
        yaml.safe_load(Path("params.yaml").read_text()), yaml.safe_load(overlay.read_text())
    )
    seen = set()
    for job in plan.load(tree).jobs:
        key = job.panel, job.model, job.dataset
        if job.panel != "graphs" and job.dataset in SHAPES and key not in seen:
            seen.add(key)
            yield job


def main() -> None:
    """Print a table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--configfile", type=Path, default=Path("params/paper.yaml"))
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    torch.set_num_threads(1)
    print(f"| entry | data set | weights | {options.device} hours to train one seed |")
    print("|---|---|---:|---:|")
    for job in jobs(options.configfile):
        try:
            found = cost(job, torch.device(options.device))
        except Exception as error:  # one entry that cannot be timed must not cost the others
            print(
                f"| {job.model} | {job.dataset} | – | not timed: {type(error).__name__}: {error} |"
            )
            continue
        if found is not None and found[0] > 0:
            hours, weights = f"{found[0] / 3600:.3g}", f"{found[1]:,}"
            print(f"| {job.model} | {job.dataset} | {weights} | {hours} |", flush=True)


if __name__ == "__main__":
    main()
