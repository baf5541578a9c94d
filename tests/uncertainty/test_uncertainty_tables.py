"""Tables through the verbs: classes and real targets, shifted rows, decisions, coverage."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from triptych import train
from triptych.data import shifts
from triptych.data.prepared import Prepared, describe
from triptych.errors import UserError
from triptych.files import Array, read_arrays, read_json, sha256_file, write_arrays, write_json
from triptych.metrics import decisions, regression
from triptych.metrics.pooling import arithmetic
from triptych.params import split_stages
from triptych.uncertainty import evaluate, predict, shift
from triptych.uncertainty.base import method_class
from triptych.uncertainty.regression_levels import LEVELS
from triptych.uncertainty.tables import Standardise, TableNetwork

from .toy_tables import SIZES, make_part, write_splits

SEEDS = [0, 1]
TINY = {"steps": 60, "hidden": 16, "batch_size": 16, "validate_every": 20}
CLASSIFIERS: dict[str, dict[str, Any]] = {
    "single": TINY,
    "mc_dropout": TINY | {"samples": 3, "dropout": 0.3},
    "deep_ensemble": TINY | {"members": 2},
    "logistic_regression": {},
}
REGRESSORS: dict[str, dict[str, Any]] = {
    "mean_variance": TINY | {"members": 3},
    "mean_variance_dropout": TINY | {"samples": 4, "dropout": 0.2},
    "quantile_regression": TINY,
}
MEMBERS = {
    "single": 1, "mc_dropout": 3, "deep_ensemble": 2, "logistic_regression": 1,
    "mean_variance": 3, "mean_variance_dropout": 4, "quantile_regression": 1,
}  # fmt: skip


class Chain:
    """The jobs of one method on a table, one after the other."""

    def __init__(self, root: Path, kind: str) -> None:
        self.kind, self.task = kind, "regression" if kind in REGRESSORS else "classification"
        self.dataset = "heteroscedastic" if kind in REGRESSORS else "breast_cancer"
        sets = ["known_truth"] if kind in REGRESSORS else ["feature_noise"]
        self.splits = write_splits(root, self.task, SEEDS, self.dataset)
        self.out = root / "results"
        self.shifts = [root / "data" / "shifted" / str(seed) for seed in SEEDS]
        chosen: dict[str, Any] = {
            "kinds": [], "severities": [1, 5], "constants": "small", "sets": sets,
        }  # fmt: skip
        self._prepared(root)
        companions = [] if kind in REGRESSORS else [self.dataset]
        write_json(root / "shift.json", chosen | {"companions": companions})
        for folder, out in zip(self.splits, self.shifts, strict=True):
            shift.run(root / "shift.json", folder / "test.safetensors", out, root / "prepared")
        typed = method_class(kind).Params(**(CLASSIFIERS | REGRESSORS)[kind])
        early, late = split_stages(typed)
        head = {
            "panel": "uncertainty", "model": kind, "kind": kind, "dataset": self.dataset,
            "seeds": SEEDS, "device": "cpu",
        }  # fmt: skip
        measure = {"shift": chosen, "calibration": {"bins": 15}}
        for verb, more in (
            ("train", {"params": early}),
            ("predict", {"params": late}),
            ("evaluate", {"params": {}, "measure": measure}),
        ):
            write_json(root / f"{verb}.json", head | more)
        train.run(root / "train.json", self.splits, self.out / "train")
        predict.run(
            root / "predict.json", self.out / "train", self.splits, self.shifts,
            self.out / "predict",
        )  # fmt: skip
        evaluate.run(
            root / "evaluate.json", self.out / "predict", self.out / "train", self.out / "evaluate"
        )

    def _prepared(self, root: Path) -> None:
        """What `feature_noise` reads the spread of the features from."""
        if self.kind in REGRESSORS:
            return
        x = np.concatenate([make_part(self.task, n, 0, self.dataset).arrays["x"] for n in SIZES])
        folder = root / "prepared" / self.dataset
        write_arrays(folder / "arrays.safetensors", {"x": x})
        digest = sha256_file(folder / "arrays.safetensors")
        write_json(folder / "manifest.json", {"arrays": {"sha256": digest}, "meta": {}})

    def records(self) -> pd.DataFrame:
        return pd.read_csv(self.out / "evaluate" / "records.csv", keep_default_na=False)

    def predictions(self) -> dict[str, Array]:
        return read_arrays(self.out / "predict" / "logits.safetensors")


@pytest.fixture(scope="module", params=[*CLASSIFIERS, *REGRESSORS])
def chain(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Chain:
    return Chain(tmp_path_factory.mktemp(request.param), request.param)


def number(table: pd.DataFrame, metric: str, split: str = "test", seed: int = 0) -> float:
    row = table[(table.metric == metric) & (table.split == split) & (table.seed == seed)]
    assert len(row) == 1, (metric, split)
    return float(row.value.iloc[0])


def test_every_row_is_predicted_once_per_set(chain: Chain) -> None:
    found = chain.predictions()
    outputs = {"mean_variance": 2, "mean_variance_dropout": 2, "quantile_regression": len(LEVELS)}
    last = outputs.get(chain.kind, 2)
    variants = (
        [f"test:feature_noise@{s}" for s in range(1, 6)]
        if chain.kind in CLASSIFIERS
        else ["test:known_truth@inside", "test:known_truth@outside"]
    )
    for seed in SEEDS:
        for split, n in (("validation", SIZES["validation"]), ("test", SIZES["test"])):
            assert found[f"{seed}/{split}"].shape == (MEMBERS[chain.kind], n, last)
        for split in variants:
            assert found[f"{seed}/{split}"].shape[::2] == (MEMBERS[chain.kind], last)
            assert len(found[f"{seed}/{split}#y"]) == found[f"{seed}/{split}"].shape[1]
        expected = make_part(chain.task, "test", seed, chain.dataset).arrays["y"]
        assert np.array_equal(found[f"{seed}/labels"], expected)


def test_tables_have_no_corruptions_and_records_say_their_task(chain: Chain) -> None:
    table = chain.records()
    assert set(table.task) == {chain.task}
    assert not table.split.str.startswith("test+").any()
    assert number(table, "diverged", "train") == 0.0
    diagrams = pd.read_csv(chain.out / "evaluate" / "reliability.csv")
    assert (len(diagrams) > 0) == (chain.task == "classification")


@pytest.mark.parametrize("chain", list(CLASSIFIERS), indirect=True)
def test_classifiers_learn_and_lose_under_noise(chain: Chain) -> None:
    table = chain.records()
    for seed in SEEDS:
        assert number(table, "accuracy", seed=seed) > 0.85
        assert number(table, "accuracy", "test:feature_noise@5", seed) < number(
            table, "accuracy", seed=seed
        )


@pytest.mark.parametrize("chain", list(CLASSIFIERS), indirect=True)
def test_decisions_are_those_of_the_cached_probabilities(chain: Chain) -> None:
    table, found = chain.records(), chain.predictions()
    for split, key in (("test", "labels"), ("test:feature_noise@3", "test:feature_noise@3#y")):
        q = np.exp(arithmetic(found[f"1/{split}"])[:, 0])
        diseased = found[f"1/{key}"] == 0
        for rule, actions in (
            ("abstain", decisions.best_action(q)),
            ("decide", decisions.best_action(q, abstain=False)),
            ("argmax", decisions.more_probable(q)),
        ):
            wanted = float(decisions.realised_cost(actions, diseased))
            found_cost = number(table, f"decision_cost/{rule}", split, 1)
            assert found_cost == pytest.approx(wanted, abs=1e-12)
        at_deck = number(table, "decision_cost_at/price=0.5", split, 1)
        assert at_deck == number(table, "decision_cost/abstain", split, 1)


@pytest.mark.parametrize("chain", list(REGRESSORS), indirect=True)
def test_coverage_and_widths_are_those_of_the_cached_laws(chain: Chain) -> None:
    table, found = chain.records(), chain.predictions()
    members, y = found["0/test"].astype(np.float64), found["0/labels"]
    if chain.kind == "quantile_regression":
        low, high = members[0, :, LEVELS.index(0.05)], members[0, :, LEVELS.index(0.95)]
        assert not table.metric.isin(["nll", "crps"]).any()  # nine quantiles are no density
    else:
        mean, variance = regression.mixture_moments(members[..., 0], members[..., 1])
        half = 1.6448536269514722 * np.sqrt(variance)
        low, high = mean - half, mean + half
        assert number(table, "nll") == pytest.approx(
            float(regression.gaussian_nll(mean, variance, y)), abs=1e-12
        )
        assert 0 < number(table, "variance_of_means") < 1
    assert number(table, "coverage/90") == ((low <= y) & (y <= high)).mean()
    assert number(table, "width/90") == pytest.approx((high - low).mean(), rel=1e-12)
    pit = table[table.metric.str.startswith("pit/") & (table.split == "test") & (table.seed == 0)]
    assert len(pit) == 10 and pit.value.mean() == pytest.approx(1.0)


@pytest.mark.parametrize("chain", list(REGRESSORS), indirect=True)
def test_where_the_law_is_known_coverage_has_no_noise(chain: Chain) -> None:
    table = chain.records()
    for variant in ("inside", "outside"):
        split = f"test:known_truth@{variant}"
        for name in ("50", "80", "90", "95"):
            covered = number(table, f"known_coverage/{name}", split)
            error = number(table, f"known_coverage_error/{name}", split)
            assert abs(covered - int(name) / 100) <= error + 1e-12
    assert not table[table.split == "test"].metric.str.startswith("known_").any()


def test_a_second_run_has_the_same_bytes(chain: Chain, tmp_path: Path) -> None:
    again = Chain(tmp_path, chain.kind)
    for name in ("train/weights.safetensors", "predict/logits.safetensors", "evaluate/records.csv"):
        assert sha256_file(again.out / name) == sha256_file(chain.out / name), name


# ------------------------------------------------------------------ pieces


def test_scaling_is_of_the_training_rows_and_is_stored() -> None:
    x = torch.tensor([[1.0, 7.0], [3.0, 7.0], [5.0, 7.0]])
    scale = Standardise(2)
    scale.fit(x)
    # mean 3, deviation √(8/3); the constant column is 0 and stays finite.
    assert torch.allclose(scale(x)[:, 0], (x[:, 0] - 3) / (8 / 3) ** 0.5)
    assert (scale(x)[:, 1] == 0).all()
    assert set(scale.state_dict()) == {"mean", "scale"}
    shifted = scale(x + 100)  # not brought back to mean 0: the shift is seen
    assert float(shifted[:, 0].mean()) > 50


def test_rows_do_not_depend_on_their_batch_mates() -> None:
    torch.manual_seed(0)
    network = TableNetwork(3, 2, 8, 0.5).eval()
    x = torch.randn(20, 3)
    together = network(x)
    assert torch.allclose(together[7:8], network(x[7:8]), atol=1e-6)


@pytest.mark.parametrize(
    ("kind", "task", "said"),
    [("single", "regression", "classes"), ("mean_variance", "classification", "real target")],
)
def test_the_wrong_task_is_refused(kind: str, task: str, said: str) -> None:
    part = make_part(task, "train", 0, "toy")
    found = method_class(kind)
    with pytest.raises(UserError, match=said):
        found(found.Params(), part.meta)


# ------------------------------------------------------------------ shifted tables


def source(n: int, dataset: str = "breast_cancer") -> shifts.Source:
    part = make_part("classification", "test", 0, dataset)
    rows = {key: value[:n] for key, value in part.arrays.items()}
    whole = Prepared({"x": part.arrays["x"]}, describe("table", 40, task="classification"))
    return shifts.Source(type(part)(rows, part.meta), rows["x"], lambda name: whole)


def test_noise_of_a_row_is_its_own_and_grows() -> None:
    make = shifts.find("feature_noise").make
    many, few = make(source(40)), make(source(5))
    spread = source(40).x.std(axis=0)
    before = 0.0
    for severity in "12345":
        # Five measurements of each row, bit for bit the same in any batch.
        assert np.array_equal(many[severity].x[:25], few[severity].x)
        assert np.array_equal(many[severity].y, np.repeat(source(40).labels, 5))
        moved = ((many[severity].x - np.repeat(source(40).x, 5, axis=0)) / spread).std()
        assert moved > before
        before = moved
    # 600 normal draws of deviation 2: the sample's deviation has standard error 2/√1200.
    assert before == pytest.approx(2.0, abs=5 * 2 / 1200**0.5)


def test_the_known_law_is_inside_and_outside_the_training_range() -> None:
    part = make_part("regression", "test", 0, "heteroscedastic")
    made = shifts.find("known_truth").make(
        shifts.Source(part, part.arrays["x"], lambda name: None)  # type: ignore[arg-type,return-value]
    )
    inside, outside = made["inside"], made["outside"]
    assert np.abs(inside.x).max() < 3 and np.abs(outside.x).min() > 3
    assert np.allclose(
        inside.attributes["true_mean"], np.sin(2 * inside.x[:, 0]) + inside.x[:, 0] / 2
    )
    z = (inside.y - inside.attributes["true_mean"]) / np.sqrt(inside.attributes["true_variance"])  # type: ignore[operator]
    # Mean and deviation of 240 standard normal draws, five standard errors.
    assert abs(z.mean()) < 5 / 240**0.5 and abs(z.std() - 1) < 5 / 480**0.5


def test_prediction_facts_say_what_was_shifted(chain: Chain) -> None:
    facts = read_json(chain.out / "predict" / "run.json")["facts"]["0"]
    assert facts["task"] == chain.task
    assert list(facts["sets"]) == (
        ["known_truth"] if chain.task == "regression" else ["feature_noise"]
    )
