"""A synthetic run of all three panels: the files that jobs leave, with made-up numbers.

Numbers follow simple formulas with a little seeded noise, so that every figure has something to
draw and every kind of verdict occurs. They are no measurements.
"""

import csv
import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import report_world_adversarial
import report_world_autoregressive
import report_world_depth
import report_world_graphs_molecules as molecules
import report_world_graphs_nodes as nodes
import report_world_graphs_unsupervised as unsupervised
import report_world_graphs_width as width
import report_world_latent
import report_world_uncertainty_methods
import report_world_uncertainty_shifts
import report_world_uncertainty_studies

from triptych import collect
from triptych.claims import evaluate, identities, ledger
from triptych.claims.base import Check
from triptych.files import Array, write_arrays, write_json
from triptych.records import Record, shifted, write
from triptych.registry import PANELS
from triptych.report import site
from triptych.report.data import ReportData

SEEDS = range(5)
GENERATIVE = {
    # entry: (family, bits/dim, kind, Fréchet distance, evaluations, seconds per image)
    "pca": ("principal components", None, "", None, 0, 0.0),
    "autoencoder": ("autoencoder", None, "", None, 0, 0.0),
    "vae": ("variational autoencoder", 2.9, "upper bound", 6.2, 1, 2e-5),
    "pixelcnn": ("autoregressive", 2.3, "exact", 4.1, 64, 4e-3),
    "gated_pixelcnn": ("autoregressive", 2.2, "exact", 3.9, 64, 6e-3),
    "pixelcnnpp": ("autoregressive", 2.1, "exact", 3.6, 64, 3e-2),
    "pixelrnn_row": ("autoregressive", 2.25, "exact", 4.0, 64, 7e-3),
    **report_world_adversarial.MODELS,
    **report_world_latent.MODELS,
    "ddpm": ("diffusion", 2.6, "upper bound", 2.8, 200, 9e-3),
}
GRAPH_SETS = {"karate": (0.6, 0.9), "knn_digits": (0.85, 0.92), "knn_wine": (0.94, 0.92)}
DIAL = (
    "m100", "m075", "m050", "m025", "000", "p025", "p050", "p075", "p100",
)  # fmt: skip
METHODS = {
    "single": 1.0, "mc_dropout": 0.93, "deep_ensemble": 0.8,
    **report_world_uncertainty_methods.MODELS,
}  # fmt: skip
KINDS = (
    "gaussian_noise", "shot_noise", "impulse_noise", "contrast", "brightness", "rotate",
    "translate",
)  # fmt: skip


@dataclass
class World:
    """Folders of one synthetic run."""

    root: Path

    @property
    def reports(self) -> Path:
        return self.root / "reports"

    @property
    def results(self) -> Path:
        return self.root / "results"

    @property
    def conf(self) -> Path:
        return self.root / "conf/report.json"

    def data(self) -> ReportData:
        jobs = tuple(json.loads(self.conf.read_text())["jobs"])
        return site.load(self.reports, self.results, jobs)


class _Writer:
    """Collects the files of one panel's jobs."""

    def __init__(self, root: Path, panel: str, task: str) -> None:
        self.root, self.panel, self.task = root, panel, task
        self.rng = np.random.default_rng(len(panel))
        self.jobs: list[str] = []
        self.records: list[str] = []
        self.timings: list[str] = []
        self.curves: list[str] = []

    def noise(self, size: float) -> float:
        return float(self.rng.normal(0, size))

    def record(
        self, dataset: str, model: str, seed: int, metric: str, value: float, **more: object
    ) -> Record:
        values: dict[str, object] = {
            "split": "test", "unit": "1", "kind": "exact", "n": 360,
            "protocol": "digits: stratified, 20 % test, drawn anew for each seed",
        } | more  # fmt: skip
        return Record(
            panel=self.panel, task=self.task, dataset=dataset, model=model, seed=seed,
            metric=metric, value=float(value), **values,  # type: ignore[arg-type]
        )  # fmt: skip

    def job(
        self, dataset: str, model: str, rows: list[Record], timings: list[Record], steps: int = 0
    ) -> Path:
        name = f"{self.panel}/{model}/{dataset}/0-4"
        folder = self.root / "results" / name
        write(folder / "evaluate/records.csv", rows)
        write(folder / "evaluate/timings.csv", timings)
        _write_curves(folder / "train/curves.csv", steps, self.rng)
        for verb, seconds in (("train", 20.0), ("evaluate", 3.0)):
            _write_run(folder / verb, verb, seconds, dataset)
        line = {"s": 23.5, "cpu_time": 22.1, "max_rss": "NA", "rule_name": "train"}
        (folder / "train/benchmark.jsonl").write_text(json.dumps(line) + "\n")
        self.jobs.append(name)
        self.records.append(str(folder / "evaluate/records.csv"))
        self.timings.append(str(folder / "evaluate/timings.csv"))
        self.curves.append(str(folder / "train/curves.csv"))
        return folder


