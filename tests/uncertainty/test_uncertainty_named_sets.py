"""The shifted test sets that are no corruptions, through all verbs."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from triptych.data.shifts import find
from triptych.files import read_json, write_json
from triptych.metrics.pooling import arithmetic
from triptych.metrics.priors import with_prior
from triptych.metrics.selection import auroc
from triptych.uncertainty import diagrams
from triptych.uncertainty.params import ShiftParams

from .test_uncertainty_verbs import SHIFT, Chain, number

SETS = ["uniform_noise", "strokes", "label_shift", "ovadia_translate"]


@pytest.fixture(scope="module", params=["single", "mc_dropout"])
def chain(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Chain:
    chain = Chain(tmp_path_factory.mktemp(request.param), request.param)
    shift = SHIFT | {"sets": SETS}
    write_json(chain.root / "conf" / "shift" / "toy.json", shift)
    values = read_json(chain.conf / "evaluate.json")
    values["measure"]["shift"] = shift
    write_json(chain.conf / "evaluate.json", values)
    return chain.all()


def test_every_set_is_described_predicted_and_measured(chain: Chain) -> None:
    manifest = read_json(chain.shifts[0] / "manifest.json")
    assert sorted(manifest["sets"]) == sorted(SETS)
    assert manifest["sets"]["uniform_noise"]["shift"] == "out-of-distribution"
    logits, table = chain.logits(), chain.records()
    for name, about in manifest["sets"].items():
        for split, facts in about["splits"].items():
            assert logits[f"0/{split}"].shape[1] == facts["n"], split
            assert ("y" in facts["arrays"]) == (find(name).kind != "out-of-distribution")
            assert len(table[(table.split == split) & (table.seed == 0)]), split


def test_old_numbers_do_not_notice_new_sets(chain: Chain, tmp_path: Path) -> None:
    before = Chain(tmp_path, chain.kind).all().records()
    after = chain.records()
    kept = after[~after.split.str.startswith("test:")]
    assert kept.to_csv(index=False) == before.to_csv(index=False)


def test_sets_without_classes_have_no_accuracy(chain: Chain) -> None:
    table = chain.records()
    found = set(table[table.split == "test:uniform_noise"].metric)
    assert not found & {"accuracy", "nll", "brier", "ece"}
    assert {"mean_confidence", "auroc/max_probability", "fpr95/entropy"} <= found
    several = {metric for metric in found if metric.endswith("mutual_information")}
    assert len(several) == (3 if chain.kind == "mc_dropout" else 0)


def test_detection_compares_with_the_clean_test_part(chain: Chain) -> None:
    logits, table = chain.logits(), chain.records()
    clean, far = (arithmetic(logits[f"0/{s}"]).max(axis=-1) for s in ("test", "test:uniform_noise"))
    positive = np.arange(len(clean) + len(far)) < len(far)
    expected = auroc(-np.concatenate([far, clean]), positive)
    assert number(table, "auroc/max_probability", "test:uniform_noise") == expected
    kept = np.sort(clean)[::-1][int(np.ceil(0.95 * len(clean))) - 1]
    passing = (far >= kept).mean()  # no ties among real-valued probabilities
    assert number(table, "fpr95/max_probability", "test:uniform_noise") == pytest.approx(passing)


def test_groups_weighted_by_size_give_the_clean_number(chain: Chain) -> None:
    """Trap 17: exactly, where predictions do not depend on what else is predicted."""
    if chain.kind == "mc_dropout":
        pytest.skip("its masks are drawn per set")
    table = chain.records()
    rows = table[(table.metric == "accuracy") & (table.seed == 0)]
    groups = rows[rows.split.str.startswith("test:strokes@")].astype({"value": float})
    clean = number(table, "accuracy", "test")
    assert (groups.value * groups.n).sum() / groups.n.sum() == pytest.approx(clean, abs=1e-12)
    worst = number(table, "worst_group_accuracy", "test:strokes")
    assert worst == groups.value.min() <= clean
    assert number(table, "worst_group_expected", "test:strokes") <= clean


def test_prior_correction_is_the_formula(chain: Chain) -> None:
    logits, table = chain.logits(), chain.records()
    about = read_json(chain.shifts[0] / "manifest.json")["sets"]["label_shift"]["splits"]
    split = "test:label_shift@10"
    labels = logits["0/validation_labels"]
    prior = np.bincount(labels, minlength=3) / len(labels)
    log_p = with_prior(
        arithmetic(logits[f"0/{split}"]), prior, np.array(about[split]["facts"]["prior"])
    )
    y = logits[f"0/{split}#y"]
    expected = -log_p[np.arange(len(y)), y].mean()
    assert number(table, "nll/known_prior", split) == pytest.approx(expected, abs=1e-12)


def test_corruption_error_is_the_plain_mean_over_test_kinds(chain: Chain) -> None:
    """Trap 20: validation kinds stay out, and no baseline divides it."""
    table = chain.records()
    errors = [
        1 - number(table, "accuracy", f"test+{kind}@{severity}")
        for kind in ("contrast", "gaussian_noise")
        for severity in SHIFT["severities"]
    ]
    assert number(table, "corruption_error", "test") == pytest.approx(np.mean(errors), abs=1e-12)
    clean = 1 - number(table, "accuracy", "test")
    added = number(table, "relative_corruption_error", "test")
    assert added == pytest.approx(np.mean(errors) - clean, abs=1e-12)
    row = table[table.metric == "corruption_error"].iloc[0]
    assert "mean over 2 kinds and 2 severities" in row.protocol


def test_confidences_are_counted_in_and_out_of_distribution(chain: Chain) -> None:
    table = pd.read_csv(chain.out / "evaluate" / "confidences.csv")
    assert set(table.split) == {"test", "test:uniform_noise"}
    assert (table.groupby(["seed", "split"])["count"].sum() == 25).all()
    assert len(table) == 2 * 2 * diagrams.HISTOGRAM_BINS
    assert (table.lower < table.upper).all()


def test_a_set_may_be_asked_for_once_only() -> None:
    with pytest.raises(ValueError, match="expected each entry once"):
        ShiftParams(**SHIFT, sets=["strokes", "strokes"])


def test_a_kind_that_needs_colour_is_left_out_of_grey_images(tmp_path: Path) -> None:
    chain = Chain(tmp_path, "single")
    shift = {"kinds": ["contrast", "saturate"], "severities": [1], "constants": "cifar_c"}
    write_json(chain.root / "conf" / "shift" / "toy.json", shift)
    values = read_json(chain.conf / "evaluate.json")
    values["measure"]["shift"] = shift
    write_json(chain.conf / "evaluate.json", values)
    table = chain.all().records()
    assert set(read_json(chain.shifts[0] / "manifest.json")["kinds"]) == {"contrast"}
    assert (chain.shifts[0] / "saturate.safetensors").exists()  # the rule's outputs are fixed
    assert set(table.split) == {"train", "validation", "test", "test+contrast@1", "test+mean@1"}
