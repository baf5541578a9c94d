"""The study of data size: members of their own, label noise (trap 15), looks, disagreement."""

import math
from itertools import product

import numpy as np
import pytest
import torch
from torch.nn import functional

from triptych.metrics import disagreement as d
from triptych.uncertainty.measures import data_size as measured
from triptych.uncertainty.measures.base import Prediction
from triptych.uncertainty.models import data_size as study
from triptych.uncertainty.stacked import Stack

RNG = np.random.default_rng(15)


# ------------------------------------------------------------------ stacks


def stack(widths: list[int], sizes: list[int], batch: int = 7) -> Stack:
    torch.manual_seed(0)
    return Stack(widths, sizes, batch)


def alone(together: Stack, member: int, x: torch.Tensor) -> torch.Tensor:
    """One member written out as dense layers."""
    h = x
    for depth, (weight, bias) in enumerate(zip(together.weights, together.biases, strict=True)):
        h = functional.linear(h.relu() if depth else h, weight[member].T, bias[member, 0])
    return h


@pytest.mark.parametrize("widths", [[5, 3], [5, 8, 3]])
def test_members_compute_what_they_would_alone(widths: list[int]) -> None:
    together = stack(widths, [4, 9, 20])
    x = torch.randn(11, 5)
    for member in range(3):
        assert torch.allclose(together(x)[member], alone(together, member, x), atol=1e-6)


def test_a_member_s_gradient_is_that_of_its_own_loss() -> None:
    together = stack([5, 8, 3], [4, 9])
    x, y = torch.randn(2, 6, 5), torch.randint(3, (2, 6))
    together.loss({"x": x, "y": y}, torch.Generator()).backward()  # type: ignore[no-untyped-call]
    found = [weight.grad[1].clone() for weight in together.weights]  # type: ignore[index]
    together.zero_grad()
    functional.cross_entropy(alone(together, 1, x[1]), y[1]).backward()  # type: ignore[no-untyped-call]
    for ours, weight in zip(found, together.weights, strict=True):
        assert weight.grad is not None
        assert torch.allclose(ours, weight.grad[1], atol=1e-6)
        assert (weight.grad[0] == 0).all()


def test_a_member_sees_its_first_examples_alone() -> None:
    together = stack([1, 2], [3, 10, 50], batch=400)
    data = {"x": torch.arange(50.0)[:, None], "y": torch.zeros(50, dtype=torch.int64)}
    seen = together.refresh(data, torch.Generator().manual_seed(1))["x"][..., 0]
    for member, size in enumerate((3, 10, 50)):
        values = set(seen[member].tolist())
        assert values <= set(range(size))
        # A bootstrap resample: 1/e of the examples are missing from the largest one.
        assert size < 20 or 0.4 * size < len(values) < 0.85 * size
    again = together.refresh(data, torch.Generator().manual_seed(2))["x"][..., 0]
    assert set(again[2].tolist()) == set(seen[2].tolist())  # drawn once, 400 draws see all


def test_members_of_a_size_have_other_resamples() -> None:
    resample = stack([1, 2], [30, 30]).get_buffer("resample")
    assert not torch.equal(resample[0], resample[1])


# ------------------------------------------------------------------ conditions


def test_label_noise_replaces_by_other_classes_evenly() -> None:
    n, classes, share = 60_000, 5, 0.2
    y = torch.arange(n) % classes
    noisy = study.with_noise(y, classes, share, torch.Generator().manual_seed(0))
    moved = noisy != y
    # Five standard errors of a share.
    assert float(moved.float().mean()) == pytest.approx(share, abs=5 * math.sqrt(0.16 / n))
    steps = ((noisy - y) % classes)[moved].bincount(minlength=classes)
    assert steps[0] == 0 and steps.sum() == moved.sum()
    expected = int(moved.sum()) / 4
    assert all(abs(int(s) - expected) < 5 * math.sqrt(expected) for s in steps[1:])


@pytest.mark.parametrize("views", [1, 4, 16])
def test_looks_average_their_noise_away(views: int) -> None:
    x = torch.full((400, 50), 0.3)
    seen = study.looked_at(x, views, 0.5, torch.Generator().manual_seed(0)) - x
    wanted = 0.5 / math.sqrt(views)
    # Deviation of 20 000 normal draws: relative standard error 1/√40 000.
    assert float(seen.std()) == pytest.approx(wanted, rel=5 / 200)
    assert study.looked_at(x, 0, 0.5, torch.Generator()) is x


