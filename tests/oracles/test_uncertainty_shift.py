"""Traps of shifted test sets: seeding, clip and rounding, aggregation (11, 12, 20)."""

import numpy as np
import pytest

from triptych.data import corruptions
from triptych.data.corruptions import apply

KINDS = corruptions.names("small")


def images(n: int = 24) -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, (n, 8, 8, 1), dtype=np.uint8)


# ------------------------------------------------------------------ 11. seeding


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("severity", [1, 5])
def test_an_image_alone_is_bit_for_bit_the_image_in_the_batch(kind: str, severity: int) -> None:
    x, ids = images(), np.arange(24) * 7 + 3
    together = corruptions.corrupt(x, kind, severity, ids, "digits", 4)
    for i in range(len(x)):
        alone = corruptions.corrupt(x[i : i + 1], kind, severity, ids[i : i + 1], "digits", 4)
        assert np.array_equal(alone[0], together[i])


@pytest.mark.parametrize("kind", KINDS)
def test_order_and_chunks_do_not_matter(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    x, ids = images(), np.arange(24)
    straight = corruptions.corrupt(x, kind, 3, ids, "digits")
    order = np.random.default_rng(0).permutation(24)
    monkeypatch.setattr(apply, "CHUNK", 5)
    mixed = corruptions.corrupt(x[order], kind, 3, ids[order], "digits")
    assert np.array_equal(mixed, straight[order])


def test_colour_images_alone_and_in_the_batch() -> None:
    x = np.random.default_rng(4).integers(0, 256, (6, 12, 10, 3), dtype=np.uint8)
    ids = np.arange(6)
    for kind in KINDS:
        together = corruptions.corrupt(x, kind, 2, ids, "p")
        alone = [corruptions.corrupt(x[i : i + 1], kind, 2, ids[i : i + 1], "p")[0] for i in ids]
        assert together.shape == x.shape
        assert np.array_equal(together, np.stack(alone)), kind


def test_the_global_stream_plays_no_part() -> None:
    x, ids = images(), np.arange(24)
    np.random.seed(0)  # noqa: NPY002  (that it has no effect is the point)
    first = corruptions.corrupt(x, "gaussian_noise", 3, ids, "digits")
    corruptions.corrupt(x, "shot_noise", 3, ids, "digits")
    np.random.seed(1)  # noqa: NPY002
    assert np.array_equal(first, corruptions.corrupt(x, "gaussian_noise", 3, ids, "digits"))


# ------------------------------------------------------------------ 12. clip and rounding


def test_noise_of_mean_zero_leaves_the_mean_of_mid_grey() -> None:
    n, size = 800, 16
    x = np.full((n, size, size, 1), 127, np.uint8)
    x[:, ::2] = 128  # mean 127.5
    y = corruptions.corrupt(x, "gaussian_noise", 1, np.arange(n), "grey").astype(float)
    # σ = .08 of white, six of them to black and to white: nothing is clipped. Five standard errors
    # are 0.23 of a level; truncating instead of rounding would take 0.5 of a level away.
    bound = 5 * 0.08 * 255 / np.sqrt(x.size)
    assert bound < 0.25
    assert abs(y.mean() - 127.5) < bound


@pytest.mark.parametrize("level", [0, 1, 100, 255])
@pytest.mark.parametrize("kind", ["gaussian_blur", "pixelate", "contrast"])
def test_a_constant_image_stays_constant(kind: str, level: int) -> None:
    x = np.full((2, 8, 8, 1), level, np.uint8)
    for severity in range(1, 6):
        assert np.array_equal(corruptions.corrupt(x, kind, severity, np.arange(2), "d"), x)


def test_what_leaves_the_range_is_clipped_not_wrapped() -> None:
    white = np.full((20, 8, 8, 1), 255, np.uint8)
    y = corruptions.corrupt(white, "gaussian_noise", 1, np.arange(20), "d")
    assert (y == 255).mean() > 0.4  # the upper half of the noise
    assert y.min() > 100  # and nothing wrapped to black: −6 σ is 133


# 20: the mean over kinds at one severity, the count of images and the validation kinds are checked
# on the verbs themselves, in tests/uncertainty/test_uncertainty_verbs.py.
