"""What the figures of many methods show: the prepared numbers, by hand."""

import numpy as np
import pandas as pd
import pytest

from triptych.files import write_arrays
from triptych.records import COLUMNS
from triptych.report.data import MissingData, ReportData
from triptych.report.figures import (
    uncertainty_frontier,
    uncertainty_function_map,
    uncertainty_plane,
    uncertainty_sizes,
)


def row(model: str, metric: str, value: float, **more: object) -> dict[str, object]:
    base = {
        "panel": "uncertainty", "task": "classification", "dataset": "digits", "model": model,
        "seed": 0, "split": "test", "metric": metric, "value": value, "unit": "1", "kind": "exact",
        "n": 360, "protocol": "",
    }  # fmt: skip
    return base | more


def table(*rows: dict[str, object]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=list(COLUMNS))


def shifted(model: str, metric: str, first: float, second: float) -> list[dict[str, object]]:
    return [
        row(model, metric, value, split=f"test+mean@{severity}")
        for severity, value in ((1, first), (5, second))
    ]


def test_cost_against_nll_by_hand_and_trees_in_seconds_alone() -> None:
    rows = [*shifted("single", "nll", 1.0, 3.0), *shifted("forest", "nll", 2.0, 4.0),
            *shifted("ensemble", "nll", 0.5, 1.5)]  # fmt: skip
    for model, cost in (("single", 10.0), ("forest", 1.0), ("ensemble", 50.0)):
        rows.append(row(model, "prediction_multiply_adds", cost))
        rows.append(row(model, "prediction_seconds", cost / 100))
    rows.append(row("forest", "family", 1, split="train", protocol="random forest"))
    data = ReportData(table(*rows))
    counted = uncertainty_frontier.prepare(data, "prediction_multiply_adds")
    assert counted.set_index("model")["cost"].to_dict() == {"single": 10.0, "ensemble": 50.0}
    assert counted.set_index("model")["mean"].to_dict() == {"single": 2.0, "ensemble": 1.0}
    assert len(uncertainty_frontier.prepare(data, "prediction_seconds")) == 3
    with pytest.raises(MissingData):
        uncertainty_frontier.prepare(data, "training_multiply_adds")


def test_the_first_member_costs_what_the_single_network_costs() -> None:
    rows = [row("single", "prediction_multiply_adds", 10.0),
            row("ensemble", "prediction_multiply_adds", 30.0),
            row("dropout", "prediction_multiply_adds", 12.0)]  # fmt: skip
    for model in ("ensemble", "dropout"):
        for size in (1, 2, 3):
            rows += shifted(model, f"nll_of_size/k={size}", 1 / size, 3 / size)
    found = uncertainty_frontier.prepare_growth(ReportData(table(*rows)))
    costs = found.pivot(index="size", columns="model", values="cost")
    assert costs["ensemble"].tolist() == [10.0, 20.0, 30.0]
    assert costs["dropout"].tolist() == [10.0, 11.0, 12.0]
    nll = found.pivot(index="size", columns="model", values="mean")
    assert nll["ensemble"].tolist() == pytest.approx([2.0, 1.0, 2 / 3])


def test_sizes_clean_and_shifted() -> None:
    rows = shifted("ensemble", "nll_of_size/k=2", 1.0, 2.0)
    rows.append(row("ensemble", "nll_of_size/k=2", 0.25))
    found = uncertainty_sizes.prepare(ReportData(table(*rows)), "nll_of_size")
    assert found.set_index("where")["mean"].to_dict() == {"clean": 0.25, "shifted": 1.5}
    assert set(found["size"]) == {2}


def stored(tmp_path, **arrays: dict[str, np.ndarray]) -> ReportData:  # type: ignore[no-untyped-def]
    jobs = []
    for model, found in arrays.items():
        folder = tmp_path / f"uncertainty/{model}/digits/0/evaluate"
        write_arrays(folder / "outputs.safetensors", {f"0/{k}": v for k, v in found.items()})
        jobs.append(f"uncertainty/{model}/digits/0")
    families = table(row("forest", "family", 1, split="train", protocol="random forest"))
    return ReportData(families, results=tmp_path, jobs=tuple(jobs))


def test_the_map_has_a_place_for_every_member_made_of_networks(tmp_path) -> None:  # type: ignore[no-untyped-def]
    rng = np.random.default_rng(0)
    counts = {"ensemble": 3, "dropout": 4, "forest": 5, "single": 1}
    members = {m: {"members": rng.random((n, 6, 3), dtype=np.float32)} for m, n in counts.items()}
    members["other_classes"] = {"members": rng.random((2, 6, 4), dtype=np.float32)}
    places, share = uncertainty_function_map.prepare(stored(tmp_path, **members))["digits"]
    counts = places["model"].value_counts().to_dict()
    assert counts == {"dropout": 4, "ensemble": 3, "single": 1}
    assert 0 < share.sum() <= 1 and share[0] >= share[1]


def test_one_method_alone_makes_no_map(tmp_path) -> None:  # type: ignore[no-untyped-def]
    data = stored(tmp_path, ensemble={"members": np.ones((3, 2, 2), np.float32)})
    with pytest.raises(MissingData):
        uncertainty_function_map.prepare(data)


def test_surfaces_keep_the_rows_of_the_grid(tmp_path) -> None:  # type: ignore[no-untyped-def]
    p = np.array([[0.9, 0.1], [0.4, 0.6], [0.5, 0.5], [0.2, 0.8]], np.float32)
    arrays = {"plane": p, "borders": np.array([-1, 1, -2, 2], np.float32),
              "points": np.zeros((3, 3), np.float32)}  # fmt: skip
    mutual = arrays | {"plane_mutual": np.arange(4, dtype=np.float32)}
    data = stored(tmp_path, single=arrays, ensemble=mutual)
    found = uncertainty_plane.prepare(data, "confidence")
    assert found["single"].values == pytest.approx(np.array([[0.9, 0.6], [0.5, 0.8]]))
    assert found["single"].borders == (-1.0, 1.0, -2.0, 2.0)
    assert set(uncertainty_plane.prepare(data, "mutual_information")) == {"ensemble"}
