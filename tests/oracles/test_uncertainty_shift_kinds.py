"""Traps of the kinds of shift (17), of corruption errors (20), and the named test sets."""

import numpy as np
import pytest
from scipy import stats

from triptych.data.catalogue import get
from triptych.data.images import digits, open_set
from triptych.data.parts import Part
from triptych.data.prepared import Prepared
from triptych.data.shifts import KINDS, LABELLED, Source, applicable, companions, find, names
from triptych.data.shifts.sets import ovadia_rotate, photographs
from triptych.data.splits import split
from triptych.errors import UserError
from triptych.metrics import corruption_error as ce
from triptych.metrics.groups import expected_worst
from triptych.metrics.priors import estimated_prior, frequencies, with_prior
from triptych.metrics.probabilities import log_softmax
from triptych.uncertainty.shift import make_sets

EPS = 2.0**-52


def source(n: int = 60, size: int = 8, channels: int = 1, **prepared: Prepared) -> Source:
    """A test part of bright strokes of several widths, ten classes."""
    rng = np.random.default_rng(3)
    x = np.zeros((n, size, size, channels), np.uint8)
    for i in range(n):
        x[i, 1:-1, 2 : 3 + i % 4] = rng.integers(150, 256)
    meta = {"kind": "images", "dataset": "digits", "seed": 0, "levels": 256, "n": n}
    arrays = {"x": x, "y": np.arange(n) % 10, "index": np.arange(n)}
    return Source(Part(arrays, meta), x, lambda name: prepared[name])


def pictures() -> Prepared:
    rng = np.random.default_rng(0)
    shapes = {"china": (90, 120, 3), "flower": (100, 110, 3)}
    return Prepared({k: rng.integers(0, 256, s, dtype=np.uint8) for k, s in shapes.items()}, {})


# ------------------------------------------------------------------ label shift (17)


