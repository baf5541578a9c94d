"""Labels of several people: the simulated ones by their law, CIFAR-10H by its layout."""

import hashlib
import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from triptych.data import annotated, annotators, images, shifts
from triptych.data.parts import Part
from triptych.data.prepared import Prepared, describe
from triptych.errors import UserError
from triptych.metrics.strokes import slant
from triptych.metrics.temperature import fit_temperature
from triptych.uncertainty.measures import annotators as measured
from triptych.uncertainty.measures.base import Named, Prediction
from triptych.uncertainty.models import soft_labels

DIGITS = images.digits(None)


def part(rows: np.ndarray[Any, Any], dataset: str = "digits", **more: Any) -> Part:
    arrays = {"x": DIGITS.arrays["x"][rows], "y": DIGITS.arrays["y"][rows], "index": rows, **more}
    return Part(arrays, DIGITS.meta | {"dataset": dataset, "seed": 0})


def test_the_distribution_is_its_formula() -> None:
    x, y = DIGITS.arrays["x"][:50], DIGITS.arrays["y"][:50]
    q = annotators.distribution(x, y)
    assert np.allclose(q.sum(axis=1), 1, atol=1e-15)
    s = slant(x[..., 0])
    for i in range(50):
        against = 0.5 * s[i] ** 2 / (s[i] ** 2 + 0.15**2)
        assert q[i, y[i]] == pytest.approx(1 - against, abs=1e-15)
        others = list(annotators.ALIKE[y[i]])
        assert q[i, others] == pytest.approx([against / 2] * 2, abs=1e-15)
    assert (q.argmax(axis=1) == y).all()  # nobody is outvoted on average


def test_look_alikes_are_two_other_digits() -> None:
    assert len(annotators.ALIKE) == 10
    for digit, others in enumerate(annotators.ALIKE):
        assert len({*others, digit}) == 3 and set(others) <= set(range(10))


def test_votes_belong_to_the_image_and_follow_the_distribution() -> None:
    rows = np.arange(1797)
    votes = annotators.votes(part(rows))
    assert (votes.sum(axis=1) == annotators.ANNOTATORS).all()
    assert np.array_equal(annotators.votes(part(rows[[5, 900]])), votes[[5, 900]])
    q = annotators.distribution(DIGITS.arrays["x"], DIGITS.arrays["y"])
    gap = votes - annotators.ANNOTATORS * q
    sums = gap.sum(axis=0)
    spread = np.sqrt((annotators.ANNOTATORS * q * (1 - q)).sum(axis=0))
    assert (np.abs(sums) < 5 * spread).all()  # five standard deviations of a sum of binomials
    assert (votes[q == 0] == 0).all()


def test_counts_in_the_data_come_first() -> None:
    counts = np.eye(10, dtype=np.int64)[:3]
    assert np.array_equal(annotators.votes(part(np.arange(3), "other", counts=counts)), counts)
    with pytest.raises(UserError, match="labels of several people"):
        annotators.votes(part(np.arange(3), "other"))


def test_training_sees_shares_of_votes() -> None:
    train, _ = soft_labels.Entry.tensors(part(np.arange(9)), part(np.arange(9, 12)))
    votes = annotators.votes(part(np.arange(9)))
    assert np.allclose(train["y"].numpy(), votes / annotators.ANNOTATORS, atol=1e-7)
    assert train["x"].shape == (9, 1, 8, 8)


# ------------------------------------------------------------------ the set and its measure


def test_the_set_is_the_test_part_with_votes() -> None:
    test = part(np.arange(20, 40))
    made = shifts.find("annotators").make(
        shifts.Source(test, test.arrays["x"], lambda name: DIGITS)
    )[""]
    assert np.array_equal(made.x, test.arrays["x"]) and made.y is None
    assert np.array_equal(made.attributes["counts"], annotators.votes(test))
    assert np.allclose(made.attributes["truth"].sum(axis=1), 1)


def test_counts_of_cifar_10_are_joined_by_their_row() -> None:
    """The test part follows 50 000 training images; row i of the counts is test image i."""
    counts = np.arange(100_000).reshape(10_000, 10)
    rows = np.array([50_000, 50_007, 59_999])
    meta = {"dataset": "cifar10", "seed": 0, "n": 60_000}
    x = np.zeros((3, 32, 32, 3), np.uint8)
    test = Part({"x": x, "y": np.zeros(3, np.int64), "index": rows}, meta)
    held = Prepared({"counts": counts}, describe("labels", 10_000, task=None))
    shift = shifts.find("annotators")
    made = shift.make(shifts.Source(test, x, lambda name: held))[""]
    assert np.array_equal(made.attributes["counts"], counts[[0, 7, 9999]])
    assert "truth" not in made.attributes


