"""What the figures of panel three's studies compute before they draw."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from triptych.files import write_arrays
from triptych.metrics.regression import mixture_moments
from triptych.report.data import MissingData, ReportData
from triptych.report.figures import (
    uncertainty_coverage,
    uncertainty_data_size,
    uncertainty_decisions,
    uncertainty_temperature,
)

RNG = np.random.default_rng(0)


def outputs(factor: float, seeds: int = 3) -> dict[str, np.ndarray]:
    """Logits ``factor`` times too large of labels drawn from their softmax."""
    found: dict[str, np.ndarray] = {}
    for seed in range(seeds):
        for split, n in (("validation", 400), ("test", 2000)):
            honest = RNG.normal(0, 2, (n, 4))
            p = np.exp(honest) / np.exp(honest).sum(axis=1, keepdims=True)
            labels = (p.cumsum(axis=1) > RNG.random((n, 1))).argmax(axis=1)
            found[f"{seed}/{split}_logits"] = (factor * honest).astype(np.float32)
            found[f"{seed}/{split}_labels"] = labels
    return found


def test_temperature_brings_nodes_to_their_noise_floor() -> None:
    pair = uncertainty_temperature.scaled(outputs(3.0))
    before, after = pair["before"], pair["after"]
    assert before.count.sum() == after.count.sum() == 3 * 2000
    assert before.ece > 5 * before.floor
    # The temperature's own error, 1/√400 of it, moves confidences by a percent or so.
    assert after.ece < 2 * after.floor
    low, high = after.band
    assert ((low <= after.accuracy) & (after.accuracy <= high)).all()


def test_temperature_is_fitted_on_validation_nodes_alone() -> None:
    arrays = outputs(3.0, seeds=1)
    mixed = arrays | {"0/test_labels": RNG.permutation(arrays["0/test_labels"])}
    first, second = (uncertainty_temperature.scaled(a)["after"] for a in (arrays, mixed))
    assert np.array_equal(first.count, second.count)  # the same confidences
    assert np.allclose(first.confidence, second.confidence, atol=1e-12)
    other = arrays | {"0/validation_labels": RNG.permutation(arrays["0/validation_labels"])}
    third = uncertainty_temperature.scaled(other)["after"]
    assert len(third.count) != len(first.count) or not np.array_equal(third.count, first.count)


def test_validation_nodes_without_a_mistake_change_nothing_and_are_counted() -> None:
    arrays = outputs(3.0, seeds=2)
    arrays["0/validation_logits"] = 9 * np.eye(4, dtype=np.float32)[arrays["0/validation_labels"]]
    alone = {key: array for key, array in arrays.items() if key.startswith("0/")}
    pair = uncertainty_temperature.scaled(alone)
    assert pair["after"].ece == pytest.approx(pair["before"].ece, abs=1e-12)
    assert (pair["before"].undetermined, pair["after"].undetermined) == (0, 1)
    both = uncertainty_temperature.scaled(arrays)
    assert both["after"].undetermined == 1 and both["after"].ece < both["before"].ece
    assert uncertainty_temperature.scaled(outputs(3.0))["after"].undetermined == 0


def test_outputs_without_labels_are_left_out() -> None:
    arrays = {k: v for k, v in outputs(1.0, seeds=1).items() if "labels" not in k}
    assert uncertainty_temperature.scaled(arrays) == {}


def data(
    tmp_path: Path, rows: list[tuple[str, str, float]], jobs: tuple[str, ...] = ()
) -> ReportData:
    """Records (metric, split, value) of one model and seed."""
    table = pd.DataFrame(
        [
            {
                "panel": "uncertainty", "dataset": "toy", "model": "m", "seed": 0, "split": split,
                "metric": metric, "value": value, "n": 10,
            }
            for metric, split, value in rows
        ]
    )  # fmt: skip
    return ReportData(table, results=tmp_path, jobs=jobs)


def test_intervals_are_those_of_the_mixture(tmp_path: Path) -> None:
    members = np.stack([np.array([[0.0, 1.0]] * 4), np.array([[2.0, 1.0]] * 4)]).astype(np.float32)
    arrays = {}
    for variant in ("inside", "outside"):
        key = f"0/test:known_truth@{variant}"
        arrays |= {
            key: members, f"{key}#x": np.arange(4.0), f"{key}#true_mean": np.zeros(4),
            f"{key}#true_variance": np.ones(4),
        }  # fmt: skip
    job = "uncertainty/m/toy/0-1"
    write_arrays(tmp_path / job / "predict/logits.safetensors", arrays)
    found = data(tmp_path, [("rmse", "test", 1.0)], (job,))
    ((model, x, low, centre, high),) = uncertainty_coverage.laws(found)
    mean, variance = mixture_moments(members[..., 0], members[..., 1])
    assert model == "m" and len(x) == 8 and (np.diff(x) >= 0).all()
    assert np.allclose(centre, mean[0]) and np.allclose(high - centre, centre - low)
    assert (high - low)[0] == pytest.approx(2 * 1.6448536 * variance[0] ** 0.5, rel=1e-6)
    at, lower, _, upper = uncertainty_coverage.truth(found)
    assert np.allclose(upper - lower, 2 * 1.6448536) and len(at) == 8


def test_costs_are_read_by_severity(tmp_path: Path) -> None:
    rows = [
        ("decision_cost/abstain", "test", 0.1),
        ("decision_cost/abstain", "test:feature_noise@3", 0.4),
        ("decision_cost/abstain", "validation", 9.0),
        ("decision_cost/abstain", "test:other@1", 9.0),
        ("decision_cost_at/price=0.5", "test", 0.1),
    ]
    table = uncertainty_decisions.prepare_severities(data(tmp_path, rows), "decision_cost/abstain")
    assert table[["severity", "mean"]].values.tolist() == [[0.0, 0.1], [3.0, 0.4]]
    prices = uncertainty_decisions.prepare_prices(data(tmp_path, rows))
    assert prices["price"].tolist() == [0.5]


def test_sizes_are_read_off_the_names(tmp_path: Path) -> None:
    rows = [
        ("data_size_mutual_information/views_8,n=50", "test", 0.3),
        ("data_size_mutual_information/linear,n=150", "test", 0.2),
        ("data_size_mutual_information/linear,n=50", "validation", 9.0),
    ]
    table = uncertainty_data_size.prepare(data(tmp_path, rows), "mutual_information")
    assert table[["condition", "size", "mean"]].values.tolist() == [
        ["linear", 150, 0.2], ["views_8", 50, 0.3],
    ]  # fmt: skip
    with pytest.raises(MissingData, match="data_size_expected_entropy"):
        uncertainty_data_size.prepare(data(tmp_path, rows), "expected_entropy")