def _write_curves(path: Path, steps: int, rng: np.random.Generator) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["seed", "part", "step", "split", "metric", "value", "time"])
        for seed in SEEDS:
            for step in range(100, steps + 1, 100):
                loss = 0.4 + 2 * np.exp(-step / 300)
                held_out = loss + 0.1 + 0.0001 * step
                for split, value in (("train", loss), ("validation", held_out)):
                    value = float(value + rng.normal(0, 0.03))
                    writer.writerow([seed, "model", step, split, "loss", value, 1.7e9 + step])


def _write_run(folder: Path, verb: str, seconds: float, dataset: str) -> None:
    write_json(
        folder / "run.json",
        {
            "verb": verb,
            "git": {"commit": "0123456789abcdef0123", "dirty": False},
            "versions": {"python": "3.12.1", "torch": "2.13.0"},
            "hardware": {
                "machine": "x86_64", "system": "Linux", "processor": "Example CPU", "cores": 2,
                "threads": 1, "device": "cpu",
            },
            "time": {
                "wall_seconds": seconds, "cpu_seconds": 0.9 * seconds, "peak_memory_mb": 410.0,
            },
            "inputs": {f"data/splits/{dataset}/0/train.safetensors": "ab" * 32},
            "facts": {},
        },
    )  # fmt: skip


def _digit_like(rng: np.random.Generator, n: int) -> Array:
    """Blurry strokes of 17 levels, uint8 [n, 8, 8, 1]."""
    y, x = np.mgrid[:8, :8]
    images = []
    for _ in range(n):
        a, b, r = rng.uniform(2, 5), rng.uniform(2, 5), rng.uniform(1.2, 3)
        ring = np.exp(-((np.hypot(x - a, y - b) - r) ** 2) / 0.8)
        images.append(np.rint(16 * ring))
    return np.array(images, dtype=np.uint8)[..., None]


def _generative(root: Path) -> _Writer:
    w = _Writer(root, "generative", "density and samples")
    for model, (_, _, _, distance, _, _) in GENERATIVE.items():
        found = [_generative_seed(w, model, seed) for seed in SEEDS]
        rows = [row for records, _ in found for row in records]
        timings = [row for _, records in found for row in records]
        folder = w.job("digits", model, rows, timings, 0 if model == "pca" else 1200)
        arrays = report_world_depth.pictures(lambda n: _digit_like(w.rng, n), model)
        arrays |= report_world_autoregressive.arrays(model)
        arrays |= report_world_latent.arrays(w.rng, model)
        arrays |= report_world_adversarial.arrays(w.rng, lambda n: _digit_like(w.rng, n), model)
        if distance is not None:
            arrays |= {"samples": _digit_like(w.rng, 64), "neighbours": _digit_like(w.rng, 64)}
        if arrays:
            outputs = {f"0/{name}": array for name, array in arrays.items()}
            write_arrays(folder / "evaluate/outputs.safetensors", outputs)
    return w


