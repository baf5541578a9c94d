"""Reliability before and after temperature scaling, of images and of the nodes of a graph."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D
from scipy import special

from triptych.errors import UserError
from triptych.files import Array, read_arrays
from triptych.metrics import calibration as c
from triptych.metrics.classification import top_label
from triptych.metrics.probabilities import log_softmax
from triptych.metrics.temperature import UNDETERMINED, fit_temperature
from triptych.report import numbers, style
from triptych.report.data import MissingData, ReportData
from triptych.report.figure import Figure

BINS = 15
BEFORE, AFTER = "single", "temperature"  # the entries that share their network
COLOURS = {"before": style.PALETTE[1], "after": style.PALETTE[0]}
MARKS = {"before": "s", "after": "o"}
NODE_SETS = ("cora", "digits_knn")  # of which the first that was measured is drawn
LEVEL = 0.95
LEAST = 10  # examples in a bin that is drawn


@dataclass(frozen=True)
class Diagram:
    """One reliability diagram, seeds pooled, without its empty bins.

    Attributes:
        count: Examples per bin.
        accuracy, confidence: Per bin.
        ece: Mean over seeds.
        floor: What a calibrated forecaster's ECE would be, mean over seeds.
        undetermined: Seeds whose validation part does not determine a temperature.
    """

    count: Array
    accuracy: Array
    confidence: Array
    ece: float
    floor: float
    undetermined: int = 0

    @property
    def band(self) -> tuple[Array, Array]:
        """95 % interval of the accuracy in every bin (Clopper & Pearson 1934)."""
        right = np.rint(self.accuracy * self.count)
        wrong = self.count - right
        low = np.where(right > 0, special.betaincinv(right, wrong + 1, (1 - LEVEL) / 2), 0.0)
        high = np.where(wrong > 0, special.betaincinv(right + 1, wrong, (1 + LEVEL) / 2), 1.0)
        return low, high


def images(data: ReportData) -> dict[str, dict[str, Diagram]]:
    """Data set -> before and after, of the twins on the clean test part."""
    found: dict[str, dict[str, Diagram]] = {}
    for model, dataset, _, folder in data.folders("uncertainty", "evaluate"):
        when = {BEFORE: "before", AFTER: "after"}.get(model)
        if when is None or not (folder / "reliability.csv").exists():
            continue
        rows = pd.read_csv(folder / "reliability.csv")
        rows = rows[(rows["split"] == "test") & (rows["count"] > 0)]
        if len(rows):
            own, floors = (
                data.select("uncertainty", metric, model=model, dataset=dataset)
                for metric in ("ece", "ece_floor")
            )
            said = own["protocol"].fillna("").astype(str)
            found.setdefault(dataset, {})[when] = _pooled(
                rows, float(own["value"].mean()), float(floors["value"].mean()),
                int(said.str.contains(UNDETERMINED.note, regex=False).sum()),
            )  # fmt: skip
    return {dataset: pair for dataset, pair in found.items() if len(pair) == 2}


def _pooled(rows: pd.DataFrame, ece: float, floor: float, undetermined: int = 0) -> Diagram:
    rows = rows.assign(
        right=rows["accuracy"] * rows["count"], sure=rows["confidence"] * rows["count"]
    )
    sums = rows.groupby("bin")[["count", "right", "sure"]].sum()
    count = sums["count"].to_numpy(float)
    return Diagram(
        count,
        sums["right"].to_numpy(float) / count,
        sums["sure"].to_numpy(float) / count,
        ece,
        floor,
        undetermined,
    )


def nodes(data: ReportData) -> dict[str, dict[str, Diagram]]:
    """The same for the graph convolutional network: one temperature of its validation nodes."""
    for wanted in NODE_SETS:
        for model, dataset, _, folder in data.folders("graphs", "evaluate"):
            if model != "gcn" or dataset != wanted:
                continue
            try:
                arrays = read_arrays(folder / "outputs.safetensors")
            except UserError:
                continue
            pair = scaled(arrays)
            if pair:
                return {f"gcn, {dataset}": pair}
    return {}


def scaled(arrays: dict[str, Array]) -> dict[str, Diagram]:
    """Diagrams of the test nodes of every seed in a graph job's outputs, pooled."""
    found: dict[str, list[tuple[pd.DataFrame, float, float]]] = {"before": [], "after": []}
    undetermined = 0
    seeds = sorted({k.split("/")[0] for k in arrays if k.endswith("/test_labels")}, key=int)
    for seed in seeds:
        held, test = (arrays[f"{seed}/{split}_logits"] for split in ("validation", "test"))
        fitted = fit_temperature(held, arrays[f"{seed}/validation_labels"])
        undetermined += fitted == UNDETERMINED
        for when, factor in (("before", 1.0), ("after", fitted.value)):
            log_p = log_softmax(test / factor)
            confidence, correct = top_label(log_p, arrays[f"{seed}/test_labels"])
            diagram = c.reliability(confidence, correct, BINS)
            used = diagram.count > 0
            table = pd.DataFrame(
                {
                    "bin": np.flatnonzero(used), "count": diagram.count[used],
                    "accuracy": diagram.accuracy[used], "confidence": diagram.confidence[used],
                }
            )  # fmt: skip
            ece, floor = c.calibration_error(diagram), c.noise_floor(confidence, BINS)
            found[when].append((table, float(ece), float(floor)))
    if not seeds:
        return {}
    return {
        when: _pooled(
            pd.concat([table for table, _, _ in parts]),
            float(np.mean([ece for _, ece, _ in parts])),
            float(np.mean([floor for _, _, floor in parts])),
            undetermined if when == "after" else 0,
        )
        for when, parts in found.items()
    }


