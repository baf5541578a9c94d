"""Exact cases of the published corruptions, each against a computation of another kind."""

import colorsys
import hashlib
import io

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage
from sklearn import datasets

from triptych.data import corruptions
from triptych.data.corruptions import filters
from triptych.data.corruptions.draws import Draws
from triptych.data.corruptions.kinds import (
    defocus_blur,
    elastic_transform,
    fog,
    frost,
    glass_blur,
    jpeg_compression,
    snow,
    spatter,
)
from triptych.data.corruptions.registry import find
from triptych.errors import UserError

ROUNDING = 1e-12  # a few thousand additions of numbers below 1, each rounded to 2⁻⁵³


def colours(n: int = 3, height: int = 32, width: int = 32, channels: int = 3) -> np.ndarray:
    """Images with edges, ramps and every level, no file behind them."""
    i, r, c, k = np.indices((n, height, width, channels))
    return ((i * 37 + r * 29 + c * 17 * (k + 1) + r * c * 5) % 256).astype(np.uint8)


def photographs(count: int = 12) -> np.ndarray:
    """Patches of 32×32 pixels."""
    photo = datasets.load_sample_images().images[0][:416, :640]
    patches = photo.reshape(13, 32, 20, 32, 3).swapaxes(1, 2).reshape(-1, 32, 32, 3)
    return patches[:: len(patches) // count][:count].copy()


def draws(n: int, *key: object) -> Draws:
    return Draws(np.arange(n), "test", *key)


# ------------------------------------------------------------------ filters


@pytest.mark.parametrize("factor", [1.0, 1.03, 1.11, 1.3, 2.5, 4.5])
@pytest.mark.parametrize("length", [8, 28, 32])
def test_enlarging_is_scipys_zoom_of_the_centre(factor: float, length: int) -> None:
    x = colours(2, length, length, 1) / 255.0
    cut, grown = filters.stretched(length, factor)
    top, trim = (length - cut) // 2, (grown - length) // 2
    for image, mine in zip(x, filters.enlarge(x, factor), strict=True):
        centre = image[top : top + cut, top : top + cut, 0]
        theirs = ndimage.zoom(centre, factor, order=1)[trim : trim + length, trim : trim + length]
        assert np.abs(theirs - mine[..., 0]).max() < ROUNDING


def test_motion_along_the_columns_is_a_half_gaussian() -> None:
    x = np.zeros((1, 9, 21, 1))
    x[0, 4, 10] = 1.0
    y = filters.motion(x, 5, 2.0, np.array([0.0]))
    weights = np.exp(-0.5 * (np.arange(11) / 2.0) ** 2)
    weights = weights[weights > 1e-4] / weights[weights > 1e-4].sum()
    expected = np.zeros(21)
    expected[10 - len(weights) + 1 : 11] = weights[::-1]  # the pixel to the right is read
    assert np.allclose(y[0, 4, :, 0], expected, atol=ROUNDING)
    assert (np.delete(y[0], 4, axis=0) == 0).all()


def test_motion_down_is_motion_along_the_columns_of_the_transposed_image() -> None:
    x = colours(1) / 255.0
    down = filters.motion(x, 4, 2.0, np.array([90.0]))
    across = filters.motion(x.transpose(0, 2, 1, 3), 4, 2.0, np.array([0.0]))
    assert np.array_equal(down, across.transpose(0, 2, 1, 3))


# ------------------------------------------------------------------ blurs


@pytest.mark.parametrize("radius, sigma", [(0.5, 0.6), (1, 0.2), (1.5, 0.1), (3, 0.1), (10, 0.5)])
def test_defocus_is_a_convolution_with_a_softened_disk(radius: float, sigma: float) -> None:
    r, reach = int(radius), 1 if radius <= 8 else 2
    k = np.arange(-r, r + 1)
    disk = (k[:, None] ** 2 + k[None] ** 2 <= radius**2).astype(float)
    taps = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    taps /= taps.sum()
    full = np.pad(disk / disk.sum(), reach)
    kernel = ndimage.convolve(full, np.outer(taps, taps), mode="constant")
    assert kernel.sum() == pytest.approx(1.0, abs=ROUNDING)
    x = colours(2, 32, 27, 1) / 255.0
    y = find("defocus_blur").apply(x, (radius, sigma), None)
    for image, mine in zip(x, y, strict=True):
        theirs = ndimage.convolve(image[..., 0], kernel, mode="mirror")
        assert np.abs(theirs - mine[..., 0]).max() < ROUNDING


def test_a_point_out_of_focus_is_a_disk() -> None:
    x = np.zeros((1, 15, 15, 1))
    x[0, 7, 7] = 1.0
    y = defocus_blur._disk(x, 3)
    assert (y > 0).sum() == 29  # lattice points within distance 3
    assert y[y > 0] == pytest.approx(1 / 29)


@pytest.mark.parametrize(
    "kind", ["defocus_blur", "glass_blur", "motion_blur", "zoom_blur", "elastic_transform"]
)
@pytest.mark.parametrize("constants", ["cifar_c", "imagenet_c"])
@pytest.mark.parametrize("level", [0, 1, 100, 255])
def test_moving_light_about_keeps_a_constant_image(kind: str, constants: str, level: int) -> None:
    x = np.full((2, 32, 32, 3), level, np.uint8)
    for severity in range(1, 6):
        y = corruptions.corrupt(x, kind, severity, np.arange(2), "d", 0, constants)
        assert (y == level).all()


@pytest.mark.parametrize("reach, rounds", [(1, 2), (2, 1), (4, 2)])
def test_glass_copies_neighbours_one_pixel_after_the_other(reach: int, rounds: int) -> None:
    x = colours(3, 12, 13) / 255.0
    mine = glass_blur._shuffled(x, reach, rounds, draws(3))
    height, width = 12, 13
    moves = draws(3).integers(
        -reach, reach, (rounds * (height - 2 * reach) * (width - 2 * reach), 2)
    )
    for image, own, move in zip(x.copy(), mine, moves, strict=True):
        steps = iter(move.tolist())
        for _ in range(rounds):
            for row in range(height - reach, reach, -1):
                for column in range(width - reach, reach, -1):
                    down, right = next(steps)
                    image[row, column] = image[row + down, column + right]
        assert next(steps, None) is None
        assert np.array_equal(image, own)


def test_zoom_is_the_mean_of_the_published_enlargements() -> None:
    x = colours(2) / 255.0
    for step, (stop, size) in enumerate(
        ((1.11, 0.01), (1.16, 0.01), (1.21, 0.02), (1.26, 0.02), (1.31, 0.03))
    ):
        factors = np.arange(1, stop, size)
        mean = (x + sum(filters.enlarge(x, round(f, 2)) for f in factors)) / (len(factors) + 1)
        y = find("zoom_blur").apply(x, find("zoom_blur").constants["imagenet_c"][step], None)
        assert np.abs(y - mean).max() < ROUNDING


# ------------------------------------------------------------------ weather


def test_snow_without_flakes_only_whitens() -> None:
    x = colours(2) / 255.0
    y = snow._apply(x, (0.0, 0.1, 1.0, 2.0, 3, 1.0, 0.8), draws(2))
    grey = x @ np.array([0.299, 0.587, 0.114])
    expected = 0.8 * x + 0.2 * np.maximum(x, 1.5 * grey[..., None] + 0.5)
    assert np.allclose(y, expected, atol=ROUNDING)


def test_snow_falls_from_both_sides() -> None:
    black = np.zeros((1, 16, 16, 1))
    y = snow._apply(black, (0.0, 0.5, 1.0, 0.5, 2, 1.0, 1.0), draws(1))
    assert y.max() > 0.2
    assert np.allclose(y, y[:, ::-1, ::-1], atol=ROUNDING)  # the layer and its half turn


def test_frost_is_a_weighted_sum_with_a_piece_of_a_picture() -> None:
    rng = np.random.default_rng(0)
    pictures = {name: rng.integers(0, 256, (40, 45, 3), dtype=np.uint8) for name in "ab"}
    x = colours(12) / 255.0
    ice = (frost._apply(x, (0.7, 0.5, 1), draws(12), pictures) - 0.7 * x) / 0.5 * 255
    windows = {
        picture[top : top + 32, left : left + 32].tobytes(): name
        for name, picture in pictures.items()
        for top in range(9)
        for left in range(14)
    }
    used = {windows[np.rint(piece).astype(np.uint8).tobytes()] for piece in ice}
    assert np.abs(ice - np.rint(ice)).max() < 1e-9
    assert used == {"a", "b"}


def test_frost_shrinks_by_means_of_blocks_and_says_when_an_image_is_too_large() -> None:
    picture = colours(1, 11, 16)[0]
    small = frost._shrunk(picture, 5)
    assert small.shape == (2, 3, 3)
    assert small[1, 2, 0] == pytest.approx(picture[5:10, 10:15, 0].mean())
    with pytest.raises(UserError, match="at most 2×3 pixels, found 32×32"):
        frost._apply(colours() / 255.0, (1, 0.2, 5), draws(3), {"a": picture})
    with pytest.raises(ValueError, match="expected the pictures of frost"):
        corruptions.corrupt(colours(), "frost", 1, np.arange(3), "d", 0, "cifar_c")


@pytest.mark.parametrize("side", [2, 8, 32])
def test_clouds_without_noise_are_flat_and_with_it_span_0_to_1(side: int) -> None:
    n = side * side - 1
    assert (fog.clouds(np.full((1, n), 0.5), side, 2.0) == 0).all()
    y = fog.clouds(np.random.default_rng(0).random((5, n)), side, 2.0)
    assert (y.min(axis=(1, 2)) == 0).all() and (y.max(axis=(1, 2)) == 1).all()


def test_clouds_of_two_by_two_by_hand() -> None:
    # Corner 0; centre 0 + n₀; edges (2·0 + 2·centre)/4 + n₁ and + n₂.
    u = np.array([[1.0, 0.75, 0.25]])  # noise 1, ½, −½
    grid = np.array([[0.0, 0.5 + 0.5], [0.5 - 0.5, 1.0]])
    assert np.allclose(fog.clouds(u, 2, 3.0)[0], grid, atol=ROUNDING)


def test_clouds_are_rougher_the_slower_their_noise_decays() -> None:
    u = np.random.default_rng(1).random((200, 32 * 32 - 1))
    rough = [np.abs(np.diff(fog.clouds(u, 32, decay), axis=1)).mean() for decay in (3.0, 2.0, 1.4)]
    assert rough[0] < rough[1] < rough[2]


def test_fog_keeps_the_brightest_level_in_reach() -> None:
    x = colours(4) // 2
    y = find("fog").apply(x / 255.0, (1.5, 2.0), draws(4))
    brightest = x.max(axis=(1, 2, 3)) / 255.0
    assert (y.max(axis=(1, 2, 3)) <= brightest + ROUNDING).all() and y.min() >= 0
    assert (find("fog").apply(np.zeros((1, 8, 8, 1)), (1.5, 2.0), draws(1)) == 0).all()


# ------------------------------------------------------------------ elastic


def test_elastic_smoothing_is_scipys_gaussian_filter() -> None:
    u = np.random.default_rng(0).random((13, 13))
    for sigma in (0.3, 1.2, 9.0):
        matrix = elastic_transform._smooth(13, sigma)
        theirs = ndimage.gaussian_filter(u, sigma, mode="reflect", truncate=3.0)
        assert np.allclose(matrix @ u @ matrix.T, theirs, atol=ROUNDING)


def test_elastic_reads_as_scipy_does() -> None:
    x = colours(1, 9, 11, 1) / 255.0
    rng = np.random.default_rng(0)
    row, column = rng.uniform(-20, 30, (2, 1, 9, 11))
    theirs = ndimage.map_coordinates(x[0, ..., 0], [row[0], column[0]], order=1, mode="reflect")
    assert np.allclose(elastic_transform._read(x, row, column)[0, ..., 0], theirs, atol=1e-11)


def test_elastic_maps_the_corners_where_they_are_drawn() -> None:
    jitter = np.random.default_rng(0).normal(0, 1, (1, 3, 2))
    for k, (row, column) in enumerate(((5, 5), (5, -5), (-5, -5))):
        point = np.array([[[float(row)]]]), np.array([[[float(column)]]])
        shift = elastic_transform._affine(jitter, *point, 5)
        assert [float(part[0, 0, 0]) for part in shift] == pytest.approx(jitter[0, k].tolist())


def test_elastic_without_motion_is_the_identity() -> None:
    x = colours(2) / 255.0
    assert np.allclose(elastic_transform._apply(x, (0.0, 0.0, 0.0), draws(2)), x, atol=ROUNDING)


# ------------------------------------------------------------------ digital


def _by_pillow(x: np.ndarray, quality: int) -> np.ndarray:
    found = []
    for image in x:
        stream = io.BytesIO()
        Image.fromarray(image.squeeze()).save(stream, "JPEG", quality=quality)
        found.append(np.asarray(Image.open(stream), float).reshape(image.shape))
    return np.stack(found)


@pytest.mark.parametrize("quality", [80, 40, 10])
def test_jpeg_of_grey_images_has_pillows_coefficients(quality: int) -> None:
    x = photographs()[..., :1]
    mine = np.clip(np.rint(find("jpeg_compression").apply(x / 255.0, quality, None) * 255), 0, 255)
    difference = _by_pillow(x, quality) - mine
    blocks = difference[..., 0].reshape(-1, 4, 8, 4, 8).transpose(2, 4, 0, 1, 3)
    steps = jpeg_compression._steps(jpeg_compression.LUMINANCE, quality)[..., None, None, None]
    # libjpeg's cosines are whole numbers: a coefficient half-way between two steps may fall on the
    # other side. Rounding 64 pixels by half a level each moves a coefficient by 4 at most.
    assert (np.abs(jpeg_compression._cosines(blocks)) <= steps + 4).all()
    assert np.median(np.abs(difference)) == 0


@pytest.mark.parametrize("quality", [80, 40, 10])
def test_jpeg_of_colours_is_near_pillows(quality: int) -> None:
    x = photographs()
    mine = np.rint(find("jpeg_compression").apply(x / 255.0, quality, None) * 255)
    theirs = _by_pillow(x, quality)
    apart = np.sqrt(((theirs - np.clip(mine, 0, 255)) ** 2).mean())
    assert apart < 0.3 * np.sqrt(((theirs - x) ** 2).mean())  # beside what the compression does


def test_jpeg_steps_are_the_tables_of_the_standard_at_quality_50() -> None:
    steps = jpeg_compression._steps(jpeg_compression.LUMINANCE, 50)
    assert steps[0, 0] == 16 and steps[7, 7] == 99 and steps[0, 7] == 61 and steps[7, 0] == 72
    assert (jpeg_compression._steps(jpeg_compression.CHROMINANCE, 100) == 1).all()


def test_cosine_transform_is_orthonormal() -> None:
    basis = np.array(jpeg_compression._basis(False))
    assert np.allclose(basis @ basis.T, np.eye(8), atol=1e-15 * 8)
    x = np.random.default_rng(0).normal(size=(8, 8, 2, 1, 1))
    there = jpeg_compression._cosines(x)
    assert np.allclose(jpeg_compression._cosines(there, inverse=True), x, atol=ROUNDING)
    assert np.allclose((there**2).sum(axis=(0, 1)), (x**2).sum(axis=(0, 1)), atol=ROUNDING)


def test_jpeg_of_sides_that_are_no_multiple_of_a_block() -> None:
    x = photographs(2)[:, :13, :21]
    y = corruptions.corrupt(x, "jpeg_compression", 1, np.arange(2), "d", 0, "cifar_c")
    assert y.shape == x.shape and np.abs(y.astype(float) - x).mean() < 12


def test_saturation_keeps_hue_and_value() -> None:
    x = colours(2, 6, 6) / 255.0
    for scale, offset in ((0.3, 0.0), (2.0, 0.1)):
        y = find("saturate").apply(x, (scale, offset), None)
        for before, after in zip(x.reshape(-1, 3), y.reshape(-1, 3), strict=True):
            h, s, v = colorsys.rgb_to_hsv(*before)
            expected = colorsys.hsv_to_rgb(h, min(1.0, s * scale + offset), v) if s else before
            assert after == pytest.approx(expected, abs=ROUNDING)


def test_grey_has_no_hue_to_strengthen() -> None:
    x = np.repeat(colours(2, 6, 6, 1), 3, axis=3)
    y = corruptions.corrupt(x, "saturate", 5, np.arange(2), "d", 0, "imagenet_c")
    assert np.array_equal(x, y)


def test_without_a_drop_nothing_is_spattered() -> None:
    x = colours(2) / 255.0
    for mud in (0, 1):
        y = spatter._apply(x, (0.0, 0.1, 1.0, 5.0, 0.5, mud), draws(2))
        assert np.array_equal(y, x)


def test_mud_is_brown_and_opaque_in_the_middle() -> None:
    x = np.ones((1, 16, 16, 3))
    y = spatter._apply(x, (1.0, 0.0, 1.0, 0.5, 0.6, 1), draws(1))  # liquid everywhere
    assert np.allclose(y, spatter.MUD, atol=ROUNDING)


@pytest.mark.parametrize("constants", ["small", "cifar_c", "imagenet_c"])
def test_water_is_never_divided_by_nothing(constants: str) -> None:
    """The published code divides by the brightest drop, where there is one or not."""
    size = 8 if constants == "small" else 32
    x = colours(200, size, size, 1)
    for severity in (1, 2, 3):
        y = corruptions.corrupt(x, "spatter", severity, np.arange(200), "d", 0, constants)
        assert y.shape == x.shape  # corrupt refuses what is no number


# ------------------------------------------------------------------ seeding of all published kinds


@pytest.mark.parametrize("constants", ["cifar_c", "imagenet_c"])
@pytest.mark.parametrize("kind", corruptions.names("cifar_c"))
def test_an_image_alone_is_bit_for_bit_the_image_in_the_batch(kind: str, constants: str) -> None:
    """Trap 11, on colour images and pictures that are not square."""
    ice = {"a": colours(1, 210, 220)[0], "b": colours(1, 215, 211)[0]}
    x = colours(5, 32, 30)
    ids = np.array([4, 0, 77, 3, 10])
    together = corruptions.corrupt(x, kind, 3, ids, "d", 1, constants, ice)
    for i in (0, 2, 4):
        own = slice(i, i + 1)
        alone = corruptions.corrupt(x[own], kind, 3, ids[own], "d", 1, constants, ice)
        assert np.array_equal(alone[0], together[i])


# One digest of the five severities each; see the note on golden digests in test_corruptions.py.
GOLDEN: dict[tuple[str, str], str] = {
    ("brightness", "cifar_c"): "c5faa008b2700950",
    ("brightness", "imagenet_c"): "95d94ba37d9ff3fb",
    ("contrast", "cifar_c"): "04f55b9492c7b829",
    ("contrast", "imagenet_c"): "5130e17a98ac8b97",
    ("defocus_blur", "cifar_c"): "84f7c960cbcdbc13",
    ("defocus_blur", "imagenet_c"): "00d514e97ccc1a13",
    ("elastic_transform", "cifar_c"): "bcf1be01d1d5cfbd",
    ("elastic_transform", "imagenet_c"): "b2736dc03906eb97",
    ("fog", "cifar_c"): "8fd908e9f9b1e01c",
    ("fog", "imagenet_c"): "1f87f79d29e6d873",
    ("frost", "cifar_c"): "33f0421d0b3ddd6e",
    ("frost", "imagenet_c"): "93c5e088d9810422",
    ("gaussian_blur", "cifar_c"): "190b6044e21194dd",
    ("gaussian_blur", "imagenet_c"): "e4519d1f3b36febd",
    ("gaussian_noise", "cifar_c"): "9bdcd52b0cf076ef",
    ("gaussian_noise", "imagenet_c"): "047f7433b6144751",
    ("glass_blur", "cifar_c"): "489553a6cc4d3455",
    ("glass_blur", "imagenet_c"): "4d079a4d581be371",
    ("impulse_noise", "cifar_c"): "e49481b1fa0342f8",
    ("impulse_noise", "imagenet_c"): "570dac7316d39ba0",
    ("jpeg_compression", "cifar_c"): "ca603fe215543129",
    ("jpeg_compression", "imagenet_c"): "82dde7bd54d213f6",
    ("motion_blur", "cifar_c"): "dbab52746763c59e",
    ("motion_blur", "imagenet_c"): "4d1e9026a1f8e044",
    ("pixelate", "cifar_c"): "df4a16465a10e132",
    ("pixelate", "imagenet_c"): "35833c4cd30006e4",
    ("saturate", "cifar_c"): "0386502932c7dfb8",
    ("saturate", "imagenet_c"): "9123ac985e7a7d2f",
    ("shot_noise", "cifar_c"): "6769e7c91fb1d40b",
    ("shot_noise", "imagenet_c"): "b8067ef15037017e",
    ("snow", "cifar_c"): "1ede244242bd9ec7",
    ("snow", "imagenet_c"): "3a18710508ccc5de",
    ("spatter", "cifar_c"): "4155332dd344ec7f",
    ("spatter", "imagenet_c"): "4211fdf538d9d3ab",
    ("speckle_noise", "cifar_c"): "59b6d51e028f2693",
    ("speckle_noise", "imagenet_c"): "b1477e904c991259",
    ("zoom_blur", "cifar_c"): "0ffbb07202459e59",
    ("zoom_blur", "imagenet_c"): "3a29ed704d09ed54",
}


@pytest.mark.parametrize("constants", ["cifar_c", "imagenet_c"])
@pytest.mark.parametrize("kind", corruptions.names("cifar_c"))
def test_golden_digests_of_colour_images(kind: str, constants: str) -> None:
    ice = {"a": colours(1, 210, 220)[0], "b": colours(1, 215, 211)[0]}
    x, ids = colours(5), np.arange(5)
    digest = hashlib.sha256()
    for severity in range(1, 6):
        made = corruptions.corrupt(x, kind, severity, ids, "pattern", 0, constants, ice)
        digest.update(made.tobytes())
    assert digest.hexdigest()[:16] == GOLDEN[kind, constants]