def _generative_seed(w: _Writer, model: str, seed: int) -> tuple[list[Record], list[Record]]:
    """Records and timings of one seed, by the names that the panel's measures use."""
    family, bits, kind, distance, evaluations, seconds = GENERATIVE[model]
    numbers: dict[str, tuple[float, dict[str, object]]] = {
        "n_train": (1149, {"split": "train", "unit": "examples"}),
        "family": (1, {"split": "train", "protocol": family}),
        "diverged": (0, {"split": "train"}),
        "parameters": (52_000, {"split": "train"}),
    }
    timings = {
        "train_seconds": (5 + len(model) + w.noise(0.5), {"split": "train", "unit": "s"}),
    }
    if bits is not None:
        protocol = f"{kind}; 17 levels"
        more: dict[str, object] = {"unit": "bits/dim", "kind": kind, "protocol": protocol}
        numbers["bits_per_dim"] = (bits + w.noise(0.03), more)
    if distance is not None:
        more = {"kind": "estimate", "protocol": "1000 samples against 360 test images, cnn32"}
        drawn = {"n": 1000}
        numbers["frechet_distance/cnn32"] = (distance + w.noise(0.3), more)
        numbers["kernel_distance/cnn32"] = (distance / 40 + w.noise(0.01), more)
        numbers["frechet_distance_of_data/cnn32"] = (1.3 + w.noise(0.05), more | drawn)
        numbers["evaluations_per_sample"] = (evaluations, {"unit": "evaluations"})
        timings["seconds_per_image"] = (seconds * np.exp(w.noise(0.1)), {"unit": "s/image"})
    timings |= report_world_autoregressive.timings(w.noise, model)
    timings |= report_world_latent.timings(w.noise, model)
    numbers |= _codes(w, model) | report_world_depth.numbers(w.noise, model)
    numbers |= report_world_adversarial.numbers(w.noise, model, distance is not None)
    numbers |= report_world_latent.numbers(w.noise, model)
    if model == "vae":
        more = {"unit": "nats", "kind": "lower bound"}
        for k in (1, 5, 50, 500, 5000):
            numbers[f"iw_bound/k={k}"] = (-130 + 3 * np.log10(k) + w.noise(1), more)
        numbers["evidence_bound"] = (-131 + w.noise(1), more)
        numbers["bound_gap"] = (11 + w.noise(0.5), more)
    if model == "ddpm":
        more = {"unit": "bits/dim", "kind": "estimate"}
        for term, value in (("L_T", 0.002), ("sum_L_t", 1.9), ("L_0", 0.7)):
            numbers[f"bound_term/{term}"] = (value, more)
    return tuple(  # type: ignore[return-value]
        [
            w.record("digits", model, seed, name, value, **more)
            for name, (value, more) in table.items()
        ]
        for table in (numbers, timings)
    )


def _codes(w: _Writer, model: str) -> dict[str, tuple[float, dict[str, object]]]:
    sizes = {"pca": (2, 4, 8, 16), "autoencoder": (2, 4, 8, 16), "vae": (16,)}.get(model, ())
    found: dict[str, tuple[float, dict[str, object]]] = {}
    for size in sizes:
        gain = 0.75 if model == "autoencoder" else 1.0
        error = gain * 0.25 / size**0.6 + w.noise(0.004)
        hit = 1 - 0.45 * gain / size**0.8 + w.noise(0.006)
        for suffix in [f"/code={size}"] + ([""] if size == 16 else []):
            found[f"reconstruction_mse{suffix}"] = (error, {})
            found[f"probe_accuracy{suffix}"] = (hit, {"unit": "fraction"})
    return found


def _graphs(root: Path) -> _Writer:
    w = _Writer(root, "graphs", "node classification")
    dial = {f"csbm_phi_{name}": i for i, name in enumerate(DIAL)}
    for column, model in enumerate(("mlp", "gcn")):
        for dataset, values in GRAPH_SETS.items():
            w.job(dataset, model, *_accuracies(w, dataset, model, values[column]), steps=200)
        for dataset, place in dial.items():
            phi = (place - 4) / 4
            hit = 0.5 + 0.42 * (1 - abs(phi)) if model == "mlp" else 0.55 + 0.4 * max(phi, 0.05)
            w.job(dataset, model, *_accuracies(w, dataset, model, hit))
    rows = []
    for s in SEEDS:
        rows.append(
            w.record("karate", "untrained_gcn", s, "n_train", 0, split="train", unit="examples")
        )
        for suffix, value in (("", 0.72), ("/shuffled", 0.55), ("/no_graph", 0.5)):
            for metric, number in (
                (f"separation{suffix}", value),
                (f"separation_sd{suffix}", 0.08),
            ):
                rows.append(w.record("karate", "untrained_gcn", s, metric, number + w.noise(0.01),
                    split="all", unit="fraction", kind="estimate", n=680))  # fmt: skip
    folder = w.job("karate", "untrained_gcn", rows, [])
    labels = np.repeat([0, 1], 17)
    edges = w.rng.integers(0, 34, (2, 150))
    arrays = {"labels": labels, "edge_index": edges}
    for depth in (1, 2, 3, 4, 6, 8, 16):
        points = w.rng.normal(0, 1 / depth, (34, 2)) + labels[:, None] * 0.8
        arrays[f"embedding/depth={depth}"] = np.tanh(points)
    write_arrays(folder / "evaluate/outputs.safetensors", {f"0/{k}": v for k, v in arrays.items()})
    _molecules(w)
    _unsupervised(w)
    _width(w)
    _nodes(w)
    return w