def named(counts: np.ndarray[Any, Any], **more: Any) -> Named:
    nothing = Prediction(np.zeros((1, 1, 2)), np.zeros((1, 2)), np.zeros(1), 15)
    arrays = {"counts": counts, **more}
    return Named("annotators", "", "human labels", nothing, nothing, arrays)


def test_measures_by_hand() -> None:
    counts = np.array([[3, 1], [0, 4]])
    p = np.array([[0.5, 0.5], [0.2, 0.8]])
    truth = np.array([[0.7, 0.3], [0.1, 0.9]])
    prediction = Prediction(
        np.log(p)[None], np.log(p), np.full(2, -1), 15, named(counts, truth=truth)
    )
    found = {n.metric: n.value for n in measured.measure(prediction)}
    nll = -(np.log(0.5) + np.log(0.8)) / 2
    entropy = -(0.75 * np.log(0.75) + 0.25 * np.log(0.25)) / 2
    assert found["human_nll"] == pytest.approx(nll, abs=1e-14)
    assert found["human_divergence"] == pytest.approx(nll - entropy, abs=1e-14)
    known = (truth * np.log(truth / p)).sum(axis=1).mean()
    assert found["human_divergence_known"] == pytest.approx(known, abs=1e-14)
    assert found["human_majority"] == 1.0


def test_the_annotators_own_distribution_is_best() -> None:
    x, y = DIGITS.arrays["x"][:200], DIGITS.arrays["y"][:200]
    q = annotators.distribution(x, y)
    counts = annotators.votes(part(np.arange(200)))
    with np.errstate(divide="ignore"):
        log_p = np.log(np.maximum(q, 1e-300))
    best = {
        n.metric: n.value
        for n in measured.measure(
            Prediction(log_p[None], log_p, np.full(200, -1), 15, named(counts, truth=q))
        )
    }
    assert best["human_divergence_known"] == pytest.approx(0.0, abs=1e-12)
    sure = np.log(np.where(np.eye(10)[y] > 0, 1 - 9e-3, 1e-3))  # right, and sure of it
    hard = {
        n.metric: n.value
        for n in measured.measure(
            Prediction(sure[None], sure, np.full(200, -1), 15, named(counts, truth=q))
        )
    }
    assert hard["human_nll"] > best["human_nll"]
    # Not even the best temperature makes up for knowing which images divide people.
    fitted = fit_temperature(sure, counts.argmax(axis=1)).value
    assert fitted > 0


# ------------------------------------------------------------------ CIFAR-10H


def write_cifar(folder: Path, n: int = 4) -> np.ndarray[Any, Any]:
    """Files of the published layout with a few images."""
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (n, 32, 32, 3), np.uint8)
    planes, labels = x.transpose(0, 3, 1, 2).reshape(n, 3072), rng.integers(0, 10, n).tolist()
    contents = {
        "test_batch": {"data": planes, "labels": labels},
        "batches.meta": {"label_names": [f"class {c}" for c in range(10)]},
    }  # fmt: skip
    manifest = {}
    for name, content in contents.items():
        data = pickle.dumps(content, protocol=3)
        (folder / name).write_bytes(data)
        manifest[name] = {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return x


def test_images_and_counts_are_one_set(tmp_path: Path) -> None:
    x = write_cifar(tmp_path)
    counts = np.random.default_rng(1).multinomial(50, np.full(10, 0.1), 4)
    np.save(tmp_path / "cifar10h-counts.npy", counts.astype(np.float64))
    read = annotated.cifar10_human(tmp_path)
    assert np.array_equal(read.arrays["x"], x)
    assert np.array_equal(read.arrays["counts"], counts) and read.arrays["counts"].dtype == np.int64
    assert "split" not in read.arrays and read.meta["n_classes"] == 10
    held = Part({**read.arrays, "index": np.arange(4)}, read.meta | {"dataset": "cifar10_human"})
    assert np.array_equal(annotators.votes(held), counts)


def test_counts_of_other_images_are_refused(tmp_path: Path) -> None:
    write_cifar(tmp_path)
    np.save(tmp_path / "cifar10h-counts.npy", np.eye(3, 10))
    with pytest.raises(UserError, match="expected the counts of 10 classes for 4 images"):
        annotated.cifar10_human(tmp_path)
