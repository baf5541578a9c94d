"""The verb ``evaluate`` of the uncertainty panel: every measure, from cached logits alone."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from triptych import jobs, records
from triptych.data import corruptions
from triptych.files import Array, open_arrays, read_json, write_arrays
from triptych.metrics.classification import accuracy
from triptych.metrics.corruption_error import mean_error
from triptych.metrics.groups import expected_worst
from triptych.metrics.temperature import NEUTRAL, Temperature, fit_temperature
from triptych.records import HELD_OUT, Record, named, shifted
from triptych.uncertainty import measures
from triptych.uncertainty.base import HeldOut, Method, method_class, resolved
from triptych.uncertainty.diagrams import (
    HISTOGRAM_COLUMNS,
    RELIABILITY_COLUMNS,
    histogram_rows,
    reliability_rows,
    write_table,
)
from triptych.uncertainty.measures.base import Named, Number, Prediction, noted
from triptych.uncertainty.outputs import SHOWN, probabilities, surfaces
from triptych.uncertainty.params import CalibrationParams, ShiftParams

CORRUPTED = "test+"  # begins the split name of every corrupted test set
COUNTED = "in matrix products and convolutions; of trees, comparisons"
COSTS = (
    ("test", "prediction_multiply_adds", f"{COUNTED}; without drawing weights once for all inputs"),
    ("train", "training_multiply_adds", COUNTED),
)
MEAN = "mean"  # stands for a kind in the split name of the mean over kinds
FAR = ("out-of-distribution", "open set")  # kinds of shift without classes


def run(conf: Path, predict: Path, train: Path, out: Path) -> None:
    """Measure every seed; write ``{records,reliability,confidences}.csv`` and ``run.json``.

    Predictions that figures show go to ``outputs.safetensors``, of the first seed that has any.

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
        histograms: list[list[object]] = []
        outputs: dict[str, Array] = {}
        for seed in values["seeds"]:
            facts = trained["facts"][str(seed)] | predicted["facts"][str(seed)]
            measured = _Seed(values, seed, facts, kind, params, shift, bins)
            with open_arrays(logits) as handle:
                measured.measure(handle)
            rows += measured.rows
            diagrams += measured.diagrams
            histograms += measured.histograms
            outputs = outputs or {f"{seed}/{key}": a for key, a in measured.outputs.items()}
        job.beginning.check()
        write_arrays(out / "outputs.safetensors", outputs)
        records.write(out / "records.csv", rows)
        write_table(out / "reliability.csv", RELIABILITY_COLUMNS, diagrams)
        write_table(out / "confidences.csv", HISTOGRAM_COLUMNS, histograms)
        job.facts["records"] = len(rows)