def _molecules(w: _Writer) -> None:
    for dataset, table in (("motif_screen", molecules.SCREENED), ("mutag", molecules.FOLDED)):
        made = molecules.screen if dataset == "motif_screen" else molecules.fold
        for model in table:
            rows = [
                w.record(dataset, model, s, name, value, **more)
                for s in SEEDS
                for name, (value, more) in made(w.noise, model).items()
            ]
            folder = w.job(dataset, model, rows, [], 300)
            if dataset == "motif_screen":
                rankings = {
                    f"{s}/{k}": v for s in SEEDS for k, v in molecules.ranking(w.rng, model).items()
                }
                write_arrays(folder / "evaluate/outputs.safetensors", rankings)


def _width(w: _Writer) -> None:
    for model, dataset in width.JOBS:
        rows, times = (
            [
                w.record(dataset, model, s, name, value, **more)
                for s in SEEDS
                for name, (value, more) in made(w.noise, model, dataset).items()
            ]
            for made in (width.numbers, width.timings)
        )
        w.job(dataset, model, rows, times, 60)


def _nodes(w: _Writer) -> None:
    for model, dataset in nodes.JOBS:
        rows, times = (
            [
                w.record(dataset, model, s, name, value, **more)
                for s in SEEDS
                for name, (value, more) in made(w.noise, model, dataset).items()
            ]
            for made in (nodes.numbers, nodes.timings)
        )
        folder = w.job(dataset, model, rows, times)
        made = {f"0/{name}": array for name, array in nodes.arrays(w.rng, model).items()}
        if made:
            write_arrays(folder / "evaluate/outputs.safetensors", made)


def _unsupervised(w: _Writer) -> None:
    for model, datasets in unsupervised.JOBS.items():
        for dataset in datasets:
            rows = [
                replace(w.record(dataset, model, s, name, value, **more),
                        task=unsupervised.TASKS.get(model, w.task))
                for s in SEEDS
                for name, (value, more) in unsupervised.numbers(w.noise, model).items()
            ]  # fmt: skip
            folder = w.job(dataset, model, rows, [], 300)
            made = {f"0/{name}": a for name, a in unsupervised.arrays(w.rng, model).items()}
            if made:
                write_arrays(folder / "evaluate/outputs.safetensors", made)


def _accuracies(
    w: _Writer, dataset: str, model: str, hit: float
) -> tuple[list[Record], list[Record]]:
    rows, timings = [], []
    for s in SEEDS:
        common = {"protocol": "drawn anew for each seed", "unit": "fraction"}
        rows.append(w.record(dataset, model, s, "n_train", 50, split="train", unit="examples"))
        rows.append(w.record(dataset, model, s, "diverged", 0, split="train"))
        rows.append(w.record(dataset, model, s, "accuracy", hit + w.noise(0.01), **common))
        rows.append(w.record(dataset, model, s, "nll", 1.4 - hit + w.noise(0.02), unit="nats"))
        for metric, value in (("homophily", 0.8), ("homophily/chance", 0.5)):
            rows.append(w.record(dataset, model, s, metric, value, unit="fraction", split="all"))
        timings.append(w.record(dataset, model, s, "train_seconds", 0.6 + w.noise(0.05), unit="s",
            kind="estimate", split="train"))  # fmt: skip
    return rows, timings


def _uncertainty(root: Path) -> _Writer:
    w = _Writer(root, "uncertainty", "classification")
    for model, factor in METHODS.items():
        rows: list[Record] = []
        timings: list[Record] = []
        for s in SEEDS:
            rows.append(
                w.record("digits", model, s, "n_train", 1149, split="train", unit="examples")
            )
            rows.append(w.record("digits", model, s, "diverged", 0, split="train"))
            rows += _shifts(w, model, s, factor)
            rows += report_world_uncertainty_shifts.rows(w, model, s, factor)
            rows += report_world_uncertainty_methods.rows(w, model, s, factor)
            timings += report_world_uncertainty_methods.timings(w, model, s)
            timings.append(
                w.record("digits", model, s, "train_seconds", 4.0, unit="s", split="train")
            )
        folder = w.job("digits", model, rows, timings, 800)
        report_world_uncertainty_methods.write_members(folder / "evaluate", model, w.rng)
        _write_reliability(folder / "evaluate/reliability.csv", factor, w.rng)
        report_world_uncertainty_shifts.write_confidences(
            folder / "evaluate/confidences.csv", factor, SEEDS
        )
    report_world_uncertainty_methods.add(w)
    report_world_uncertainty_studies.add(w, _write_reliability)
    return w


