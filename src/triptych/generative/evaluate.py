"""The verb ``evaluate`` of the generative panel: every measure on every seed of a job."""

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from triptych import jobs, records
from triptych.data.parts import PARTS, part_files, read_part
from triptych.files import Array, read_arrays, read_json, write_arrays
from triptych.generative import extractor, measures
from triptych.generative.base import GenerativeModel
from triptych.generative.measures.base import Measured, Trained
from triptych.generative.params import MeasureParams
from triptych.records import Record
from triptych.train import restore


def run(conf: Path, train: Path, parts: list[Path], extractors: list[Path], out: Path) -> None:
    """Measure every seed and write records, timings, raw outputs and ``run.json``.

    Args:
        conf: ``evaluate.json`` of the job.
        train: Folder of the training job.
        parts: ``data/splits/<dataset>/<seed>`` of each seed.
        extractors: Folder of the extractor of each seed.
        out: ``results/generative/<model>/<dataset>/<seeds>/evaluate``.
    """
    values = read_json(conf)
    inputs = [train / "weights.safetensors"]
    inputs += [path for folder in parts for path in part_files(folder, *PARTS)]
    inputs += [folder / "weights.safetensors" for folder in extractors]
    inception = values["measure"]["measure"].get("inception_weights")
    inputs += [Path(inception)] if inception and Path(inception).is_file() else []
    trained_with = read_json(train / "run.json")
    total = Measured()
    with jobs.running("evaluate", conf, inputs, out, measures.modules(values["kind"])) as job:
        weights = read_arrays(train / "weights.safetensors")
        for seed, folder, instrument in zip(values["seeds"], parts, extractors, strict=True):
            found = _seed(job, trained_with, weights, seed, folder, instrument)
            total.records += found.records
            total.timings += found.timings
            total.arrays |= {f"{seed}/{name}": array for name, array in found.arrays.items()}
        job.beginning.check()
        records.write(out / "records.csv", total.records)
        records.write(out / "timings.csv", total.timings)
        write_arrays(out / "outputs.safetensors", total.arrays)


def _seed(
    job: jobs.Job,
    trained_with: Mapping[str, Any],
    weights: Mapping[str, Array],
    seed: int,
    folder: Path,
    instrument: Path,
) -> Measured:
    train, validation, test = (read_part(folder / f"{name}.safetensors") for name in PARTS)
    facts = trained_with["facts"][str(seed)]
    values = dict(trained_with["conf"]["values"])
    values["params"] = {**values["params"], **job.conf["params"]}
    model = restore(values, train.meta, weights, seed).to(job.device)
    assert isinstance(model, GenerativeModel)
    trained = Trained(
        model, job.conf["model"], job.conf["dataset"], seed, train, validation, test,
        extractor.load(instrument, train.meta).to(job.device),
        MeasureParams(**job.conf["measure"]["measure"]), facts, job.device,
    )  # fmt: skip
    diverged = facts["status"] == "diverged"
    total = Measured([_diverged(trained, diverged), *_sizes(trained), _family(trained)])
    if diverged:
        return total
    for name in measures.names():
        found = importlib.import_module(f"triptych.generative.measures.{name}").measure(trained)
        total.records += found.records
        total.timings += found.timings
        total.arrays |= found.arrays
    return total


def _diverged(trained: Trained, diverged: bool) -> Record:
    return trained.record(
        "diverged", float(diverged), "1", "exact", 1, "a training loss was not finite or above 1e6",
        split="train",
    )  # fmt: skip


def _sizes(trained: Trained) -> list[Record]:
    parts = {"train": trained.train, "test": trained.test}
    sizes = {name: len(part.arrays["index"]) for name, part in parts.items()}
    return [
        trained.record(f"n_{name}", n, "examples", "exact", n, trained.split_rule, split=name)
        for name, n in sizes.items()
    ]


def _family(trained: Trained) -> Record:
    """Names the family in its protocol, so that tables can group without knowing the models."""
    return trained.record("family", 1.0, "1", "exact", 1, trained.model.family, split="train")