def test_members_are_laid_out_condition_by_condition() -> None:
    params = study.DataSizeParams(sizes=[10, 20], members=3)
    layout = study.members_of(params)
    assert len(layout) == 5 * 2
    taken = [i for rows in layout.values() for i in range(rows.start, rows.stop)]
    assert taken == list(range(30))
    meta = {"kind": "images", "shape": [4, 4, 1], "n_classes": 3, "dataset": "toy", "seed": 0}
    entry = study.Entry(params, meta)
    logits = entry.member_logits(torch.rand(6, 1, 4, 4), torch.Generator().manual_seed(0))
    assert logits.shape == (30, 6, 3) and entry.evaluations_per_prediction == 30
    x = torch.rand(6, 1, 4, 4)
    found = entry.member_logits(x, torch.Generator())[layout["network", 20]]
    own = entry.stacks["network"](x.flatten(1))[3:6]
    assert torch.equal(found, own)


# ------------------------------------------------------------------ numbers


def test_noise_leaves_its_entropy() -> None:
    """Trap 15: the best prediction under symmetric noise has NLL H(ε), accuracy 1 − ε, ECE 0."""
    noise, classes, n = 0.2, 10, 50
    labels = RNG.integers(0, classes, n)
    best = np.full((n, classes), noise / (classes - 1))
    best[np.arange(n), labels] = 1 - noise
    by_hand = -(0.8 * math.log(0.8) + 0.2 * math.log(0.2 / 9))
    assert measured.noise_entropy(noise, classes) == pytest.approx(by_hand, abs=1e-14)
    assert measured.expected_nll(np.log(best), labels, noise) == pytest.approx(by_hand, abs=1e-12)
    for _ in range(50):  # nothing is better: Gibbs' inequality
        p = RNG.dirichlet(np.ones(classes), n)
        assert measured.expected_nll(np.log(p), labels, noise) > by_hand


def test_expected_nll_is_the_mean_over_noisy_labels() -> None:
    noise, classes = 0.3, 3
    log_p = np.log(RNG.dirichlet(np.ones(classes), 4))
    labels = np.array([0, 1, 2, 1])
    total = 0.0
    for i, k in product(range(4), range(classes)):
        q = 1 - noise if k == labels[i] else noise / (classes - 1)
        total -= q * log_p[i, k] / 4
    assert measured.expected_nll(log_p, labels, noise) == pytest.approx(total, abs=1e-14)
    plain = -log_p[np.arange(4), labels].mean()
    assert measured.expected_nll(log_p, labels, 0.0) == pytest.approx(plain, abs=1e-14)


def test_disagreement_across_classes_by_enumeration() -> None:
    left, right = RNG.normal(0, 1, (3, 20, 4)), RNG.normal(0, 1, (2, 20, 4))
    pairs = [(a[i].argmax() != b[i].argmax()) for a in left for b in right for i in range(20)]
    assert measured.across(left, right) == pytest.approx(np.mean(pairs), abs=1e-15)
    assert measured.across(left[:1], left[:1]) == 0.0


def test_numbers_are_those_of_their_members() -> None:
    params = study.DataSizeParams(sizes=[10, 20], members=2)
    members = RNG.normal(0, 2, (20, 30, 4)).astype(np.float32)
    labels = RNG.integers(0, 4, 30)
    prediction = Prediction(members, np.zeros((30, 4)), labels, 15, params=params)
    found = {n.metric: n.value for n in measured.measure(prediction)}
    for (name, size), rows in study.members_of(params).items():
        split = d.entropy_split(members[rows])
        stem = f"{name},n={size}"
        assert found[f"data_size_mutual_information/{stem}"] == split.mutual.mean()
        assert found[f"data_size_expected_entropy/{stem}"] == split.expected.mean()
        assert (f"data_size_noise_entropy/{stem}" in found) == (name == "label_noise")
    layout = study.members_of(params)
    assert found["data_size_disagreement/across,n=20"] == measured.across(
        members[layout["linear", 20]], members[layout["network", 20]]
    )
