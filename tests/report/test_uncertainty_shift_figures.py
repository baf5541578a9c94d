"""What the figures of shifted test sets show, from the synthetic run."""

import numpy as np
import pytest

from triptych.report.data import MissingData, ReportData
from triptych.report.figures import uncertainty_far as far
from triptych.report.figures import uncertainty_shift as shift
from triptych.report.figures import uncertainty_shift_kinds as kinds
from triptych.report.plots import legend_columns
from triptych.report.shifts import corrupted, named


def test_named_sets_and_corruptions_are_told_apart() -> None:
    assert named("test:strokes@1") == ("strokes", "1")
    assert named("test:photographs") == ("photographs", "")
    assert named("test+rotate@3") is None and named("test") is None and named("train") is None


def test_histograms_are_shares_in_and_out_of_distribution(world) -> None:  # type: ignore[no-untyped-def]
    table = far.prepare_histograms(world.data())
    sums = table.groupby(["dataset", "model", "split"])["share"].sum()
    assert np.allclose(sums, 1.0)
    assert {"test", "test:photographs", "test:unknown_classes"} <= set(table["split"])
    assert far.label("test:uniform_noise") == "uniform noise" and far.label("test") == "test images"


def test_a_real_target_has_no_confidences_and_changes_none(world, monkeypatch, tmp_path) -> None:  # type: ignore[no-untyped-def]
    data = world.data()
    table = far.prepare_histograms(data)
    (tmp_path / "confidences.csv").write_text("seed,split,bin,lower,upper,count\n")
    folders = [*data.folders("uncertainty", "evaluate"), ("regressor", "sizes", "0-4", tmp_path)]
    monkeypatch.setattr(type(data), "folders", lambda *_: folders)
    again = far.prepare_histograms(data)
    assert again["share"].dtype == float
    assert again.equals(table)


def test_detection_is_by_the_top_probability_alone(world) -> None:  # type: ignore[no-untyped-def]
    data = world.data()
    table = far.prepare_detection(data)
    every = data.select("uncertainty", "auroc", split=None)
    assert set(every["variant"]) >= {"max_probability", "entropy"}
    one = table[(table["model"] == "single") & (table["split"] == "test:photographs")]
    wanted = every[
        (every["variant"] == "max_probability")
        & (every["model"] == "single")
        & (every["split"] == "test:photographs")
    ]
    assert len(one) == 1 and one["mean"].iloc[0] == pytest.approx(wanted["value"].mean())


def test_levels_of_a_set_begin_at_the_clean_test_part(world) -> None:  # type: ignore[no-untyped-def]
    data = world.data()
    turned = kinds.prepare(data, "accuracy", "ovadia_rotate")
    assert sorted(set(turned["level"])) == [0.0, *map(float, range(15, 181, 15))]
    unknown = kinds.prepare(data, "mean_confidence", "unknown_classes")
    assert set(unknown["level"]) >= {1.0}
    corrected = kinds.prepare(data, "nll/known_prior", "label_shift")
    assert sorted(set(corrected["level"])) == [3.0, 10.0, 30.0]  # there is no clean one
    with pytest.raises(MissingData, match="accuracy on nothing here was not measured"):
        kinds.prepare(data, "accuracy", "nothing_here")


def test_data_sets_without_corruptions_stay_out_of_the_curves(world) -> None:  # type: ignore[no-untyped-def]
    data = world.data()
    table = shift.prepare_lines(data, "accuracy")
    assert table.groupby("dataset")["severity"].max().min() > 0
    rows = table.assign(value=0.0)
    clean = rows[rows["severity"] == 0]
    assert len(corrupted(clean)) == len(clean)  # where nothing is corrupted, all stay


def test_at_most_six_methods_and_the_leading_ones_first() -> None:
    models = ["swag", "single", "bagging", "sngp", "boosting", "deep_ensemble", "stacking"]
    chosen = shift.leading(models)
    assert len(chosen) == 6 and {"single", "sngp", "deep_ensemble"} <= set(chosen)
    assert chosen == [model for model in models if model in chosen]
    assert shift.leading(["a", "b"]) == ["a", "b"]


def test_without_numbers_figures_say_what_lacks() -> None:
    import pandas as pd

    empty = ReportData(pd.DataFrame(columns=["panel", "model", "metric", "split", "value"]))
    for prepare in (far.prepare_histograms, far.prepare_detection):
        with pytest.raises(MissingData):
            prepare(empty)


def test_a_legend_of_long_names_takes_fewer_columns() -> None:
    assert legend_columns(["ab"] * 6, 5.6, 6) == 6
    assert legend_columns(["a_very_long_name_indeed"] * 6, 5.6, 6) == 2