def _shifts(w: _Writer, model: str, seed: int, factor: float) -> list[Record]:
    rows = []
    places = [("", 0), *((k, v) for v in range(1, 6) for k in (*KINDS, "mean"))]
    for kind, severity in places:
        harm = severity * (0.6 + 0.12 * KINDS.index(kind) if kind in KINDS else 1.0)
        numbers = {
            "accuracy": (0.97 - 0.1 * harm / (1 + 0.1 * harm) * factor, "fraction"),
            "nll": ((0.1 + 0.4 * harm) * factor, "nats"),
            "nll_members": (0.12 + 0.42 * harm, "nats"),
            "brier": ((0.04 + 0.1 * harm) * factor, "1"),
            "ece": ((0.02 + 0.05 * harm) * factor, "fraction"),
            "ece_floor": (0.03, "fraction"),
            "mean_confidence": (0.96 - 0.03 * harm, "fraction"),
            "confidence_minus_accuracy": ((0.01 + 0.05 * harm) * factor, "fraction"),
            "predictive_entropy": (0.2 + 0.1 * harm, "nats"),
        }
        if model not in ("single", "stacking"):
            numbers["mutual_information"] = (0.05 * (1 + harm), "nats")
            numbers["expected_entropy"] = (0.1 * (1 + harm), "nats")
            numbers["disagreement"] = (0.02 * (1 + harm), "fraction")
        split = shifted(kind, severity) if kind else "test"
        for metric, (value, unit) in numbers.items():
            value *= 1 + w.noise(0.03)
            rows.append(w.record("digits", model, seed, metric, value, split=split, unit=unit))
    return rows


def _write_reliability(path: Path, factor: float, rng: np.random.Generator) -> None:
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(
            ["seed", "split", "bin", "lower", "upper", "count", "accuracy", "confidence"]
        )
        for seed in SEEDS:
            for split, gap in (("test", 0.02), ("test+mean@3", 0.12), ("test+mean@5", 0.25)):
                for b in range(15):
                    count = 0 if b < 2 else int(2 ** (b / 1.6))
                    sure = (b + 0.5) / 15
                    hit = float(np.clip(sure - gap * factor * sure + rng.normal(0, 0.02), 0, 1))
                    values = [hit, sure] if count else ["", ""]
                    writer.writerow([seed, split, b, b / 15, (b + 1) / 15, count, *values])


def build(root: Path) -> World:
    """Write the whole run below ``root`` and collect and judge it."""
    world = World(root)
    writers = [_generative(root), _graphs(root), _uncertainty(root)]
    conf = {
        key: [path for w in writers for path in getattr(w, key)]
        for key in ("records", "timings", "curves")
    }
    write_json(root / "conf/collect.json", conf)
    jobs = [name for w in writers for name in w.jobs]
    write_json(world.conf, {"title": "Triptych", "figure_dpi": 100, "jobs": jobs})
    collect.run(root / "conf/collect.json", world.reports)
    checks = []
    for number, panel in enumerate(PANELS):
        rows = [
            (
                claim.id,
                Check(data, value, 1e-6, "1", "one computation against another, exactly", 34),
            )
            for claim in ledger.identities(panel)
            for data, value in (("a small model", 3e-9), ("karate club", 0.0))
        ]
        if number == 0 and rows:
            rows.append((rows[0][0], Check("another model", 2e-5, 1e-6, "1", "a worse one", 9)))
        path = world.results / "identities" / panel / "checks.csv"
        identities.write_checks(path, rows)
        _write_run(path.parent, "identities", 2.0, "karate")
        checks.append(path)
    evaluate.run(
        world.reports / "records.csv", world.reports / "timings.csv", checks,
        world.reports / "claims.csv",
    )  # fmt: skip
    return world
