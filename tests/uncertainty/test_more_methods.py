"""The other methods of the panel: what they train, return, store and cost, from end to end."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from triptych import train
from triptych.data.moons import two_moons
from triptych.data.parts import Part
from triptych.data.shifts.base import Source
from triptych.data.shifts.sets import plane
from triptych.files import read_arrays, read_json, sha256_file, write_arrays, write_json
from triptych.metrics.aggregation import AGGREGATIONS
from triptych.metrics.classification import negative_log_likelihood
from triptych.metrics.pooling import arithmetic
from triptych.metrics.probabilities import log_softmax
from triptych.metrics.temperature import UNDETERMINED, fit_temperature
from triptych.model import Trainable
from triptych.params import split_stages
from triptych.uncertainty import evaluate, predict, shift
from triptych.uncertainty.base import HeldOut, Method, method_class
from triptych.uncertainty.models import bagging

from .toy_images import SIZES, make_part, write_splits

META = {
    "kind": "images", "shape": [8, 8, 1], "n_classes": 3, "levels": 17, "dataset": "toy", "seed": 0,
}  # fmt: skip
NETWORK = {"steps": 20, "width": 4, "hidden": 8, "batch_size": 16, "validate_every": 10}
METHODS: dict[str, dict[str, Any]] = {
    "temperature": NETWORK,
    "bagging": NETWORK | {"members": 2},
    "batch_ensemble": NETWORK | {"members": 3},
    "checkpoint_ensemble": NETWORK | {"members": 4},
    "swag": NETWORK | {"samples": 3, "every": 2},
    "laplace": NETWORK | {"samples": 3},
    "sngp": NETWORK | {"samples": 3, "features": 16},
    "random_forest": {"trees": 6, "members": 3},
    "boosting": {"rounds": 3},
    "stacking": NETWORK | {"trees": 5, "rounds": 2},
}
MEMBERS = {
    "temperature": 1, "bagging": 2, "batch_ensemble": 3, "checkpoint_ensemble": 4, "swag": 3,
    "laplace": 3, "sngp": 3, "random_forest": 3, "boosting": 1, "stacking": 4,
}  # fmt: skip
PASSES = MEMBERS | {"laplace": 1, "sngp": 1, "random_forest": 1}
SEEDS = [0, 1]
SHIFT = {"kinds": ["contrast", "gaussian_noise"], "severities": [1, 5], "constants": "small"}


def build(kind: str, meta: dict[str, Any] | None = None, **params: Any) -> Method:
    torch.manual_seed(0)
    entry = method_class(kind)
    return entry(entry.Params(**METHODS.get(kind, NETWORK) | params), meta or META)


def write_jobs(root: Path, kind: str) -> Path:
    """Parameter files of one method; the folder of its results."""
    early, late = split_stages(method_class(kind).Params(**METHODS.get(kind, NETWORK)))
    head = {
        "panel": "uncertainty", "model": kind, "kind": kind, "dataset": "toy", "seeds": SEEDS,
        "device": "cpu",
    }  # fmt: skip
    conf = root / "conf" / kind
    write_json(conf / "shift.json", SHIFT)
    write_json(conf / "train.json", head | {"params": early})
    write_json(conf / "predict.json", head | {"params": late})
    measure = {"shift": SHIFT, "calibration": {"bins": 15}}
    write_json(conf / "evaluate.json", head | {"params": {}, "measure": measure})
    return root / "results" / kind


def run_jobs(root: Path, kind: str) -> Path:
    """All verbs of one method; the folder of its results."""
    out, conf, splits = write_jobs(root, kind), root / "conf" / kind, write_splits(root, SEEDS)
    shifts = [root / "data" / "shifted" / str(seed) for seed in SEEDS]
    for folder, made in zip(splits, shifts, strict=True):
        shift.run(conf / "shift.json", folder / "test.safetensors", made)
    train.run(conf / "train.json", splits, out / "train")
    predict.run(conf / "predict.json", out / "train", splits, shifts, out / "predict")
    evaluate.run(conf / "evaluate.json", out / "predict", out / "train", out / "evaluate")
    return out


@pytest.fixture(scope="module", params=list(METHODS))
def finished(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Path]:
    """A method and the results of all its jobs."""
    kind = request.param
    return kind, run_jobs(tmp_path_factory.mktemp(kind), kind)


def records(out: Path) -> pd.DataFrame:
    return pd.read_csv(out / "evaluate" / "records.csv", keep_default_na=False)


def number(table: pd.DataFrame, metric: str, split: str = "test", seed: int = 0) -> float:
    row = table[(table.metric == metric) & (table.split == split) & (table.seed == seed)]
    assert len(row) == 1, (metric, split)
    return float(row.value.iloc[0])


# ------------------------------------------------------------------ from end to end


def test_logits_of_every_member_set_and_image(finished: tuple[str, Path]) -> None:
    kind, out = finished
    logits = read_arrays(out / "predict" / "logits.safetensors")
    for seed in SEEDS:
        for name in ("validation", "test", "test+contrast@1", "test+gaussian_noise@5"):
            found = logits[f"{seed}/{name}"]
            n = SIZES["validation" if name == "validation" else "test"]
            assert found.shape == (MEMBERS[kind], n, 3) and found.dtype == np.float32
            assert np.isfinite(found).all()


def test_restored_weights_predict_what_the_records_say(finished: tuple[str, Path]) -> None:
    kind, out = finished
    logits = read_arrays(out / "predict" / "logits.safetensors")
    table = records(out)
    merged = [read_json(out / verb / "run.json")["conf"]["values"]["params"]
              for verb in ("train", "predict")]  # fmt: skip
    values = {k: tuple(v) if k == "betas" else v for part in merged for k, v in part.items()}
    params = method_class(kind).Params(model=kind, **values)
    held_out = HeldOut(logits["1/validation"], logits["1/validation_labels"])
    log_p = method_class(kind).combine(params, logits["1/test+contrast@5"], held_out)
    nll = float(negative_log_likelihood(log_p, logits["1/labels"]))
    assert number(table, "nll", "test+contrast@5", 1) == pytest.approx(nll, abs=1e-12)
    own = fit_temperature(method_class(kind).combine(params, held_out.logits, held_out),
                          held_out.labels)  # fmt: skip
    assert number(table, "temperature", seed=1) == own.value
    assert number(table, "evaluations_per_example") == PASSES[kind]


def test_costs_are_counted(finished: tuple[str, Path]) -> None:
    _, out = finished
    table = records(out)
    assert number(table, "prediction_multiply_adds") > 0
    assert number(table, "training_multiply_adds", "train") > 0
    timings = pd.read_csv(out / "predict" / "timings.csv")
    assert set(timings["metric"]) == {"train_seconds", "prediction_seconds"}


def test_members_are_aggregated_and_counted_at_the_mean_alone(finished: tuple[str, Path]) -> None:
    kind, out = finished
    splits = {m: set(group.split) for m, group in records(out).groupby("metric")}
    means = {"test", "test+mean@1", "test+mean@5"}
    several = MEMBERS[kind] > 1
    assert (splits.get("nll_aggregated/vote") == means) == several
    disputed = several and kind != "stacking"  # which does not weigh its members alike
    for metric in ("mutual_information", "disagreement", "members_distance"):
        assert (splits.get(metric) == means) == disputed and (metric in splits) == disputed
    sized = several and kind != "stacking"  # its members are of different kinds
    assert (splits.get(f"nll_of_size/k={MEMBERS[kind]}") == means) == sized
    assert splits["nll_calibrated"] == means
    assert {"test+contrast@5", "validation"} <= splits["nll"]


def test_a_second_run_has_the_same_bytes(finished: tuple[str, Path], tmp_path: Path) -> None:
    kind, out = finished
    again = run_jobs(tmp_path, kind)
    for name in ("train/weights.safetensors", "predict/logits.safetensors",
                 "evaluate/records.csv", "evaluate/outputs.safetensors"):  # fmt: skip
        assert sha256_file(again / name) == sha256_file(out / name), name


def test_predictions_that_figures_show_are_stored(finished: tuple[str, Path]) -> None:
    _, out = finished
    outputs = read_arrays(out / "evaluate" / "outputs.safetensors")
    assert set(outputs) == {"0/members", "0/labels"}
    logits = read_arrays(out / "predict" / "logits.safetensors")["0/test"]
    assert outputs["0/members"] == pytest.approx(np.exp(log_softmax(logits)), abs=1e-6)
    assert outputs["0/members"].dtype == np.float32


# ------------------------------------------------------------------ the contract


@pytest.mark.parametrize("kind", list(METHODS))
def test_contract(kind: str) -> None:
    method = build(kind)
    assert method.family and method.Params.__doc__
    if kind not in ("random_forest", "boosting"):
        parts = method.trainables()
        assert all(isinstance(part, Trainable) for part in parts.values())
        single = [tuple(p.shape) for p in build("single").parameters()]
        network = [tuple(p.shape) for p in method.network().parameters()]
        assert network == single


@pytest.mark.parametrize("kind", list(METHODS))
def test_every_method_reads_tables(kind: str) -> None:
    """Two moons: fitted without images, predicted on points far away."""
    method, train_data = build(kind, MOONS), moons_batch()
    if not method.fit_closed_form(train_data, torch.Generator().manual_seed(0)):
        with torch.no_grad():
            method.complete(train_data, train_data)
    method.eval()
    x = method.inputs(np.array([[0.0, 0.0], [30.0, -40.0]]))
    with torch.no_grad():
        logits = method.member_logits(x, torch.Generator().manual_seed(0))
    # A checkpoint ensemble that was not trained has taken no copy yet.
    assert logits.shape == (1 if kind == "checkpoint_ensemble" else MEMBERS[kind], 2, 2)
    assert torch.isfinite(logits).all()


# ------------------------------------------------------------------ bagging


def test_resamples_are_named_by_data_set_seed_and_network() -> None:
    n = 5000
    rows = {
        name: bagging.resample(n, *name)
        for name in (("toy", 0, "member_0"), ("toy", 0, "member_1"), ("toy", 1, "member_0"),
                     ("other", 0, "member_0"))
    }  # fmt: skip
    for name, drawn in rows.items():
        assert torch.equal(drawn, bagging.resample(n, *name))
        assert drawn.min() >= 0 and drawn.max() < n and len(drawn) == n
        # A share (1 − 1/n)^n ≈ 1/e is missing; occupancy has variance n (1/e)(1 − 2/e).
        missing = n - len(drawn.unique())
        expected = n * (1 - 1 / n) ** n
        assert abs(missing - expected) < 5 * np.sqrt(n * (1 / np.e) * (1 - 2 / np.e))
    assert len({tuple(drawn.tolist()) for drawn in rows.values()}) == len(rows)


def test_each_network_is_trained_on_its_own_resample_of_whole_examples() -> None:
    method = build("bagging")
    data, _ = method.tensors(make_part("train", 0), make_part("validation", 0))
    for name in method.trainables():
        seen = method.data_for(name, data)
        rows = bagging.resample(SIZES["train"], "toy", 0, name)
        assert torch.equal(seen["x"], data["x"][rows]) and torch.equal(seen["y"], data["y"][rows])


# ------------------------------------------------------------------ one network, several methods


@pytest.mark.parametrize("kind", ["temperature", "laplace"])
def test_twins_train_the_single_network_itself(kind: str, tmp_path: Path) -> None:
    weights = {}
    for name in ("single", kind):
        out, splits = write_jobs(tmp_path, name), write_splits(tmp_path, SEEDS)
        train.run(tmp_path / "conf" / name / "train.json", splits, out / "train")
        weights[name] = read_arrays(out / "train" / "weights.safetensors")
    own = "members.0." if kind == "temperature" else "member."
    for key, value in weights["single"].items():
        other = weights[kind][key.replace("member.", own)]
        assert np.array_equal(value, other), key


def test_a_method_without_a_twin_has_streams_of_its_own() -> None:
    values = {"panel": "uncertainty", "model": "temperature", "dataset": "toy",
              "params": {"twin": "single"}}  # fmt: skip
    assert train.stream(values, 3) == ("uncertainty", "single", "toy", 3)
    values["params"] = {"twin": None}
    assert train.stream(values, 3) == ("uncertainty", "temperature", "toy", 3)


# ------------------------------------------------------------------ 6. temperature, after pooling


def overconfident(members: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    truth = rng.normal(0, 1.5, (n, 4))
    labels = (np.exp(log_softmax(truth)).cumsum(axis=1) > rng.random((n, 1))).argmax(axis=1)
    return 3 * (truth + rng.normal(0, 1, (members, n, 4))), labels


def test_the_temperature_is_the_best_of_a_fine_search() -> None:
    logits, labels = overconfident(1, 3000)
    entry = method_class("temperature")
    log_p = entry.combine(entry.Params(), logits, HeldOut(logits, labels))
    fitted = float(negative_log_likelihood(log_p, labels))
    searched = min(
        float(negative_log_likelihood(log_softmax(logits[0] / t), labels))
        for t in np.geomspace(0.05, 20, 2001)
    )
    # The search brackets the optimum to 0.3 %; the fit is the stationary point.
    assert fitted <= searched + 1e-12
    assert searched - fitted < 1e-5
    assert (log_p.argmax(axis=1) == logits[0].argmax(axis=1)).all()


def test_the_temperature_follows_the_pooling() -> None:
    """Members that are calibrated one by one, on evidence of their own, need T = 1 each; their mean
    is underconfident, which only a temperature after the pooling can mend.
    """
    rng = np.random.default_rng(5)
    y, sigma = rng.choice([-1.0, 1.0], 20_000), 1.5
    odds = 2 * (y + sigma * rng.normal(size=(4, 20_000))) / sigma**2
    logits, labels = np.stack([np.zeros_like(odds), odds], axis=-1), (y > 0).astype(np.int64)
    # Information of β per example: p (1 − p) odds², about 0.3 here; five standard errors.
    for member in logits:
        assert fit_temperature(member, labels).value == pytest.approx(1.0, abs=5 / (6000**0.5))
    entry = method_class("temperature")
    after = entry.combine(entry.Params(members=4), logits, HeldOut(logits, labels))
    own = fit_temperature(arithmetic(logits), labels).value
    assert own < 0.8
    assert after == pytest.approx(log_softmax(arithmetic(logits) / own), abs=1e-12)
    before = negative_log_likelihood(arithmetic(logits), labels)
    assert negative_log_likelihood(after, labels) < before - 0.01


def test_no_shifted_set_moves_the_temperature() -> None:
    logits, labels = overconfident(1, 500)
    entry, held_out = method_class("temperature"), HeldOut(logits[:, :250], labels[:250])
    whole = entry.combine(entry.Params(), logits, held_out)
    part = entry.combine(entry.Params(), logits[:, 400:], held_out)
    assert np.array_equal(whole[400:], part)


@pytest.mark.parametrize("kind", ["temperature", "laplace"])
def test_what_rests_on_an_undetermined_temperature_says_so(kind: str, tmp_path: Path) -> None:
    """A validation part without a mistake (seed 0), and one with some (seed 1)."""
    out = run_jobs(tmp_path, kind)
    logits = read_arrays(out / "predict" / "logits.safetensors")
    for seed, wrong in ((0, 0), (1, 5)):
        said = logits[f"{seed}/validation_labels"].copy()
        said[:wrong] = (said[:wrong] + 1) % 3
        right = 4.0 * np.eye(3, dtype=np.float32)[said]
        logits[f"{seed}/validation"] = np.repeat(right[None], MEMBERS[kind], axis=0)
    write_arrays(out / "predict" / "logits.safetensors", logits)
    conf = tmp_path / "conf" / kind / "evaluate.json"
    evaluate.run(conf, out / "predict", out / "train", out / "evaluate")
    table = records(out)
    table = table[table.split.str.startswith(("test", "validation"))]
    remark = table.protocol.str.contains(UNDETERMINED.note, regex=False)
    assert not remark[table.seed == 1].any()
    own = {"nll_calibrated", "ece_calibrated", "temperature"}
    assert own <= set(table[(table.seed == 0) & remark].metric)
    assert number(table, "temperature") == 1.0
    # The method that is scaled by it says so of all that it predicts; of another it is a measure.
    for metric in ("nll", "ece", "accuracy"):
        assert remark[(table.seed == 0) & (table.metric == metric)].all() == (kind != "laplace")
    unscaled = log_softmax(arithmetic(logits["0/test"]))
    nll = float(negative_log_likelihood(unscaled, logits["0/labels"]))
    assert number(table, "nll_calibrated") == pytest.approx(nll, abs=1e-12)


def test_a_member_of_the_forest_is_a_group_of_trees() -> None:
    said = build("random_forest", trees=6, members=3).prediction_protocol()
    assert "3 members, each the mean of a group of 2 trees" in said


# ------------------------------------------------------------------ 7. aggregations are read late


@pytest.mark.parametrize("kind", ["deep_ensemble", "bagging"])
def test_the_aggregation_is_read_by_the_evaluation_alone(kind: str) -> None:
    entry = method_class(kind)
    logits = np.random.default_rng(0).normal(size=(4, 6, 3)).astype(np.float32)
    held_out = HeldOut(logits, np.zeros(6, np.int64))
    for name, pool in AGGREGATIONS.items():
        params = entry.Params(aggregation=name)
        assert "aggregation" not in split_stages(params)[0]
        assert np.array_equal(entry.combine(params, logits, held_out), pool(logits))
    assert entry.Params().aggregation == "arithmetic"


# ------------------------------------------------------------------ two moons

MOONS: dict[str, Any] = {
    "kind": "table", "features": ["x1", "x2"], "n_classes": 2, "dataset": "two_moons", "seed": 0,
    "task": "classification",
}  # fmt: skip


def moons_batch() -> dict[str, torch.Tensor]:
    arrays = two_moons(None, 80, 0.1, 0).arrays
    return {"x": torch.from_numpy(arrays["x"]).float(), "y": torch.from_numpy(arrays["y"])}


def test_moons_lie_on_their_half_circles() -> None:
    found = two_moons(None, 400, 0.0, 1)
    x, y = found.arrays["x"], found.arrays["y"]
    assert np.bincount(y).tolist() == [200, 200] and found.meta["n"] == 400
    upper, lower = x[y == 0], x[y == 1]
    assert np.hypot(*upper.T) == pytest.approx(np.ones(200))
    assert np.hypot(*(lower - [1.0, 0.5]).T) == pytest.approx(np.ones(200))
    assert (upper[:, 1] >= 0).all() and (lower[:, 1] <= 0.5).all()
    again = two_moons(None, 400, 0.0, 1)
    assert np.array_equal(x, again.arrays["x"])


def test_the_plane_is_a_grid_around_the_points() -> None:
    arrays = two_moons(None, 50, 0.1, 0).arrays
    part = Part(arrays, MOONS | {"part": "test"})
    made = plane.make(Source(part, arrays["x"], lambda name: two_moons(None, 1, 0, 0)))[""]
    side = plane.SIDE
    assert made.x.shape == (side**2, 2) and made.y is None
    grid = made.x.reshape(side, side, 2)
    left, right, bottom, top = made.facts["borders"]
    assert (grid[:, 0, 0] == left).all() and (grid[:, -1, 0] == right).all()
    assert (grid[0, :, 1] == top).all() and (grid[-1, :, 1] == bottom).all()
    assert (
        right - left
        == pytest.approx(top - bottom)
        == pytest.approx((1 + 2 * plane.MARGIN) * np.ptp(arrays["x"], axis=0).max())
    )
    assert len(made.facts["points"]) == 50
