"""The verb ``train``: any model of any panel, for a group of seeds in one process."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from triptych import jobs, registry
from triptych.data.parts import Part, part_files, read_part
from triptych.files import Array, read_json, write_arrays
from triptych.model import Batch, Model
from triptych.params import TrainingParams
from triptych.resume import CurvePoint
from triptych.runtime import Stopwatch
from triptych.seeding import derive_seed
from triptych.training import Fit, fit


def modules(panel: str, kind: str) -> list[str]:
    """Entry modules of the verb: this one and the model's own file."""
    return ["triptych.train", registry.model_module(panel, kind)]


def run(conf: Path, parts: list[Path], out: Path) -> None:
    """Train every seed of a job and write weights, curves and ``run.json``.

    Args:
        conf: ``train.json`` of the job.
        parts: Folder ``data/splits/<dataset>/<seed>`` of each seed, in the order of the seeds; only
            ``train`` and ``validation`` are opened.
        out: ``results/<panel>/<model>/<dataset>/<seeds>/train``.
    """
    values = read_json(conf)
    inputs = [path for folder in parts for path in part_files(folder, "train", "validation")]
    weights: dict[str, Array] = {}
    curves: list[tuple[int, str, CurvePoint]] = []
    checkpoints = []
    with jobs.running("train", conf, inputs, out, modules(values["panel"], values["kind"])) as job:
        for seed, folder in zip(values["seeds"], parts, strict=True):
            train = read_part(folder / "train.safetensors")
            validation = read_part(folder / "validation.safetensors")
            model = build(values, train, seed)
            model.to(job.device)
            fits = _fit(job, model, seed, train, validation)
            checkpoints += [job.checkpoint(f"{seed}/{name}") for name in fits]
            for name, result in fits.items():
                curves += [(seed, name, point) for point in result.curves]
            weights |= {f"{seed}/{k}": v.cpu().numpy() for k, v in model.state_dict().items()}
            job.facts[str(seed)] = _facts(model, fits)
        job.beginning.check()
        write_arrays(out / "weights.safetensors", weights)
        jobs.write_curves(out / "curves.csv", curves)
    for checkpoint in checkpoints:
        checkpoint.clear()


def build(values: Mapping[str, Any], train: Part, seed: int) -> Model:
    """The model of a job, freshly initialised from its seed."""
    kind = registry.model_class(values["panel"], values["kind"])
    torch.manual_seed(derive_seed(*stream(values, seed), "initialise"))
    return kind(kind.Params(model=values["kind"], **_tuples(values["params"])), train.meta)


def restore(
    values: Mapping[str, Any], meta: Mapping[str, Any], weights: Mapping[str, Array], seed: int
) -> Model:
    """The trained model of one seed.

    Args:
        values: ``conf.values`` of the training job, with the evaluation's own parameters merged in.
        meta: Description of the data set.
        weights: Arrays of ``weights.safetensors``.
        seed: Which of the job's seeds.
    """
    kind = registry.model_class(values["panel"], values["kind"])
    model = kind(kind.Params(model=values["kind"], **_tuples(values["params"])), meta)
    prefix = f"{seed}/"
    model.load_state_dict(
        {
            k.removeprefix(prefix): torch.from_numpy(v)
            for k, v in weights.items()
            if k.startswith(prefix)
        }
    )
    return model.eval()


def stream(values: Mapping[str, Any], seed: int) -> tuple[object, ...]:
    """What names every random stream of one seed of a job.

    An entry whose parameters name a ``twin`` takes that entry's streams: with equal parameters both
    train the same weights, bit for bit, and their measures differ by what is done with them alone.
    """
    entry = values["params"].get("twin") or values["model"]
    return values["panel"], entry, values["dataset"], seed


def _fit(job: jobs.Job, model: Model, seed: int, train: Part, validation: Part) -> dict[str, Fit]:
    data, held_out = model.tensors(train, validation)
    rng = torch.Generator().manual_seed(derive_seed(*stream(job.conf, seed), "closed form"))
    watch = Stopwatch()
    if model.fit_closed_form(data, rng):
        return {"model": Fit("complete", 0, watch.read()["wall_seconds"])}
    assert isinstance(model.params, TrainingParams)
    fits = {
        name: fit(
            part,
            model.data_for(name, data),
            held_out,
            model.params,
            seed=(*stream(job.conf, seed), name),
            device=job.device,
            checkpoint=job.checkpoint(f"{seed}/{name}"),
            full_batch=model.full_batch,
            label=f"{job.conf['model']} seed {seed} {name}",
        )
        for name, part in model.trainables().items()
    }
    _complete(job, model, fits, data, held_out)
    return fits


def _complete(
    job: jobs.Job, model: Model, fits: Mapping[str, Fit], data: Batch, held_out: Batch
) -> None:
    """Let the model compute what follows from its weights; the time counts as training."""
    if any(result.status == "diverged" for result in fits.values()):
        return
    watch = Stopwatch()
    with torch.no_grad():
        model.complete(
            {name: tensor.to(job.device) for name, tensor in data.items()},
            {name: tensor.to(job.device) for name, tensor in held_out.items()},
        )
    list(fits.values())[-1].seconds += watch.read()["wall_seconds"]


def _facts(model: Model, fits: Mapping[str, Fit]) -> dict[str, Any]:
    diverged = any(result.status == "diverged" for result in fits.values())
    return {
        "status": "diverged" if diverged else "complete",
        "steps": {name: result.steps for name, result in fits.items()},
        "endings": {name: result.status for name, result in fits.items()},
        "train_seconds": sum(result.seconds for result in fits.values()),
        "parameters": sum(p.numel() for p in model.parameters()),
        **_diagnostics(fits),
    }


def _diagnostics(fits: Mapping[str, Fit]) -> dict[str, dict[str, list[tuple[int, float]]]]:
    """(step, value) of every curve that a model records beside its losses, for its measures."""
    found: dict[str, list[tuple[int, float]]] = {}
    for result in fits.values():
        for point in result.curves:
            if point.split == "validation" and point.metric != "loss":
                found.setdefault(point.metric, []).append((point.step, point.value))
    return {"diagnostics": found} if found else {}


def _tuples(params: Mapping[str, Any]) -> dict[str, Any]:
    return {k: tuple(v) if k == "betas" else v for k, v in params.items()}
