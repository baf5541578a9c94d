"""Made-up finished jobs, and a place that tracks them."""

import os
from pathlib import Path

from triptych import records, tracking
from triptych.files import read_json, write_json, write_text
from triptych.params import TrackingParams
from triptych.records import Record

os.environ.update(tracking.NO_TELEMETRY)  # before anything imports mlflow

START = 1_700_000_000.0  # all times of the made-up jobs lie after this, long before the tests run
SEEDS = (0, 1)
STEPS = 600  # two seeds, two curves: 2400 points, so three batches


def make_job(
    root: Path, model: str = "vae", parts: tuple[str, ...] = ("model",), shift: float = 0.0
) -> Path:
    """A finished job of two seeds; ``shift`` seconds later than usual."""
    folder = root / "results" / "generative" / model / "digits" / "0-1"
    head = {
        "panel": "generative", "model": model, "kind": "vae", "dataset": "digits",
        "seeds": list(SEEDS), "device": "auto",
    }  # fmt: skip
    train = {"steps": STEPS, "learning_rate": 1e-3, "betas": [0.9, 0.999], "ema": None}
    measure = {"samples": 500, "kid": {"subsets": 10}}
    confs = {
        "train": head | {"params": train},
        "evaluate": head | {"params": {"importance_samples": 64}, "measure": measure},
    }
    for number, (stage, values) in enumerate(confs.items()):
        write_json(folder / stage / "run.json", run_json(stage, values, shift + 10 * number))
    rows = ["seed,part,step,split,metric,value,time"]
    for seed in SEEDS:
        for part in parts:
            for step in range(1, STEPS + 1):
                when = START + shift + step / 100
                rows += [
                    f"{seed},{part},{step},train,loss,{1 / step!r},{when}",
                    f"{seed},{part},{step},validation,loss,{2 / step!r},{when}",
                ]
    write_text(folder / "train" / "curves.csv", "\n".join(rows) + "\n")
    records.write(folder / "evaluate" / "records.csv", numbers(model))
    records.write(
        folder / "evaluate" / "timings.csv",
        [row("sampling_seconds", seed, 0.25 * (seed + 1), model, unit="s/image") for seed in SEEDS],
    )
    (folder / "evaluate" / "samples.png").write_bytes(b"\x89PNG")
    (folder / "train" / "weights.safetensors").write_bytes(b"heavy")
    return folder


def run_json(stage: str, values: dict, shift: float) -> dict:
    return {
        "verb": stage,
        "key": f"{stage}-{values['model']}",
        "conf": {"path": f"conf/{stage}.json", "sha256": "0" * 64, "values": values},
        "inputs": {"data/splits/digits/0/train.safetensors": "1" * 64},
        "git": {"commit": "c0ffee", "dirty": False},
        "hardware": {"device": "cpu"},
        "time": {
            "started": START + shift, "ended": START + shift + 10,
            "wall_seconds": 10.0, "cpu_seconds": 9.0, "peak_memory_mb": 300.0,
        },
        "facts": {"0": {"status": "complete"}, "1": {"status": "diverged"}},
    }  # fmt: skip


def row(metric: str, seed: int, value: float, model: str, **other: object) -> Record:
    fields = {
        "panel": "generative", "task": "density", "dataset": "digits", "model": model,
        "seed": seed, "split": "test", "metric": metric, "value": value, "unit": "bits/dim",
        "kind": "exact", "n": 360, "protocol": "",
    }  # fmt: skip
    return Record(**(fields | other))


def numbers(model: str) -> list[Record]:
    return [
        row("bits_per_dim", 0, 2.0, model),
        row("bits_per_dim", 1, 3.0, model),
        row("bits_per_dim/code=8", 0, 4.0, model),
        row("accuracy", 0, float("nan"), model, split=records.shifted("rotate", 3)),
        row("karate", records.ALL_SEEDS, 5.0, model),
    ]


class Workplace:
    """A folder with a tracking configuration, and what lies in its store."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.conf = root / "conf" / "tracking.json"
        self.receipt = root / "receipt.json"
        self.configure()

    def configure(self, **values: object) -> None:
        self.params = TrackingParams(**values)
        write_json(self.conf, self.params.model_dump())

    def track(self, *jobs: Path) -> dict:
        tracking.run(self.conf, list(jobs), self.receipt)
        return read_json(self.receipt)

    def client(self, uri: str | None = None) -> object:
        from mlflow import MlflowClient

        return MlflowClient(uri or f"sqlite:///{self.root}/mlflow/mlflow.db")

    def runs(self, uri: str | None = None) -> list:
        client = self.client(uri)
        experiment = client.get_experiment_by_name(self.params.experiment)
        return client.search_runs([experiment.experiment_id])


def points(client: object, run: object) -> dict[str, list[tuple[int, int, str]]]:
    """What the store holds, values as text so that nan equals itself."""
    return {
        key: [
            (point.step, point.timestamp, repr(point.value))
            for point in client.get_metric_history(run.info.run_id, key)
        ]
        for key in run.data.metrics
    }