@dataclass
class _Seed:
    """The measuring of one seed; ``rows``, ``diagrams`` and ``histograms`` are its results."""

    values: Mapping[str, Any]
    seed: int
    facts: Mapping[str, Any]
    kind: type[Method]
    params: Any
    shift: ShiftParams
    bins: int
    temperature: Temperature = NEUTRAL
    fitted: str = ""  # what must be said of what the method fitted last
    held_back: set[str] = field(default_factory=set)  # splits that enter no mean over kinds
    rows: list[Record] = field(default_factory=list)
    diagrams: list[list[object]] = field(default_factory=list)
    histograms: list[list[object]] = field(default_factory=list)
    outputs: dict[str, Array] = field(default_factory=dict)

    @property
    def task(self) -> str:
        return str(self.facts["task"])

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
        self.fitted = self.kind.fitted_protocol(self.params, self.held_out)
        if self.task == measures.CLASSIFICATION:
            pooled = self.kind.combine(self.params, self.held_out.logits, self.held_out)
            self.temperature = fit_temperature(pooled, self.held_out.labels)
        held_out = self._split(logits, "validation")
        clean = self._split(logits, "test")
        self._diagram("test", [clean])
        self._histogram("test", clean.prediction)
        if self.task == measures.CLASSIFICATION:
            self.outputs["members"] = probabilities(clean.prediction.members[:, :SHOWN])
            self.outputs["labels"] = self.labels[:SHOWN]
        self._sets(logits, clean.prediction, held_out.prediction)
        if self.kind.sets is not None:
            return
        kinds = self._kinds(logits)
        averaged = corruptions.averaged(kinds, self.shift.constants)
        severities = self.shift.severities
        self.held_back = {shifted(k, s) for k in kinds if k not in averaged for s in severities}
        errors: dict[str, list[float]] = {kind: [] for kind in averaged}
        for severity in severities:
            found = {k: self._split(logits, shifted(k, severity)) for k in kinds}
            if averaged:
                self._mean(severity, [found[k] for k in averaged])
            for kind in averaged:
                errors[kind].append(_error(found[kind].prediction))
        if averaged:
            self._corruption_error(errors, _error(clean.prediction))

    def _kinds(self, logits: Any) -> list[str]:
        """The corruptions that were predicted: not those that need colour, of grey images."""
        first = self.shift.severities[0]
        there = set(logits.keys())
        return [k for k in self.shift.kinds if f"{self.seed}/{shifted(k, first)}" in there]

    def _corruption_error(self, errors: Mapping[str, list[float]], clean: float) -> None:
        """Mean error over corruptions and severities, and what it adds to the clean error."""
        if self.task != measures.CLASSIFICATION:
            return
        how = (
            f"mean over {len(errors)} kinds and {len(self.shift.severities)} severities, "
            f"{self.shift.constants} constants, not divided by a baseline"
        )
        for name, base in (("corruption_error", 0.0), ("relative_corruption_error", clean)):
            value = mean_error(errors, base)
            self._add("test", Number(name, value, "fraction", "exact", how), len(self.labels))

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
        for split, name, how in COSTS:
            if name in self.facts:
                self._add(split, Number(name, self.facts[name], "multiply-adds", "exact", how), 1)

    def _split(self, logits: Any, split: str) -> "_Measured":
        labels = self.held_out.labels if split == "validation" else self.labels
        return self._measured(split, self._prediction(logits, split, labels))

    def _sets(self, logits: Any, clean: Prediction, held_out: Prediction) -> None:
        """The shifted test sets that are no corruptions."""
        for name, described in self.facts["sets"].items():
            found = []
            for split, about in described["splits"].items():
                stem = f"{self.seed}/{split}#"
                arrays = {key: logits.get_tensor(f"{stem}{key}") for key in about["arrays"]}
                labels = arrays.pop("y", np.full(about["n"], -1, np.int64))
                variant = split.removeprefix(named(name)).removeprefix("@")
                context = Named(
                    name, variant, described["shift"], clean, held_out, arrays, about["facts"]
                )
                prediction = self._prediction(logits, split, labels, context)
                found.append(self._measured(split, prediction))
                if described["shift"] in FAR:
                    self._histogram(split, prediction)
            if described["shift"] == "picture":
                self.outputs |= surfaces(found[0].prediction)
            if described["shift"] == "subpopulation":
                self._worst_group(name, [item.prediction for item in found])

    def _worst_group(self, name: str, groups: list[Prediction]) -> None:
        """The least accurate of several groups, and what the least would be by chance."""
        accuracies = [1.0 - _error(group) for group in groups]
        sizes = [len(group.labels) for group in groups]
        worst = int(np.argmin(accuracies))
        chance = expected_worst(accuracies, sizes)
        among = f"of {len(groups)} groups; the worst here: {_variant(groups[worst])}"
        split, n = named(name), sizes[worst]
        self._add(split, Number(
            "worst_group_accuracy", accuracies[worst], "fraction", "estimate", among
        ), n)  # fmt: skip
        self._add(split, Number(
            "worst_group_expected", chance, "fraction", "estimate",
            f"{among.partition(';')[0]} of these sizes, if all were equally accurate",
        ), n)  # fmt: skip

    def _prediction(
        self, logits: Any, split: str, labels: Any, context: Named | None = None
    ) -> Prediction:
        members = logits.get_tensor(f"{self.seed}/{split}")
        log_p = self.kind.combine(self.params, members, self.held_out)
        dataset = str(self.values["dataset"])
        return Prediction(
            members, log_p, labels, self.bins, context, dataset, self.params,
            self.temperature, self.kind.exchangeable,
        )  # fmt: skip

    def _measured(self, split: str, prediction: Prediction) -> "_Measured":
        shift = prediction.named.shift if prediction.named else measures.PLAIN
        chosen = measures.chosen(self.task, shift)
        numbers = [number for measure in chosen for number in measure(prediction)]
        for number in numbers:
            if number.by_kind or not _brief(split, shift):
                self._add(split, number, len(prediction.labels))
        return _Measured(prediction, numbers)

    def _mean(self, severity: int, found: list["_Measured"]) -> None:
        """The mean over kinds at one severity: the curves of the report."""
        split = shifted(MEAN, severity)
        n = sum(len(item.prediction.labels) for item in found)
        for position, number in enumerate(found[0].numbers):
            mean = float(np.mean([item.numbers[position].value for item in found]))
            note = f"mean over {len(found)} kinds, {self.shift.constants} constants"
            about = noted(number.protocol, note)
            self._add(split, Number(number.metric, mean, number.unit, number.kind, about), n)
        self._diagram(split, found)

    def _diagram(self, split: str, found: list["_Measured"]) -> None:
        """A reliability diagram over all kinds pooled, of predicted classes alone."""
        if self.task != measures.CLASSIFICATION:
            return
        self.diagrams += reliability_rows(self.seed, split, [item.prediction for item in found])

    def _histogram(self, split: str, prediction: Prediction) -> None:
        """How many inputs get which confidence."""
        if self.task != measures.CLASSIFICATION:
            return
        self.histograms += histogram_rows(self.seed, split, prediction)

    def _add(self, split: str, number: Number, n: int) -> None:
        kind = HELD_OUT if split in self.held_back else ""
        pieces = number.protocol, kind, self.facts.get("protocol", ""), self.fitted
        self.rows.append(self._record(split, number, n, noted(*pieces)))

    def _record(self, split: str, number: Number, n: int, protocol: str) -> Record:
        return Record(
            "uncertainty", self.task, self.values["dataset"], self.values["model"], self.seed,
            split, number.metric, float(number.value), number.unit, number.kind, n, protocol,
        )  # fmt: skip


def _brief(split: str, shift: str) -> bool:
    """Whether a few numbers are enough: it is one of many sets, or there to choose by."""
    return split.startswith((CORRUPTED, "validation")) or shift in measures.LABELLED[1:]


def _variant(prediction: Prediction) -> str:
    return prediction.named.variant if prediction.named else ""


def _error(prediction: Prediction) -> float:
    return 1.0 - float(accuracy(prediction.log_p, prediction.labels))


@dataclass(frozen=True)
class _Measured:
    prediction: Prediction
    numbers: list[Number]
