"""The verbs shift, train, predict and evaluate on a small image set, end to end."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from triptych import closure, train
from triptych.data import corruptions
from triptych.errors import UserError
from triptych.files import read_arrays, read_json, sha256_file, write_arrays, write_json
from triptych.metrics.calibration import expected_calibration_error
from triptych.metrics.classification import top_label
from triptych.metrics.pooling import arithmetic
from triptych.params import split_stages
from triptych.records import HELD_OUT
from triptych.uncertainty import evaluate, measures, predict, shift
from triptych.uncertainty.base import HeldOut, method_class
from triptych.uncertainty.images import to_bytes

from .toy_images import RULE, SIZES, make_part, write_splits

SEEDS = [0, 1]
SHIFT = {
    "kinds": ["contrast", "gaussian_noise", "speckle_noise"],
    "severities": [1, 5],
    "constants": "small",
}
TINY = {"steps": 30, "width": 4, "hidden": 8, "batch_size": 16, "validate_every": 15}
METHODS: dict[str, dict[str, Any]] = {
    "single": {},
    "mc_dropout": {"samples": 3, "dropout": 0.3},
    "deep_ensemble": {"members": 2},
}
MEMBERS = {"single": 1, "mc_dropout": 3, "deep_ensemble": 2}


class Chain:
    """The jobs of one method, one after the other, in a folder of its own."""

    def __init__(self, root: Path, kind: str, **params: Any) -> None:
        self.root, self.kind = root, kind
        self.splits = write_splits(root, SEEDS)
        self.shifts = [root / "data" / "shifted" / "toy" / str(seed) for seed in SEEDS]
        self.conf, self.out = root / "conf" / kind, root / "results" / kind
        typed = method_class(kind).Params(**TINY, **METHODS[kind], **params)
        early, late = split_stages(typed)
        head = {
            "panel": "uncertainty", "model": kind, "kind": kind, "dataset": "toy", "seeds": SEEDS,
            "device": "cpu",
        }  # fmt: skip
        write_json(root / "conf" / "shift" / "toy.json", SHIFT)
        write_json(self.conf / "train.json", head | {"params": early})
        write_json(self.conf / "predict.json", head | {"params": late})
        measure = {"shift": SHIFT, "calibration": {"bins": 15}}
        write_json(self.conf / "evaluate.json", head | {"params": {}, "measure": measure})

    def shift(self) -> None:
        for folder, out in zip(self.splits, self.shifts, strict=True):
            shift.run(self.root / "conf" / "shift" / "toy.json", folder / "test.safetensors", out)

    def train(self) -> None:
        train.run(self.conf / "train.json", self.splits, self.out / "train")

    def predict(self) -> None:
        predict.run(
            self.conf / "predict.json", self.out / "train", self.splits, self.shifts,
            self.out / "predict",
        )  # fmt: skip

    def evaluate(self) -> None:
        evaluate.run(
            self.conf / "evaluate.json", self.out / "predict", self.out / "train",
            self.out / "evaluate",
        )  # fmt: skip

    def all(self) -> "Chain":
        self.shift()
        self.train()
        self.predict()
        self.evaluate()
        return self

    def records(self) -> pd.DataFrame:
        return pd.read_csv(self.out / "evaluate" / "records.csv", keep_default_na=False)

    def logits(self) -> dict[str, np.ndarray]:
        return read_arrays(self.out / "predict" / "logits.safetensors")


@pytest.fixture(scope="module", params=list(METHODS))
def chain(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Chain:
    return Chain(tmp_path_factory.mktemp(request.param), request.param).all()


# ------------------------------------------------------------------ shift


def test_shifted_sets_are_the_corrupted_test_images(chain: Chain) -> None:
    for seed, folder in zip(SEEDS, chain.shifts, strict=True):
        part = make_part("test", seed)
        clean = to_bytes(part.arrays["x"], part.meta)
        manifest = read_json(folder / "manifest.json")
        assert (manifest["dataset"], manifest["seed"], manifest["n"]) == ("toy", seed, 25)
        assert manifest["sets_sha256"] == sha256_file(folder / shift.SETS)
        for kind in SHIFT["kinds"]:
            path = folder / f"{kind}.safetensors"
            facts = manifest["kinds"][kind]
            assert facts["sha256"] == sha256_file(path) and facts["gate"] == "passed"
            assert facts["rmse"]["1"] < facts["rmse"]["5"]
            for severity, x in read_arrays(path).items():
                expected = corruptions.corrupt(
                    clean, kind, int(severity), part.arrays["index"], "toy", seed
                )
                assert np.array_equal(x, expected)


def test_the_gate_stops_a_kind_that_does_not_grow(tmp_path: Path) -> None:
    chain = Chain(tmp_path, "single")
    path = chain.splits[0] / "test.safetensors"
    part = make_part("test", 0)
    black = part.arrays | {"x": np.zeros_like(part.arrays["x"])}
    write_arrays(path, black, {"meta": json.dumps(part.meta)})
    with pytest.raises(UserError, match=r"corruption contrast: .*uncertainty\.shift\.kinds"):
        chain.shift()
    assert not (chain.shifts[0] / "manifest.json").exists()


def test_shift_depends_on_the_code_of_its_kinds_alone() -> None:
    names = shift.modules(["contrast"])
    assert "triptych.data.corruptions.kinds.contrast" in names
    assert not any("gaussian" in name for name in names)


def test_the_code_of_every_verb_is_found() -> None:
    shared = closure.closure(*shift.modules(["contrast"]))
    assert any(name.endswith("corruptions/draws.py") for name in shared)
    assert not any(name.endswith("uncertainty/base.py") for name in shared)
    predicted = closure.closure(*predict.modules("single"))
    assert any(name.endswith("models/single.py") for name in predicted)
    assert not any("deep_ensemble" in name or "measures" in name for name in predicted)
    measured = closure.closure(*measures.modules("single", ["contrast"]))
    for wanted in ("measures/scores.py", "metrics/calibration.py", "kinds/contrast.py"):
        assert any(name.endswith(wanted) for name in measured), wanted
    # What only measures must not retrain, and a new corruption must not either.
    trained = closure.closure(*train.modules("uncertainty", "single"))
    late = ("measures", "corruptions", "calibration", "classification", "evaluate")
    assert not any(name in path for path in trained for name in late)


# ------------------------------------------------------------------ predict


def test_logits_of_every_set_and_every_image(chain: Chain) -> None:
    """No image is dropped: as many predictions as test images, for every set (trap 20)."""
    logits = chain.logits()
    sets = {"test", "validation"} | {
        f"test+{kind}@{severity}" for kind in SHIFT["kinds"] for severity in SHIFT["severities"]
    }
    expected = {f"{seed}/{name}" for seed in SEEDS for name in sets}
    labels = {f"{seed}/{name}" for seed in SEEDS for name in ("labels", "validation_labels")}
    assert set(logits) == expected | labels
    for name in expected:
        n = SIZES["validation" if name.endswith("validation") else "test"]
        assert logits[name].shape == (MEMBERS[chain.kind], n, 3)
        assert logits[name].dtype == np.float32 and np.isfinite(logits[name]).all()
    for seed in SEEDS:
        assert np.array_equal(logits[f"{seed}/labels"], make_part("test", seed).arrays["y"])
        held_out = make_part("validation", seed)
        assert np.array_equal(logits[f"{seed}/validation_labels"], held_out.arrays["y"])


def test_a_last_batch_that_is_not_full_is_kept(
    chain: Chain, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(predict, "BATCH", 7)
    monkeypatch.setattr(predict, "NUMBERS", 0)
    out = chain.out
    predict.run(
        chain.conf / "predict.json", out / "train", chain.splits, chain.shifts, tmp_path / "predict"
    )
    small = read_arrays(tmp_path / "predict" / "logits.safetensors")
    for name, array in chain.logits().items():
        assert small[name].shape == array.shape
        if chain.kind != "mc_dropout":  # its masks are drawn batch by batch
            assert np.allclose(small[name], array, atol=1e-5)


def test_timings_are_kept_apart_from_records(chain: Chain) -> None:
    timings = pd.read_csv(chain.out / "predict" / "timings.csv")
    assert set(timings["metric"]) == {"train_seconds", "prediction_seconds"}
    assert (timings["value"] > 0).all() and len(timings) == 2 * len(SEEDS)
    assert not any("second" in metric for metric in chain.records()["metric"])


# ------------------------------------------------------------------ evaluate


def number(table: pd.DataFrame, metric: str, split: str, seed: int = 0) -> float:
    row = table[(table.metric == metric) & (table.split == split) & (table.seed == seed)]
    assert len(row) == 1, (metric, split)
    return float(row.value.iloc[0])


def test_records_are_the_measures_of_the_logits(chain: Chain) -> None:
    table, logits = chain.records(), chain.logits()
    for seed in SEEDS:
        labels = logits[f"{seed}/labels"]
        log_p = arithmetic(logits[f"{seed}/test+contrast@5"])
        confidence, correct = top_label(log_p, labels)
        assert number(table, "accuracy", "test+contrast@5", seed) == correct.mean()
        assert number(table, "ece", "test+contrast@5", seed) == float(
            expected_calibration_error(confidence, correct, 15)
        )
        nll = -log_p[np.arange(25), labels].mean()
        assert number(table, "nll", "test+contrast@5", seed) == pytest.approx(nll, abs=1e-12)
        assert number(table, "nll", "test") <= number(table, "nll_members", "test") + 1e-12
        assert number(table, "n_train", "train", seed) == SIZES["train"]
        assert number(table, "diverged", "train", seed) == 0.0
        cost = number(table, "evaluations_per_example", "test", seed)
        assert cost == MEMBERS[chain.kind]


def test_the_mean_over_kinds_is_at_one_severity_and_without_validation_kinds(chain: Chain) -> None:
    """Trap 20."""
    table, logits = chain.records(), chain.logits()
    for severity in SHIFT["severities"]:
        splits = [f"test+{k}@{severity}" for k in ("contrast", "gaussian_noise")]
        for metric in ("accuracy", "nll", "brier", "ece"):
            parts = [number(table, metric, split) for split in splits]
            mean = number(table, metric, f"test+mean@{severity}")
            assert mean == pytest.approx(np.mean(parts), abs=1e-14)
        # The confidence is recorded for the mean alone.
        assert not len(table[(table.metric == "mean_confidence") & table.split.isin(splits)])
        pooled = [arithmetic(logits[f"0/{split}"]) for split in splits]
        parts = [float(top_label(log_p, logits["0/labels"])[0].mean()) for log_p in pooled]
        mean = number(table, "mean_confidence", f"test+mean@{severity}")
        assert mean == pytest.approx(np.mean(parts), abs=1e-14)
    rows = table[table.split.str.startswith("test+mean@")]
    assert set(rows.n) == {2 * SIZES["test"]}
    assert rows.protocol.str.contains("mean over 2 kinds, small constants").all()
    speckle = table[table.split == "test+speckle_noise@5"]
    assert set(speckle.n) == {SIZES["test"]}  # measured all the same
    kept_back = table.protocol.str.contains(HELD_OUT, regex=False)
    assert set(table[kept_back].split) == {"test+speckle_noise@1", "test+speckle_noise@5"}
    assert kept_back[table.split.str.startswith("test+speckle_noise@")].all()


def test_only_methods_with_members_have_mutual_information(chain: Chain) -> None:
    metrics = set(chain.records()["metric"])
    several = {"mutual_information", "expected_entropy", "disagreement"}
    assert several <= metrics if chain.kind != "single" else not several & metrics
    if chain.kind != "single":
        table = chain.records()
        total = number(table, "predictive_entropy", "test")
        parts = [number(table, m, "test") for m in ("expected_entropy", "mutual_information")]
        assert total == pytest.approx(sum(parts), abs=1e-12)


def test_protocols_say_what_a_number_means_nothing_without(chain: Chain) -> None:
    table = chain.records().set_index(["metric", "split", "seed"])["protocol"]
    assert "15 equal-width bins" in table["ece", "test", 0]
    assert "0 to 2" in table["brier", "test", 0]
    assert table["n_train", "train", 0] == RULE
    assert table["family", "train", 0] == method_class(chain.kind).family


def test_the_reliability_table_pools_the_kinds(chain: Chain) -> None:
    table = pd.read_csv(chain.out / "evaluate" / "reliability.csv")
    assert set(table.split) == {"test", "test+mean@1", "test+mean@5"}
    counts = table.groupby(["seed", "split"])["count"].sum()
    assert (counts[:, "test"] == 25).all() and (counts[:, "test+mean@5"] == 50).all()
    clean = table[(table.seed == 0) & (table.split == "test") & (table["count"] > 0)]
    ece = (clean["count"] / 25 * (clean.accuracy - clean.confidence).abs()).sum()
    assert number(chain.records(), "ece", "test") == pytest.approx(ece, abs=1e-12)
    assert ((clean.lower < clean.confidence) & (clean.confidence <= clean.upper)).all()


def test_a_second_run_has_the_same_bytes(chain: Chain, tmp_path: Path) -> None:
    again = Chain(tmp_path, chain.kind).all()
    for name in ("train/weights.safetensors", "predict/logits.safetensors",
                 "evaluate/records.csv", "evaluate/reliability.csv"):  # fmt: skip
        assert sha256_file(again.out / name) == sha256_file(chain.out / name), name


def test_training_learns_the_easy_classes(tmp_path: Path) -> None:
    chain = Chain(tmp_path, "single")
    values = read_json(chain.conf / "train.json")
    values["params"]["steps"] = 150
    write_json(chain.conf / "train.json", values)
    table = chain.all().records()
    assert number(table, "accuracy", "test") > 0.9  # a third by guessing


def test_what_a_method_fits_last_it_fits_on_the_validation_part(
    chain: Chain, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """No test image can reach a temperature: ids are disjoint, and no other labels are given."""
    seen: list[HeldOut] = []

    def spy(cls: type, params: Any, members: np.ndarray, held_out: HeldOut) -> np.ndarray:
        seen.append(held_out)
        return arithmetic(members)

    monkeypatch.setattr(method_class(chain.kind), "combine", classmethod(spy))
    out = tmp_path / "evaluate"
    evaluate.run(chain.conf / "evaluate.json", chain.out / "predict", chain.out / "train", out)
    expected = [make_part("validation", seed) for seed in SEEDS]
    assert {len(item.labels) for item in seen} == {SIZES["validation"]}
    assert {item.labels.tobytes() for item in seen} <= {p.arrays["y"].tobytes() for p in expected}
    for part, seed in zip(expected, SEEDS, strict=True):
        assert not set(part.arrays["index"]) & set(make_part("test", seed).arrays["index"])


def test_a_diverged_seed_says_so_and_nothing_else(chain: Chain, tmp_path: Path) -> None:
    copy = Chain(tmp_path, chain.kind)
    copy.shift()
    copy.train()
    run = read_json(copy.out / "train" / "run.json")
    run["facts"]["1"]["status"] = "diverged"
    write_json(copy.out / "train" / "run.json", run)
    copy.predict()
    copy.evaluate()
    assert all(name.startswith("0/") for name in copy.logits())
    table = copy.records()
    assert number(table, "diverged", "train", 1) == 1.0
    assert set(table[table.seed == 1].metric) == {"diverged", "n_train", "family", "parameters"}
    timings = pd.read_csv(copy.out / "predict" / "timings.csv")
    assert set(timings.seed) == {0}
    ours, others = copy.records().query("seed == 0"), chain.records().query("seed == 0")
    assert ours.to_csv() == others.to_csv()


def test_the_bins_are_read_late(chain: Chain, tmp_path: Path) -> None:
    values = read_json(chain.conf / "evaluate.json")
    values["measure"]["calibration"]["bins"] = 1
    write_json(tmp_path / "evaluate.json", values)
    out = tmp_path / "evaluate"
    evaluate.run(tmp_path / "evaluate.json", chain.out / "predict", chain.out / "train", out)
    table = pd.read_csv(out / "records.csv", keep_default_na=False)
    gap = abs(number(table, "confidence_minus_accuracy", "test"))
    assert number(table, "ece", "test") == pytest.approx(gap, abs=1e-12)