def draw(data: ReportData, canvas: Canvas) -> None:
    """A diagram per data set, and below it the density of the confidences."""
    found = images(data) | nodes(data)
    if not found:
        raise MissingData("no network was measured before and after temperature scaling")
    canvas.set_size_inches(max(style.WIDTH, 3.1 * len(found)), 4.9)
    grid = canvas.subplots(
        2, len(found), squeeze=False, sharex=True, height_ratios=[3.2, 1],
    )  # fmt: skip
    for column, (name, pair) in enumerate(found.items()):
        upper, lower = grid[0][column], grid[1][column]
        upper.plot([0, 1], [0, 1], color=style.MUTED, ls=":", lw=1.6)
        for when, diagram in pair.items():
            _diagram(upper, diagram, when)
            _density(lower, diagram, when)
        before, after = (pair[when] for when in COLOURS)
        upper.set_title(f"{name}\nECE {before.ece:.3f} → {after.ece:.3f}")
        upper.set_xlim(0, 1.02)
        upper.set_ylim(0, 1.02)
        lower.set_ylim(0, 1)
        lower.set_xlabel(f"confidence (ECE floor {after.floor:.3f}){_remark(after)}")
    grid[0][0].set_ylabel("accuracy in the bin")
    grid[1][0].set_ylabel("share")
    handles = [
        Line2D([], [], color=COLOURS[w], marker=MARKS[w], label=f"{w} temperature scaling")
        for w in COLOURS
    ]
    canvas.legend(handles=handles, loc="outside lower center", ncols=2)


def _remark(after: Diagram) -> str:
    seeds = numbers.count(after.undetermined, "seed")
    return f"\nT not determined, T = 1: {seeds}" if after.undetermined else ""


def _diagram(ax: Axes, diagram: Diagram, when: str) -> None:
    shown = diagram.count >= LEAST
    confidence = diagram.confidence[shown]
    low, high = (side[shown] for side in diagram.band)
    ax.vlines(confidence, low, high, color=COLOURS[when], lw=1.1, alpha=0.6, zorder=1)
    ax.plot(
        confidence, diagram.accuracy[shown], color=COLOURS[when], marker=MARKS[when], markersize=5,
        lw=1.3, zorder=2,
    )  # fmt: skip


def _density(ax: Axes, diagram: Diagram, when: str) -> None:
    share = diagram.count / diagram.count.sum()
    offset = {"before": -0.008, "after": 0.008}[when]
    ax.vlines(diagram.confidence + offset, 0, share, color=COLOURS[when], lw=3)


FIGURES = [
    Figure(
        name="uncertainty_temperature",
        panel="uncertainty",
        title="Reliability before and after temperature scaling",
        reading="One number, fitted on validation data, brings the confidences (below) to where "
        "the accuracy is; the same serves the graph network of panel two. Bars: 95 % intervals of "
        "the accuracy in a bin, of ten examples or more. An ECE near its floor cannot be told from "
        "0. Validation data without a mistake do not determine the number: it stays 1.",
        draw=draw,
        claims=("U07",),
        order=35,
    )
]
