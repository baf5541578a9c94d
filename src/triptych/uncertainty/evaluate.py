"""The verb ``evaluate`` of the uncertainty panel: every measure, from cached logits alone."""

import csv
import importlib
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from triptych import jobs, records
from triptych.data import corruptions
from triptych.files import open_arrays, read_json, write_text
from triptych.metrics.calibration import edges, reliability
from triptych.metrics.classification import top_label
from triptych.records import Record, shifted
from triptych.uncertainty import measures
from triptych.uncertainty.base import HeldOut, Method, method_class, resolved
from triptych.uncertainty.measures.base import Number, Prediction
from triptych.uncertainty.params import CalibrationParams, ShiftParams
from triptych.uncertainty.predict import TASK

MEAN = "mean"  # stands for a kind in the split name of the mean over kinds
RELIABILITY_COLUMNS = (
    "seed", "split", "bin", "lower", "upper", "count", "accuracy", "confidence",
)  # fmt: skip


def run(conf: Path, predict: Path, train: Path, out: Path) -> None:
    """Measure every seed; write ``records.csv``, ``reliability.csv`` and ``run.json``.

    Args:
        conf: ``evaluate.json`` of the job.
        predict: Folder of the prediction job.
        train: Folder of the training job, for the status and size of each seed's model.
        out: ``results/uncertainty/<model>/<dataset>/<seeds>/evaluate``.
    """
    values = read_json(conf)
    shift = ShiftParams(**values["measure"]["shift"])
    bins = CalibrationParams(**values["measure"]["calibration"]).bins
    trained, predicted = read_json(train / "run.json"), read_json(predict / "run.json")
    logits = predict / "logits.safetensors"
    entry = measures.modules(values["kind"], shift.kinds)
    with jobs.running("evaluate", conf, [logits], out, entry) as job:
        kind = method_class(values["kind"])
        merged = resolved(trained["conf"]["values"], predicted["conf"]["values"])["params"]
        if "betas" in merged:
            merged["betas"] = tuple(merged["betas"])
        params = kind.Params(model=values["kind"], **merged)
        rows: list[Record] = []
        diagrams: list[list[object]] = []
        for seed in values["seeds"]:
            facts = trained["facts"][str(seed)] | predicted["facts"][str(seed)]
            measured = _Seed(values, seed, facts, kind, params, shift, bins)
            with open_arrays(logits) as handle:
                measured.measure(handle)
            rows += measured.rows
            diagrams += measured.diagrams
        records.write(out / "records.csv", rows)
        _write_reliability(out / "reliability.csv", diagrams)
        job.facts["records"] = len(rows)


@dataclass
class _Seed:
    """The measuring of one seed; ``rows`` and ``diagrams`` are its results."""

    values: Mapping[str, Any]
    seed: int
    facts: Mapping[str, Any]
    kind: type[Method]
    params: Any
    shift: ShiftParams
    bins: int
    rows: list[Record] = field(default_factory=list)
    diagrams: list[list[object]] = field(default_factory=list)

    def measure(self, logits: Any) -> None:
        """Fill the results from an open file of logits."""
        diverged = self.facts["status"] == "diverged"
        self._add("train", Number(
            "diverged", float(diverged), "1", "exact", "a training loss was not finite or above 1e6"
        ), 1)  # fmt: skip
        self._facts()
        if diverged:
            return
        self.labels = logits.get_tensor(f"{self.seed}/labels")
        self.held_out = HeldOut(
            logits.get_tensor(f"{self.seed}/validation"),
            logits.get_tensor(f"{self.seed}/validation_labels"),
        )
        self._split(logits, "validation")
        clean = self._split(logits, "test")
        self._diagram("test", [clean])
        averaged = corruptions.averaged(self.shift.kinds, self.shift.constants)
        for severity in self.shift.severities:
            found = {k: self._split(logits, shifted(k, severity)) for k in self.shift.kinds}
            if averaged:
                self._mean(severity, [found[k] for k in averaged])

    def _facts(self) -> None:
        n = self.facts["n_train"]
        rule = self.facts["split_rule"]
        self.rows.append(self._record("train", Number("n_train", n, "examples", "exact"), n, rule))
        self.rows.append(
            self._record("train", Number("family", 1.0, "1", "exact"), 1, self.kind.family)
        )
        parameters = Number("parameters", self.facts["parameters"], "1", "exact", "all members")
        self._add("train", parameters, 1)
        if "evaluations_per_example" in self.facts:
            cost = self.facts["evaluations_per_example"]
            self._add("test", Number("evaluations_per_example", cost, "forward passes", "exact"), 1)

    def _split(self, logits: Any, split: str) -> "_Measured":
        members = logits.get_tensor(f"{self.seed}/{split}")
        labels = self.held_out.labels if split == "validation" else self.labels
        log_p = self.kind.combine(self.params, members, self.held_out)
        prediction = Prediction(members, log_p, labels, self.bins)
        numbers = [n for measure in _measures() for n in measure(prediction)]
        for number in numbers:
            self._add(split, number, len(labels))
        return _Measured(prediction, numbers)

    def _mean(self, severity: int, found: list["_Measured"]) -> None:
        """The mean over kinds at one severity: the curves of the report."""
        split = shifted(MEAN, severity)
        n = sum(len(item.prediction.labels) for item in found)
        for position, number in enumerate(found[0].numbers):
            mean = float(np.mean([item.numbers[position].value for item in found]))
            note = f"mean over {len(found)} kinds, {self.shift.constants} constants"
            text = f"{number.protocol}; {note}" if number.protocol else note
            self._add(split, Number(number.metric, mean, number.unit, number.kind, text), n)
        self._diagram(split, found)

    def _diagram(self, split: str, found: list["_Measured"]) -> None:
        """A reliability diagram over all kinds pooled."""
        pairs = [top_label(f.prediction.log_p, f.prediction.labels) for f in found]
        confidence, correct = (np.concatenate(side) for side in zip(*pairs, strict=True))
        diagram, border = reliability(confidence, correct, self.bins), edges(self.bins)
        for b in range(self.bins):
            self.diagrams.append([
                self.seed, split, b, border[b], border[b + 1],
                diagram.count[b], diagram.accuracy[b], diagram.confidence[b],
            ])  # fmt: skip

    def _add(self, split: str, number: Number, n: int) -> None:
        pieces = [number.protocol, self.facts.get("protocol", "")]
        self.rows.append(self._record(split, number, n, "; ".join(p for p in pieces if p)))

    def _record(self, split: str, number: Number, n: int, protocol: str) -> Record:
        return Record(
            "uncertainty", TASK, self.values["dataset"], self.values["model"], self.seed, split,
            number.metric, float(number.value), number.unit, number.kind, n, protocol,
        )  # fmt: skip


@dataclass(frozen=True)
class _Measured:
    prediction: Prediction
    numbers: list[Number]


def _measures() -> Iterator[Any]:
    for name in measures.names():
        yield importlib.import_module(f"triptych.uncertainty.measures.{name}").measure


def _write_reliability(path: Path, rows: list[list[object]]) -> None:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(RELIABILITY_COLUMNS)
    for row in rows:
        writer.writerow([_cell(value) for value in row])
    write_text(path, stream.getvalue())


def _cell(value: object) -> object:
    if isinstance(value, float | np.floating):
        return "" if np.isnan(value) else repr(float(value))
    return value
