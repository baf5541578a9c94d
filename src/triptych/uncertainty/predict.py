"""The verb ``predict``: logits of every member on every clean and shifted set, computed once."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from triptych import jobs, records, registry
from triptych.data.levels import inputs
from triptych.data.parts import SETS, Part, read_part
from triptych.files import Array, open_arrays, read_arrays, read_json, write_arrays
from triptych.records import Record, shifted
from triptych.runtime import timed
from triptych.seeding import derive_seed
from triptych.train import restore, stream
from triptych.training import predict_in_batches
from triptych.uncertainty.base import Method, method_class, resolved

# Examples per pass, or as many as have so many numbers between them: small images are a waste of
# calls, large ones of the processor's cache. Fixed, because dropout masks are drawn batch by batch.
BATCH = 128
NUMBERS = 1 << 15


def modules(kind: str) -> list[str]:
    """Entry modules of the verb: this one and the method's own file."""
    return ["triptych.uncertainty.predict", registry.model_module("uncertainty", kind)]


def run(conf: Path, train: Path, parts: Sequence[Path], shifts: Sequence[Path], out: Path) -> None:
    """Predict every seed of a job; write ``logits.safetensors``, ``timings.csv``, ``run.json``.

    Keys: "<seed>/validation", "<seed>/test", "<seed>/test+<kind>@<severity>",
    "<seed>/test:<set>@<variant>", each float32 [M, N, K]; "<seed>/labels" and
    "<seed>/validation_labels" [N]; "<seed>/test:<set>@<variant>#<array>", the labels ``y`` and the
    attributes of a set. A seed whose training diverged has none.

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
            found = {
                "n_train": sizes["train"], "split_rule": test.meta["split_rule"],
                "task": method_class(values["kind"]).task or test.meta["task"],
                "sets": _wanted(method_class(values["kind"]), shift),
            }  # fmt: skip
            if facts["status"] != "diverged":
                model = restore(training, test.meta, weights, seed).to(job.device)
                assert isinstance(model, Method)
                validation = read_part(folder / "validation.safetensors")
                logits, seconds = _predict(model, values, seed, validation, test, shift)
                task = str(found["task"])
                arrays |= {f"{seed}/{name}": array for name, array in logits.items()}
                timings += _timings(values, seed, facts, seconds, sizes, model, task)
                found |= {
                    "evaluations_per_example": model.evaluations_per_prediction,
                    "protocol": model.prediction_protocol(),
                    **_costs(model, facts["steps"], sizes["train"], inputs(test)[:1]),
                }
            job.facts[str(seed)] = found
        job.beginning.check()
        write_arrays(out / "logits.safetensors", arrays)
        records.write(out / "timings.csv", timings)


def _inputs(train: Path, parts: Sequence[Path], shifts: Sequence[Path]) -> list[Path]:
    files = [train / "weights.safetensors"]
    for folder in parts:
        files += [folder / "validation.safetensors", folder / "test.safetensors"]
        files.append(folder / "manifest.json")
    for folder in shifts:
        manifest = read_json(folder / "manifest.json")
        names = [f"{kind}.safetensors" for kind in sorted(manifest["kinds"])]
        files += [folder / name for name in (*names, *([SETS] if manifest.get("sets") else []))]
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
    for split, x in _sets(model, validation, test, shift):
        if "#" in split:
            arrays[split] = x
            continue
        rng = torch.Generator().manual_seed(derive_seed(*stream(values, seed), "predict", split))
        seconds: dict[str, float] = {}
        with timed(seconds, "all", next(model.parameters()).device):
            arrays[split] = predict_logits(model, x, rng)
        rates.append(seconds["all"] / len(x))
    return arrays, float(np.median(rates))


def _wanted(method: type[Method], shift: Path) -> dict[str, Any]:
    """What the manifest says of the named sets that a method is predicted on."""
    sets: dict[str, Any] = read_json(shift / "manifest.json").get("sets", {})
    return {k: v for k, v in sets.items() if method.sets is None or k in method.sets}


def _sets(model: Method, validation: Part, test: Part, shift: Path) -> Iterator[tuple[str, Array]]:
    """Split name and inputs (images 0..255) of everything that is predicted.

    What is kept beside a prediction (labels and attributes of a set) has a name with "#".
    """
    yield "validation", inputs(validation)
    yield "test", inputs(test)
    manifest = read_json(shift / "manifest.json")
    for kind in sorted(manifest["kinds"]) if model.sets is None else []:
        with open_arrays(shift / f"{kind}.safetensors") as handle:
            for severity in manifest["severities"]:
                yield shifted(kind, severity), handle.get_tensor(str(severity))
    splits = {
        name for described in _wanted(type(model), shift).values() for name in described["splits"]
    }
    if splits:
        with open_arrays(shift / SETS) as handle:
            for name in sorted(handle.keys()):
                if name.partition("#")[0] in splits:
                    yield name, handle.get_tensor(name)


@torch.no_grad()
def predict_logits(model: Method, x: Array, rng: torch.Generator) -> Array:
    """Logits of all members, no example dropped: images or rows [N, ...] -> float32 [M, N, K]."""
    model.eval()
    device = next(model.parameters()).device
    size = max(BATCH, NUMBERS // max(int(np.prod(x.shape[1:])), 1))
    batches = [
        model.member_logits(model.inputs(x[rows]).to(device), rng).float().cpu()
        for rows in predict_in_batches(len(x), size)
    ]
    return np.asarray(torch.cat(batches, dim=1).numpy())


def _costs(model: Method, steps: Mapping[str, int], n: int, x: Array) -> dict[str, float]:
    """Operations counted, not timed; of studies, whose members are no one model, nothing."""
    if model.task:
        return {}
    one = model.inputs(x).to(next(model.parameters()).device)
    training = model.training_cost(one, steps, n)
    found = {"prediction_multiply_adds": model.prediction_cost(one)}
    return found if training is None else found | {"training_multiply_adds": training}


def _timings(
    values: Mapping[str, Any],
    seed: int,
    facts: Mapping[str, Any],
    seconds: float,
    sizes: Mapping[str, int],
    model: Method,
    task: str,
) -> list[Record]:
    head = ("uncertainty", task, values["dataset"], values["model"], seed)
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
