"""The verb ``evaluate`` of the graph panel: measure every seed of a job, whatever its task."""

from pathlib import Path
from typing import Any

from triptych import jobs, records, registry
from triptych.data.parts import PARTS, part_files, read_part
from triptych.files import Array, read_arrays, read_json, write_arrays
from triptych.graphs.base import GraphModel, Number, Parts, labels
from triptych.metrics.graph_stats import chance_homophily, edge_homophily, ends
from triptych.records import Record
from triptych.train import restore, stream

WALL_CLOCK = ("s",)  # units of numbers that no two runs share: they go to timings.csv


def modules(panel: str, kind: str) -> list[str]:
    """Entry modules of the verb: this one and the model's own file."""
    return ["triptych.graphs.evaluate", registry.model_module(panel, kind)]


def run(conf: Path, train: Path, parts: list[Path], out: Path) -> None:
    """Measure every seed of a job.

    Writes ``records.csv``, ``timings.csv``, ``outputs.safetensors`` (arrays "<seed>/<name>", for
    measures and pictures made later) and ``run.json``.

    Args:
        conf: ``evaluate.json`` of the job.
        train: ``results/graphs/<model>/<dataset>/<seeds>/train``.
        parts: Folder ``data/splits/<dataset>/<seed>`` of each seed, in the order of the seeds.
        out: ``results/graphs/<model>/<dataset>/<seeds>/evaluate``.
    """
    values = read_json(conf)
    inputs = [train / "weights.safetensors"]  # run.json holds times: no digest of it
    inputs += [path for folder in parts for path in part_files(folder, *PARTS)]
    entry = modules(values["panel"], values["kind"])
    with jobs.running("evaluate", conf, inputs, out, entry) as job:
        trained = read_json(train / "run.json")
        weights = read_arrays(train / "weights.safetensors")
        settings = trained["conf"]["values"]
        settings = settings | {"params": settings["params"] | values["params"]}
        rows: list[Record] = []
        timings: list[Record] = []
        outputs: dict[str, Array] = {}
        for seed, folder in zip(values["seeds"], parts, strict=True):
            read = {name: read_part(folder / f"{name}.safetensors") for name in PARTS}
            model = restore(settings, read["train"].meta, weights, seed)
            assert isinstance(model, GraphModel)
            facts = trained["facts"][str(seed)]
            numbers, arrays = _measure(model, read, stream(settings, seed), facts)
            made = [_record(values, model.task, seed, number) for number in numbers]
            rows += [record for record in made if record.unit not in WALL_CLOCK]
            timings += [record for record in made if record.unit in WALL_CLOCK]
            timings.append(_record(values, model.task, seed, _train_seconds(facts)))
            outputs |= {f"{seed}/{name}": array for name, array in arrays.items()}
        job.beginning.check()
        records.write(out / "records.csv", rows)
        records.write(out / "timings.csv", timings)
        write_arrays(out / "outputs.safetensors", outputs)


def _measure(
    model: GraphModel, parts: Parts, names: tuple[object, ...], facts: dict[str, Any]
) -> tuple[list[Number], dict[str, Array]]:
    """Numbers and arrays of one seed; a diverged one is only counted."""
    diverged = facts["status"] == "diverged"
    counted = Number(
        "train", "diverged", float(diverged), "1", 1, "1 where a loss was not finite or above 1e6"
    )
    if diverged:
        return [counted], {}
    measured = model.measure(parts, names)
    weights = int(facts["parameters"])
    size = Number("train", "parameters", weights, "1", 1, "weights that training may change")
    return [counted, size, *measured.numbers, *_graph(parts)], measured.arrays


def _graph(parts: Parts) -> list[Number]:
    """What describes the graph itself, where it is one graph with classes."""
    meta, arrays = parts["train"].meta, parts["train"].arrays
    if meta["kind"] != "graph" or not meta["n_classes"]:
        return []
    edges, known = arrays["edge_index"], labels(parts)
    counted = ends(edges, known).shape[1] // 2
    if not counted:
        return []
    which = (
        f"counted: {counted} of {edges.shape[1] // 2} edges, those between nodes of the three "
        "parts; a property of the data set"
    )
    same = f"share of edges between two nodes of one class; {which}"
    chance = f"that share if the ends of the edges were paired at random; {which}"
    return [
        Number("all", "homophily", edge_homophily(edges, known), "fraction", counted, same),
        Number(
            "all", "homophily/chance", chance_homophily(edges, known), "fraction", counted, chance
        ),
    ]


def _train_seconds(facts: dict[str, Any]) -> Number:
    seconds = float(facts["train_seconds"])
    return Number(
        "train", "train_seconds", seconds, "s", 1, "wall clock of one fit, validation included"
    )


def _record(values: dict[str, Any], task: str, seed: int, number: Number) -> Record:
    return Record(
        panel=values["panel"],
        task=task,
        dataset=values["dataset"],
        model=values["model"],
        seed=seed,
        split=number.split,
        metric=number.metric,
        value=number.value,
        unit=number.unit,
        kind=number.kind,
        n=number.n,
        protocol=number.protocol,
    )
