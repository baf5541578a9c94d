"""One job's result folder as one run of a tracking store, in plain values.

Nothing here knows of MLflow beyond its limits on names: what is sent is decided on this page, how
it is sent in :mod:`triptych.tracking`.
"""

import csv
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from triptych import records
from triptych.errors import UserError
from triptych.files import read_json, sha256_bytes, sha256_json
from triptych.records import ALL_SEEDS, Record

STAGES = ("train", "predict", "evaluate")
REQUIRED = ("train", "evaluate")
TABLES = ("records.csv", "timings.csv")
ARTEFACTS = ("run.json", "curves.csv", *TABLES)
HEAD = ("panel", "model", "kind", "dataset", "seeds", "device")

LONGEST_NAME = 250  # of a metric, a parameter or a tag
LONGEST_PARAM = 6000


@dataclass(frozen=True)
class Point:
    """One value of a metric.

    Attributes:
        key: Name in the store.
        value: May be nan.
        time: Milliseconds since the epoch at which it was measured.
        step: Optimiser updates; 0 for a final number.
    """

    key: str
    value: float
    time: int
    step: int


@dataclass(frozen=True)
class TrackedRun:
    """Everything the store keeps of one job.

    Attributes:
        name: ``<panel>/<model>/<dataset>/<seeds>``.
        key: Digest of the keys of the job's stages and of its numbers: equal keys, equal run.
        params: Flat name -> text.
        points: Curves and final numbers.
        tags: What a person searches by.
        artefacts: (file, folder inside the run).
        started: Milliseconds since the epoch at which the first stage began.
        ended: Milliseconds since the epoch at which the last stage ended.
    """

    name: str
    key: str
    params: Mapping[str, str]
    points: tuple[Point, ...]
    tags: Mapping[str, str]
    artefacts: tuple[tuple[Path, str], ...]
    started: int
    ended: int

    def content(self) -> str:
        """Digest of everything that is sent as numbers, times included.

        A job that is computed again after its upload was cut short has the same key and other
        times; continuing the old upload would mix the two.
        """
        points = [[p.key, repr(p.value), p.time, p.step] for p in self.points]
        return sha256_json([dict(self.params), points, self.started, self.ended])


def read(folder: Path) -> TrackedRun:
    """Describe the job whose results lie in ``results/<panel>/<model>/<dataset>/<seeds>``.

    Raises:
        UserError: The job was not evaluated, or a file is damaged.
    """
    stages = _stages(folder)
    name = "/".join(folder.parts[-4:])
    tables = [folder / stage / table for stage in stages for table in TABLES]
    rows = [row for path in tables if path.exists() for row in records.read(path)]
    ended = _milliseconds(stages["evaluate"]["time"]["ended"])
    points = [*_curve_points(folder / "train" / "curves.csv"), *_final_points(rows, ended)]
    points += _cost_points(stages)
    names = metric_names({point.key for point in points})
    numbers = [path for path in tables if path.name == "records.csv" and path.exists()]
    key = sha256_json(
        [name, [stages[s]["key"] for s in stages], [sha256_bytes(p.read_bytes()) for p in numbers]]
    )
    return TrackedRun(
        name=name,
        key=key,
        params=_params(stages),
        points=tuple(Point(names[p.key], p.value, p.time, p.step) for p in points),
        tags=_tags(name, stages),
        artefacts=tuple(_artefacts(folder)),
        started=min(_milliseconds(stage["time"]["started"]) for stage in stages.values()),
        ended=max(_milliseconds(stage["time"]["ended"]) for stage in stages.values()),
    )


def metric_names(names: Iterable[str]) -> dict[str, str]:
    """Original name -> the one that the store accepts; different names stay different.

    ``+`` becomes ``.``, ``@`` and ``=`` become ``-`` and any other foreign character ``_``; where
    two names meet, or one is too long, each gets a piece of its own digest.

    Example:
        >>> sorted(metric_names(["test+rotate@3/accuracy", "probe/code=8"]).values())
        ['probe/code-8', 'test.rotate-3/accuracy']
    """
    plain = {name: _accepted(name) for name in names}
    count = Counter(plain.values())
    return {
        name: clean
        if count[clean] == 1 and len(clean) <= LONGEST_NAME
        else f"{clean[: LONGEST_NAME - 9]}-{sha256_bytes(name.encode())[:8]}"
        for name, clean in plain.items()
    }


def _accepted(name: str) -> str:
    return re.sub(r"[^\w./ -]", "_", name.translate(str.maketrans("+@=", ".--")), flags=re.ASCII)


