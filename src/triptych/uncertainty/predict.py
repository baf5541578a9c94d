"""The verb ``predict``: logits of every member on every clean and shifted set, computed once."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from triptych import jobs, records, registry
from triptych.data.parts import Part, read_part
from triptych.files import Array, open_arrays, read_arrays, read_json, write_arrays
from triptych.records import Record, shifted
from triptych.runtime import timed
from triptych.seeding import derive_seed
from triptych.train import restore, stream
from triptych.training import predict_in_batches
from triptych.uncertainty.base import Method, resolved
from triptych.uncertainty.images import network_input, to_bytes

BATCH = 1024  # images per pass; fixed, because dropout masks are drawn batch by batch
TASK = "classification"


def modules(kind: str) -> list[str]:
    """Entry modules of the verb: this one and the method's own file."""
    return ["triptych.uncertainty.predict", registry.model_module("uncertainty", kind)]


def run(conf: Path, train: Path, parts: Sequence[Path], shifts: Sequence[Path], out: Path) -> None:
    """Predict every seed of a job; write ``logits.safetensors``, ``timings.csv``, ``run.json``.

    Keys: "<seed>/validation", "<seed>/test", "<seed>/test+<kind>@<severity>", each float32
    [M, N, K]; "<seed>/labels" and "<seed>/validation_labels", int64 [N]. A seed whose training
    diverged has none.

    Args:
        conf: ``predict.json`` of the job.
        train: Folder of the training job.
        parts: ``data/splits/<dataset>/<seed>`` of each seed, in the order of the seeds;
            ``validation``, ``test`` and ``manifest.json`` are opened.
        shifts: ``data/shifted/<dataset>/<seed>`` of each seed.
        out: ``results/uncertainty/<model>/<dataset>/<seeds>/predict``.
    """
    values = read_json(conf)
    trained = read_json(train / "run.json")
    with jobs.running(
        "predict", conf, _inputs(train, parts, shifts), out, modules(values["kind"])
    ) as job:
        weights = read_arrays(train / "weights.safetensors")
        training = resolved(trained["conf"]["values"], values)
        arrays: dict[str, Array] = {}
        timings: list[Record] = []
        for seed, folder, shift in zip(values["seeds"], parts, shifts, strict=True):
            facts = trained["facts"][str(seed)]
            test = read_part(folder / "test.safetensors")
            sizes = read_json(folder / "manifest.json")["sizes"]
            found = {"n_train": sizes["train"], "split_rule": test.meta["split_rule"]}
            if facts["status"] != "diverged":
                model = restore(training, test.meta, weights, seed).to(job.device)
                assert isinstance(model, Method)
                validation = read_part(folder / "validation.safetensors")
                logits, seconds = _predict(model, values, seed, validation, test, shift)
                arrays |= {f"{seed}/{name}": array for name, array in logits.items()}
                timings += _timings(values, seed, facts, seconds, sizes, model)
                found |= {
                    "evaluations_per_example": model.evaluations_per_prediction,
                    "protocol": model.prediction_protocol(),
                }
            job.facts[str(seed)] = found
        write_arrays(out / "logits.safetensors", arrays)
        records.write(out / "timings.csv", timings)


def _inputs(train: Path, parts: Sequence[Path], shifts: Sequence[Path]) -> list[Path]:
    files = [train / "weights.safetensors"]
    for folder in parts:
        files += [folder / "validation.safetensors", folder / "test.safetensors"]
        files.append(folder / "manifest.json")
    for folder in shifts:
        kinds = read_json(folder / "manifest.json")["kinds"]
        files += [folder / f"{kind}.safetensors" for kind in sorted(kinds)]
    return files


def _predict(
    model: Method, values: Mapping[str, Any], seed: int, validation: Part, test: Part, shift: Path
) -> tuple[dict[str, Array], float]:
    """Logits by split name, and seconds per image."""
    arrays: dict[str, Array] = {
        "labels": test.arrays["y"],
        "validation_labels": validation.arrays["y"],
    }
    rates = []
    for split, x in _sets(validation, test, shift):
        rng = torch.Generator().manual_seed(derive_seed(*stream(values, seed), "predict", split))
        seconds: dict[str, float] = {}
        with timed(seconds, "all", next(model.parameters()).device):
            arrays[split] = predict_logits(model, x, rng)
        rates.append(seconds["all"] / len(x))
    return arrays, float(np.median(rates))


def _sets(validation: Part, test: Part, shift: Path) -> Iterator[tuple[str, Array]]:
    """Split name and images, 0..255, of everything that is predicted."""
    yield "validation", to_bytes(validation.arrays["x"], validation.meta)
    yield "test", to_bytes(test.arrays["x"], test.meta)
    manifest = read_json(shift / "manifest.json")
    for kind in sorted(manifest["kinds"]):
        with open_arrays(shift / f"{kind}.safetensors") as handle:
            for severity in manifest["severities"]:
                yield shifted(kind, severity), handle.get_tensor(str(severity))


@torch.no_grad()
def predict_logits(model: Method, x: Array, rng: torch.Generator) -> Array:
    """Logits of all members, no image dropped: uint8 [N, H, W, C] -> float32 [M, N, K]."""
    model.eval()
    device = next(model.parameters()).device
    batches = [
        model.member_logits(network_input(x[rows]).to(device), rng).float().cpu()
        for rows in predict_in_batches(len(x), BATCH)
    ]
    return np.asarray(torch.cat(batches, dim=1).numpy())


def _timings(
    values: Mapping[str, Any],
    seed: int,
    facts: Mapping[str, Any],
    seconds: float,
    sizes: Mapping[str, int],
    model: Method,
) -> list[Record]:
    head = ("uncertainty", TASK, values["dataset"], values["model"], seed)
    return [
        Record(
            *head, "train", "train_seconds", facts["train_seconds"], "s", "exact", sizes["train"],
            "wall seconds in the training loop, all members",
        ),
        Record(
            *head, "test", "prediction_seconds", seconds, "s/image", "estimate", sizes["test"],
            f"median over the clean and shifted sets; {model.prediction_protocol()}",
        ),
    ]  # fmt: skip