def gaussians(n: int, prior: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """x from N(−1, 1) or N(1, 1), class 1 with the given frequency."""
    rng = np.random.default_rng(seed)
    y = (rng.random(n) < prior).astype(int)
    return rng.normal(2.0 * y - 1.0), y


def posterior(x: np.ndarray, prior: float) -> np.ndarray:
    """log p(y|x) by Bayes' rule from the densities."""
    joint = np.stack(
        [np.log(1 - prior) + stats.norm.logpdf(x, -1), np.log(prior) + stats.norm.logpdf(x, 1)],
        axis=-1,
    )
    return log_softmax(joint)


@pytest.mark.parametrize("prior, target", [(0.5, 0.1), (0.3, 0.9)])
def test_correction_turns_one_bayes_rule_into_the_other(prior: float, target: float) -> None:
    x = np.linspace(-5, 5, 101)
    corrected = with_prior(
        posterior(x, prior), np.array([1 - prior, prior]), np.array([1 - target, target])
    )
    # Sums of a few logarithms below 100.
    assert np.abs(corrected - posterior(x, target)).max() < 1000 * EPS


def test_correction_to_the_same_prior_is_the_identity() -> None:
    log_p = log_softmax(np.random.default_rng(0).normal(0, 3, (50, 10)))
    prior = np.random.default_rng(1).dirichlet(np.ones(10))
    assert np.allclose(with_prior(log_p, prior, prior), log_p, atol=1000 * EPS, rtol=0)


@pytest.mark.parametrize("target", [0.1, 0.5, 0.8])
def test_class_frequencies_are_estimated_without_labels(target: float) -> None:
    n = 20_000
    x, _ = gaussians(n, target, 5)
    found = estimated_prior(posterior(x, 0.5), np.array([0.5, 0.5]))
    assert found.sum() == pytest.approx(1.0, abs=1e-12)
    # The estimate is the maximum of the likelihood of the mixture: by its Fisher information, the
    # mean square of (f1 − f0)/f, the standard error is below 1/√(n I). Five of them.
    t = np.linspace(-12, 12, 20_001)
    f0, f1 = stats.norm.pdf(t, -1), stats.norm.pdf(t, 1)
    mixture = target * f1 + (1 - target) * f0
    information = np.trapezoid((f1 - f0) ** 2 / mixture, t)
    assert abs(found[1] - target) < 5 / np.sqrt(n * information)


def test_correction_wins_by_the_divergence_of_the_priors_it_knows() -> None:
    """Mean log p'(y|x) of the corrected rule is the best possible: the Bayes rule's own."""
    x, y = gaussians(5000, 0.1, 7)
    plain, right = posterior(x, 0.5), posterior(x, 0.1)
    corrected = with_prior(plain, np.array([0.5, 0.5]), np.array([0.9, 0.1]))
    rows = np.arange(len(y))
    assert corrected[rows, y].mean() == pytest.approx(right[rows, y].mean(), abs=1e-9)
    assert corrected[rows, y].mean() > plain[rows, y].mean()


def test_frequencies_count() -> None:
    assert frequencies(np.array([0, 2, 2, 1]), 4).tolist() == [0.25, 0.25, 0.5, 0.0]


# ------------------------------------------------------------------ worst group


def test_the_worst_of_equal_groups_by_order_statistics() -> None:
    # The least of two standard normals is −1/√π in the mean, of three −3/(2√π).
    a, n = 0.8, 100
    error = np.sqrt(a * (1 - a) / n)
    assert expected_worst([a] * 2, [n] * 2) == pytest.approx(a - error / np.sqrt(np.pi), abs=1e-9)
    assert expected_worst([a] * 3, [n] * 3) == pytest.approx(
        a - 1.5 * error / np.sqrt(np.pi), abs=1e-9
    )
    assert expected_worst([a], [n]) == pytest.approx(a, abs=1e-9)
    assert expected_worst([1.0, 1.0], [10, 20]) == 1.0


def test_the_worst_group_is_judged_by_the_pooled_accuracy() -> None:
    assert expected_worst([0.5, 0.9], [100, 300]) < 0.8
    assert expected_worst([0.5, 0.9], [10**8, 3 * 10**8]) == pytest.approx(0.8, abs=1e-3)


# ------------------------------------------------------------------ corruption error (20)


def test_alexnet_against_itself_is_100_percent() -> None:
    errors = ce.alexnet()
    assert len(errors) == 15
    assert ce.normalised(errors, errors) == 1.0
    # Its published errors by severity have the published mean.
    gaussian = (0.69528, 0.82542, 0.93554, 0.98138, 0.99452)
    contrast = (0.64548, 0.7615, 0.88874, 0.9776, 0.9927)
    for kind, values in (("gaussian_noise", gaussian), ("contrast", contrast)):
        assert np.mean(values) == pytest.approx(ce.ALEXNET[kind], abs=5e-7)  # printed to 6 digits
        assert ce.normalised(errors | {kind: values}, errors) == pytest.approx(1.0, abs=1e-7)
    for clean in (0.0, 0.4):
        assert ce.relative(errors, clean, errors, clean) == 1.0


def test_ratio_per_corruption_then_the_mean() -> None:
    """Not a ratio of means, and sums over severities come first."""
    base = {"a": [0.1, 0.3], "b": [1.0, 1.0]}
    errors = {"a": [0.2, 0.4], "b": [0.5, 0.9]}
    assert ce.normalised(errors, base) == pytest.approx((0.6 / 0.4 + 1.4 / 2.0) / 2)
    assert ce.relative(errors, 0.1, base, 0.0) == pytest.approx((0.4 / 0.4 + 1.2 / 2.0) / 2)
    assert ce.mean_error(errors) == pytest.approx((0.3 + 0.7) / 2)
    assert ce.mean_error(errors, 0.1) == pytest.approx((0.3 + 0.7) / 2 - 0.1)


def test_fifteen_and_nineteen_kinds_are_not_mixed() -> None:
    errors = dict(ce.alexnet())
    with pytest.raises(ValueError, match="expected the corruptions and severities"):
        ce.normalised(errors | {"speckle_noise": [0.5] * 5}, ce.alexnet())
    with pytest.raises(ValueError, match="expected the corruptions and severities"):
        ce.normalised(errors | {"fog": [0.5] * 3}, ce.alexnet())


# ------------------------------------------------------------------ the sets


def test_every_set_says_what_shift_it_is_and_where_it_applies() -> None:
    for name in names():
        assert find(name).kind in (*KINDS, "human labels", "picture"), name
    here = applicable(names(), get("digits"))
    assert {"photographs", "strokes", "ovadia_rotate"} <= set(here)
    assert "unknown_classes" not in here and "other_set" not in here
    assert "unknown_classes" in applicable(names(), get("digits_known"))
    assert "ovadia_rotate" not in applicable(names(), get("fashion_mnist"))
    assert companions(["other_set", "photographs"], get("mnist")) == [
        "fashion_mnist",
        "photographs",
    ]
    assert applicable(["photographs", "strokes"], get("breast_cancer")) == []
    with pytest.raises(UserError, match="did you mean 'strokes'"):
        find("stroke")


def test_the_groups_of_strokes_partition_the_test_part() -> None:
    """Re-weighting the groups to the training mix returns the clean number (17)."""
    given = source()
    made = find("strokes").make(given)
    rows = np.concatenate([part.attributes["row"] for part in made.values()])
    assert sorted(rows.tolist()) == list(range(60)) and len(made) == 3
    right = np.random.default_rng(0).random(60) < 0.7
    groups = [right[part.attributes["row"]] for part in made.values()]
    pooled = sum(len(group) * group.mean() for group in groups) / 60
    assert pooled == pytest.approx(right.mean(), abs=1e-12)
    assert min(group.mean() for group in groups) <= right.mean()
    widths = [part.attributes["thickness"] for part in made.values()]
    assert widths[0].max() <= widths[1].min() and widths[1].max() <= widths[2].min()
    for part in made.values():
        assert np.array_equal(part.x, given.x[part.attributes["row"]])
        assert part.y is not None
        assert np.array_equal(part.y, given.labels[part.attributes["row"]])


def test_label_shift_changes_frequencies_and_nothing_else() -> None:
    given = source(600)
    for ratio, part in find("label_shift").make(given).items():
        assert part.y is not None
        row = part.attributes["row"]
        assert len(set(row.tolist())) == len(row)  # nothing is drawn twice
        assert np.array_equal(part.x, given.x[row]) and np.array_equal(part.y, given.labels[row])
        counts = np.bincount(part.y, minlength=10)
        assert counts.min() >= 1 and counts.max() == 60
        # 60 / ratio images of the rarest class, rounded down.
        assert counts.min() == 60 // int(ratio)
        assert np.allclose(part.facts["prior"], counts / counts.sum())
    orders = {
        tuple(np.argsort(part.facts["prior"])) for part in find("label_shift").make(given).values()
    }
    assert len(orders) > 1  # not always the same class is rare


def test_rotation_by_quarter_turns_is_exact() -> None:
    x = np.random.default_rng(0).integers(0, 256, (4, 9, 9, 2), dtype=np.uint8)
    for turns in (1, 2):
        assert np.array_equal(ovadia_rotate.turned(x, 90 * turns), np.rot90(x, turns, axes=(1, 2)))
    overshoot = np.zeros((1, 9, 9, 1), np.uint8)
    overshoot[:, 4] = 255
    assert (
        ovadia_rotate.turned(overshoot, 30).max() <= 255
    )  # splines swing above: clipped, not wrapped
    assert ovadia_rotate.turned(overshoot, 30)[0, 0, 0, 0] == 0


def test_translation_wraps_round() -> None:
    given = source(20, 28)
    made = find("ovadia_translate").make(given)
    assert list(made) == [str(k) for k in range(2, 28, 2)]
    assert np.array_equal(made["6"].x[:, :, 6:], given.x[:, :, :-6])
    assert np.array_equal(made["6"].x[:, :, :6], given.x[:, :, -6:])
    assert list(find("ovadia_translate").make(source())) == [str(k) for k in range(1, 8)]


@pytest.mark.parametrize("channels", [1, 3])
def test_photographs_are_cut_at_four_scales(channels: int) -> None:
    given = source(16, 8, channels, photographs=pictures())
    (made,) = find("photographs").make(given).values()
    assert made.x.shape == given.x.shape and made.y is None
    # Means of s×s uniform pixels: their deviation falls with s; each scale holds four of 16 images.
    deviation = [made.x[np.arange(16) // 2 % 4 == k].astype(float).std() for k in range(4)]
    assert deviation[0] > deviation[1] > deviation[2] > deviation[3]
    flat = np.full((8, 8, 3), 100.0)
    assert (photographs._channels(flat[None], channels) == 100).all()


def test_noise_has_the_stated_law() -> None:
    given = source(400)
    uniform = find("uniform_noise").make(given)[""].x.astype(float)
    # Uniform on 0 … 255: mean 127.5, variance (256² − 1)/12; five standard errors of the mean.
    assert abs(uniform.mean() - 127.5) < 5 * np.sqrt((256**2 - 1) / 12 / uniform.size)
    middle = Source(given.part, np.full((400, 8, 8, 1), 120, np.uint8), given.prepared)
    assert (find("normal_noise").make(middle)[""].x == 120).all()  # no spread, no noise


def test_sets_of_another_seed_are_others_and_of_the_same_the_same() -> None:
    def at(seed: int) -> Source:
        given = source(photographs=pictures())
        return Source(
            Part(given.part.arrays, given.part.meta | {"seed": seed}), given.x, given.prepared
        )

    for name in ("photographs", "uniform_noise", "normal_noise", "label_shift"):
        one, again, other = (find(name).make(at(seed)) for seed in (0, 0, 1))
        for variant in one:
            assert np.array_equal(one[variant].x, again[variant].x)
        assert any(not np.array_equal(one[v].x, other[v].x) for v in one), name


# ------------------------------------------------------------------ open set


def test_held_out_classes_are_in_no_part_and_have_no_label() -> None:
    content, whole = digits(None, [7, 8, 9]), digits(None)
    unknown = whole.arrays["y"] >= 7
    assert (content.arrays["y"][unknown] == -1).all()
    assert np.array_equal(content.arrays["y"][~unknown], whole.arrays["y"][~unknown])
    assert content.meta["n_classes"] == 7 and content.meta["classes"] == list("0123456")
    chosen = split(content, "digits_known", 0)
    used = np.concatenate([chosen.train, chosen.validation, chosen.test])
    assert not set(used.tolist()) & set(np.flatnonzero(unknown).tolist())
    assert len(used) == (~unknown).sum()


def test_holding_out_a_middle_class_closes_the_gap_and_leaves_the_standard_parts() -> None:
    y = np.array([0, 1, 2, 3, 1, 2])
    parts = np.array([0, 0, 0, 2, 2, 2], np.int8)
    meta = {"classes": ["a", "b", "c", "d"], "n_classes": 4, "notes": [], "n": 6}
    made = open_set(Prepared({"y": y, "split": parts}, meta), [1])
    assert made.arrays["y"].tolist() == [0, -1, 1, 2, -1, 1]
    assert made.arrays["split"].tolist() == [0, -1, 0, 2, -1, 2]
    assert made.meta["classes"] == ["a", "c", "d"] and made.meta["n_classes"] == 3


def test_unknown_images_are_those_without_a_label() -> None:
    content = digits(None, [7, 8, 9])
    unknown = content.arrays["x"][content.arrays["y"] == -1]
    given = source(digits_known=content)
    meta = given.part.meta | {"dataset": "digits_known"}
    given = Source(Part(given.part.arrays, meta), given.x, given.prepared)
    (made,) = find("unknown_classes").make(given).values()
    assert made.y is None and len(made.x) == 60  # as many as test images
    stretched = {np.rint(image * (255 / 16)).astype(np.uint8).tobytes() for image in unknown}
    assert {image.tobytes() for image in made.x} <= stretched


def test_the_other_of_two_sets() -> None:
    x = np.arange(6, dtype=np.uint8)[:, None, None, None] * np.ones((6, 8, 8, 1), np.uint8)
    other = Prepared({"x": x, "split": np.array([0, 0, 2, 2, 2, 0])}, {})
    given = source(4, mnist=other)
    given = Source(Part(given.part.arrays, given.part.meta | {"dataset": "fashion_mnist"}), given.x,
                   given.prepared)  # fmt: skip
    (made,) = find("other_set").make(given).values()
    assert made.x[:, 0, 0, 0].tolist() == [2, 3, 4]  # its test part alone


# ------------------------------------------------------------------ what the verb refuses


def test_a_set_of_the_wrong_make_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from triptych.data.shifts import Made, Shift
    from triptych.uncertainty import shift as verb

    given = source(4)
    wrong = {
        "expected uint8": ("covariate", Made(given.x / 255, given.labels)),
        "expected labels": ("label", Made(given.x)),
        "expected no labels": ("open set", Made(given.x, given.labels)),
        "expected 4 rows": ("open set", Made(given.x, None, {"a": np.zeros(3)})),
        r"expected uint8 \[n, 8, 8, 1\]": ("open set", Made(given.x[:, 1:])),
    }
    for message, (kind, made) in wrong.items():
        shift = Shift(kind, lambda source, made=made: {"": made}, lambda dataset: True)  # type: ignore[arg-type, misc]
        monkeypatch.setattr(verb.shifts, "find", lambda name, shift=shift: shift)
        with pytest.raises(ValueError, match=message):
            make_sets(given, ["broken"])
    assert set(LABELLED) < set(KINDS)