def _stages(folder: Path) -> dict[str, dict[str, Any]]:
    """Parsed ``run.json`` by stage, in the order in which they ran."""
    missing = [stage for stage in REQUIRED if not (folder / stage / "run.json").exists()]
    if missing:
        raise UserError(
            f"{folder}: expected a finished job, found no {' and no '.join(missing)}/run.json; "
            "run the job (snakemake names it) before track"
        )
    return {
        stage: read_json(folder / stage / "run.json")
        for stage in STAGES
        if (folder / stage / "run.json").exists()
    }


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)


def _params(stages: Mapping[str, Any]) -> dict[str, str]:
    train = stages["train"]["conf"]["values"]
    flat = {name: train[name] for name in HEAD if name in train}
    flat |= dict(_flatten(train.get("params", {})))
    for stage in stages:
        if stage == "train":
            continue
        own = {k: v for k, v in stages[stage]["conf"]["values"].items() if k not in HEAD}
        flat |= dict(_flatten(own.pop("params", {}), f"{stage}."))
        flat |= dict(_flatten(own, f"{stage}."))
    return {_accepted(name)[:LONGEST_NAME]: _text(value) for name, value in flat.items()}


def _flatten(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flatten(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _text(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    if len(text) <= LONGEST_PARAM:
        return text
    return f"{text[: LONGEST_PARAM - 80]}... sha256 {sha256_bytes(text.encode())}"


def _curve_points(path: Path) -> list[Point]:
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    several = len({row["part"] for row in rows}) > 1
    try:
        return [
            Point(
                f"seed{row['seed']}/{row['part'] + '/' if several else ''}"
                f"{row['split']}_{row['metric']}",
                float(row["value"]),
                _milliseconds(float(row["time"])),
                int(row["step"]),
            )
            for row in rows
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(
            f"{path}: expected training curves, found a damaged row ({error}); "
            "delete the file and run its job"
        ) from None


def _final_points(rows: Iterable[Record], time: int) -> list[Point]:
    """One point a record, and the mean over seeds of every number that seeds move."""
    variants: dict[tuple[str, str], set[tuple[str, str]]] = {}
    rows = list(rows)
    for row in rows:
        variants.setdefault((row.split, row.metric), set()).add((row.task, row.kind))
    by_label: dict[str, dict[int, float]] = {}
    for row in rows:
        by_label.setdefault(_label(row, variants), {})[row.seed] = row.value
    points = []
    for label, values in by_label.items():
        for seed, value in values.items():
            name = label if seed == ALL_SEEDS else f"{label}/seed{seed}"
            points.append(Point(name, value, time, 0))
        if ALL_SEEDS not in values:
            points.append(Point(label, sum(values.values()) / len(values), time, 0))
    return points


def _label(row: Record, variants: Mapping[tuple[str, str], set[tuple[str, str]]]) -> str:
    """``split/metric``, with task and kind where one job has the metric in several."""
    name = f"{row.split}/{row.metric}"
    if len(variants[row.split, row.metric]) == 1:
        return name
    return f"{name}/{row.task}/{row.kind}".replace(" ", "_")


def _cost_points(stages: Mapping[str, Any]) -> list[Point]:
    return [
        Point(f"cost/{stage}/{name}", run["time"][name], _milliseconds(run["time"]["ended"]), 0)
        for stage, run in stages.items()
        for name in ("wall_seconds", "cpu_seconds", "peak_memory_mb")
    ]


def _tags(name: str, stages: Mapping[str, Any]) -> dict[str, str]:
    train = stages["train"]
    values = train["conf"]["values"]
    diverged = [
        seed
        for seed, facts in train["facts"].items()
        if isinstance(facts, Mapping) and facts.get("status") == "diverged"
    ]
    return {
        "mlflow.runName": name,
        "mlflow.source.name": "triptych",
        "mlflow.source.git.commit": train["git"]["commit"],
        "panel": values["panel"],
        "kind": values["kind"],
        "model": values["model"],
        "dataset": values["dataset"],
        "seeds": ",".join(map(str, values["seeds"])),
        "device": train["hardware"].get("gpu", train["hardware"]["device"]),
        "data_digest": sha256_json(train["inputs"]),
        "git_commit": train["git"]["commit"],
        "git_dirty": json.dumps(train["git"]["dirty"]),
        "diverged_seeds": ",".join(diverged) or "none",
    }


def _artefacts(folder: Path) -> Iterator[tuple[Path, str]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and (path.name in ARTEFACTS or path.suffix == ".png"):
            yield path, path.parent.relative_to(folder).as_posix()
