"""Corruptions: seeding per image, exact cases of every kind, constants, gate and golden digests."""

import colorsys
import hashlib
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from sklearn import datasets

from triptych.data import corruptions
from triptych.data.corruptions import apply as module
from triptych.data.corruptions import filters
from triptych.data.corruptions.base import Corruption
from triptych.data.corruptions.kinds import pixelate
from triptych.data.corruptions.registry import find
from triptych.data.corruptions.sampling import resample
from triptych.errors import UserError

SMALL = corruptions.names("small")
RANDOM = [
    "elastic_transform", "fog", "gaussian_noise", "impulse_noise", "motion_blur", "rotate", "shear",
    "shot_noise", "snow", "spatter", "speckle_noise", "translate",
]  # fmt: skip


def pattern(n: int = 6, size: int = 8, channels: int = 1) -> np.ndarray:
    """Images with every kind of edge and no file behind them."""
    i, r, c, k = np.indices((n, size, size, channels))
    return ((i * 37 + r * 29 + c * 17 * (k + 1) + r * c * 5) % 256).astype(np.uint8)


def flat(level: float, n: int, size: int) -> np.ndarray:
    """Images of mean ``level``: half the pixels one below, half one above where it is a half."""
    x = np.full((n, size, size, 1), np.floor(level), np.uint8)
    x[:, ::2] = np.ceil(level)
    return x


def apply(kind: str, x: np.ndarray, severity: int, seed: int = 0, **options: object) -> np.ndarray:
    return module.corrupt(x, kind, severity, np.arange(len(x)), "pattern", seed, **options)


# ------------------------------------------------------------------ registry


def test_every_constant_set_has_its_kinds() -> None:
    assert sorted(SMALL) == SMALL
    test = {
        "gaussian_noise", "shot_noise", "impulse_noise", "defocus_blur", "glass_blur",
        "motion_blur", "zoom_blur", "snow", "frost", "fog", "brightness", "contrast",
        "elastic_transform", "pixelate", "jpeg_compression",
    }  # fmt: skip
    validation = {"speckle_noise", "gaussian_blur", "spatter", "saturate"}
    published = test | validation
    assert (len(test), len(validation)) == (15, 4)
    for constants in ("imagenet_c", "cifar_c"):
        assert set(corruptions.names(constants)) == published
        assert set(corruptions.averaged(published, constants)) == test
    at_eight_pixels = published - {"glass_blur", "frost", "saturate"}
    assert set(SMALL) == at_eight_pixels | {"rotate", "shear", "translate"}


def test_unknown_names_say_what_is_allowed() -> None:
    with pytest.raises(UserError, match="did you mean 'small'"):
        corruptions.names("smal")
    with pytest.raises(UserError, match="did you mean 'gaussian_noise'"):
        corruptions.find("gausian_noise")
    with pytest.raises(UserError, match="no corruption 'rotate' with cifar_c constants"):
        apply("rotate", pattern(), 1, constants="cifar_c")


def test_validation_kinds_stay_out_of_the_mean() -> None:
    kinds = ["contrast", "gaussian_blur", "speckle_noise"]
    assert corruptions.averaged(kinds, "imagenet_c") == ["contrast"]
    assert corruptions.averaged(kinds, "small") == ["contrast", "gaussian_blur"]


def test_parameters_can_be_checked_without_torch() -> None:
    code = (
        "import sys; from triptych.data.corruptions import names; names('small'); "
        "sys.exit(bool({'torch', 'scipy', 'pandas'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_kind_needs_five_constants() -> None:
    with pytest.raises(ValueError, match="expected five, found 2"):
        Corruption(lambda x, c, d: x, {"small": (1, 2)})
    with pytest.raises(ValueError, match="expected every severity"):
        Corruption(lambda x, c, d: x, {"small": (1,) * 5}, scales={"small": ((1, 2), (4, 5))})


# ------------------------------------------------------------------ the wrapper


@pytest.mark.parametrize("kind", SMALL)
def test_severity_zero_is_the_identity(kind: str) -> None:
    x = pattern()
    y = apply(kind, x, 0)
    assert (y == x).all() and y is not x


@pytest.mark.parametrize("kind", RANDOM)
def test_seed_dataset_and_id_decide_the_draws(kind: str) -> None:
    x = np.repeat(pattern(1), 8, axis=0)  # eight copies: what differs are the draws
    ids = np.arange(8)
    y = module.corrupt(x, kind, 2, ids, "a")
    assert len({image.tobytes() for image in y}) > 1
    assert (y == module.corrupt(x, kind, 2, ids, "a")).all()
    assert (y != module.corrupt(x, kind, 2, ids, "a", seed=1)).any()
    assert (y != module.corrupt(x, kind, 2, ids, "b")).any()
    assert (y != module.corrupt(x, kind, 2, ids + 100, "a")).any()


def test_wrong_arguments_are_refused() -> None:
    x = pattern()
    with pytest.raises(ValueError, match="expected uint8"):
        module.corrupt(x / 255, "contrast", 1, np.arange(6), "d")
    with pytest.raises(ValueError, match="expected int64"):
        module.corrupt(x, "contrast", 1, np.arange(5), "d")
    with pytest.raises(ValueError, match="none negative"):
        module.corrupt(x, "contrast", 1, np.arange(6) - 1, "d")
    with pytest.raises(ValueError, match="0 to 5"):
        module.corrupt(x, "contrast", 6, np.arange(6), "d")


def test_a_value_that_is_no_number_never_becomes_a_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = Corruption(lambda x, c, d: x * np.nan, {"small": (1,) * 5})
    monkeypatch.setattr(module, "find", lambda kind: broken)
    with pytest.raises(ValueError, match="contrast at severity 1: expected finite values"):
        apply("contrast", pattern(), 1)


# ------------------------------------------------------------------ exact cases


def test_impulse_noise_replaces_the_stated_share() -> None:
    x = np.full((200, 16, 16, 1), 100, np.uint8)
    y = apply("impulse_noise", x, 5)
    n, share = y.size, 0.27
    for value in (0, 255):
        # Binomial count; five standard errors.
        bound = 5 * np.sqrt(share / 2 * (1 - share / 2) / n)
        assert abs((y == value).mean() - share / 2) < bound
    assert set(np.unique(y)) == {0, 100, 255}


def test_shot_noise_has_the_mean_and_variance_of_counts() -> None:
    x = np.full((300, 16, 16, 1), 102, np.uint8)  # 0.4 of white; 60 photons at white
    y = apply("shot_noise", x, 1) / 255
    n, variance = y.size, 0.4 / 60
    # Clipping at white is 7.3 standard deviations away. Var(s²) = (κ + 2) σ⁴ / n with excess
    # kurtosis κ = 1/24; rounding to bytes adds 1/12 of a level squared.
    assert abs(y.mean() - 0.4) < 5 * np.sqrt(variance / n)
    assert abs(y.var() - variance - 1 / 12 / 255**2) < 5 * np.sqrt(2.1 / n) * variance


def test_speckle_leaves_black_alone() -> None:
    assert (apply("speckle_noise", np.zeros((3, 8, 8, 1), np.uint8), 5) == 0).all()


@pytest.mark.parametrize("sigma", [0.4, 1.0, 6.0])
def test_blur_weights_sum_to_one_and_have_the_stated_width(sigma: float) -> None:
    weights = np.array(filters.gaussian_kernel(sigma))
    k = np.arange(len(weights)) - len(weights) // 2
    assert weights.sum() == pytest.approx(1.0, abs=1e-15)
    assert len(weights) == 2 * int(4 * sigma + 0.5) + 1
    assert weights[len(k) // 2 + 1] / weights[len(k) // 2] == pytest.approx(np.exp(-0.5 / sigma**2))


def test_brightness_keeps_hue_and_saturation() -> None:
    x = pattern(2, 4, 3) // 3  # dark enough that V + 0.1 does not reach white
    y = find("brightness").apply(x / 255.0, 0.1, None)  # type: ignore[arg-type]
    for before, after in zip((x / 255.0).reshape(-1, 3), y.reshape(-1, 3), strict=True):
        h, s, v = colorsys.rgb_to_hsv(*before)
        expected = colorsys.hsv_to_rgb(h, s, v + 0.1)
        assert after == pytest.approx(expected, abs=1e-12)


def test_contrast_moves_towards_the_mean() -> None:
    x = np.zeros((1, 8, 8, 1), np.uint8)
    x[:, :4] = 200  # mean 100
    y = apply("contrast", x, 1)  # 0.4 of the contrast: 100 ± 40
    assert set(np.unique(y)) == {60, 140}


@pytest.mark.parametrize("size, factor", [(8, 0.875), (8, 0.625), (8, 0.25), (32, 0.65)])
def test_pixelate_agrees_with_pillow(size: int, factor: float) -> None:
    x = pattern(4, size)
    ours = np.rint(find("pixelate").apply(x / 255.0, factor, None) * 255)  # type: ignore[arg-type]
    small = (int(size * factor),) * 2
    for image, mine in zip(x, ours, strict=True):
        picture = Image.fromarray(image[..., 0])
        theirs = picture.resize(small, Image.Resampling.BOX).resize(
            (size, size), Image.Resampling.BOX
        )
        # Pillow rounds to a byte after each of its four passes, half a level each.
        assert np.abs(np.asarray(theirs, float) - mine[..., 0]).max() <= 2


def test_pixelate_by_half_is_the_mean_of_blocks() -> None:
    x = pattern(2).astype(float)
    y = pixelate._apply(x, 0.5, None)  # type: ignore[arg-type]
    blocks = x.reshape(2, 4, 2, 4, 2, 1).mean(axis=(2, 4))
    assert np.allclose(y, blocks.repeat(2, axis=1).repeat(2, axis=2), atol=1e-12)


def test_resampling_by_a_quarter_turn_is_a_quarter_turn() -> None:
    x = pattern(3, 9).astype(float)
    quarter = np.tile(np.array([[0.0, -1.0], [1.0, 0.0]]), (3, 1, 1))
    turned = np.stack([np.rot90(image, -1) for image in x])
    assert np.array_equal(resample(x, quarter), turned)


def test_translation_by_whole_pixels_moves_and_fills_with_black() -> None:
    x = pattern(40)
    y = find("translate").apply(x / 255.0, 1 / 8, _Signs([[1.0, -1.0]] * 40)) * 255  # type: ignore[arg-type]
    assert np.allclose(y[:, :-1, 1:], x[:, 1:, :-1], atol=1e-9)
    assert (y[:, -1] == 0).all() and (y[:, :, 0] == 0).all()


def test_shear_moves_rows_in_proportion_to_their_distance_from_the_centre() -> None:
    x = pattern(1, 9)
    y = find("shear").apply(x / 255.0, 1.0, _Signs([[1.0]])) * 255  # type: ignore[arg-type]
    assert np.allclose(y[0, 4], x[0, 4], atol=1e-9)  # the centre stays
    assert np.allclose(y[0, 6, :-2], x[0, 6, 2:], atol=1e-9)  # two below: two columns
    assert (y[0, 6, -2:] == 0).all()


class _Signs:
    """Draws whose signs are given."""

    def __init__(self, signs: list[list[float]]) -> None:
        self.values = np.array(signs)

    def signs(self, count: int) -> np.ndarray:
        return self.values[:, :count]


# ------------------------------------------------------------------ gate


@pytest.mark.parametrize("kind", SMALL)
def test_every_small_kind_passes_the_gate_on_digits(kind: str) -> None:
    x = np.rint(datasets.load_digits().images[:300] * 255 / 16).astype(np.uint8)[..., None]
    made = {s: module.corrupt(x, kind, s, np.arange(300), "digits") for s in range(1, 6)}
    result = corruptions.gate(x, made)
    assert result.problems == []
    assert list(result.rmse) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("constants", ["cifar_c", "imagenet_c"])
def test_published_kinds_pass_the_gate_on_photographs(constants: str) -> None:
    photo = datasets.load_sample_images().images[0][:416, :640]
    x = photo.reshape(13, 32, 20, 32, 3).swapaxes(1, 2).reshape(-1, 32, 32, 3)[::4]
    ice = {"ice": photo.copy()}  # any picture serves as frost
    for kind in corruptions.names(constants):
        made = {s: apply(kind, x, s, constants=constants, pictures=ice) for s in range(1, 6)}
        scales = corruptions.find(kind).severity_scales(constants)
        assert corruptions.gate(x, made, scales).problems == [], kind


def test_the_gate_names_what_is_wrong() -> None:
    x = np.full((4, 8, 8, 1), 100, np.uint8)
    nearer = {1: x + np.uint8(20), 2: x + np.uint8(10)}
    result = corruptions.gate(x, nearer)
    assert result.rmse == pytest.approx({1: 20 / 255, 2: 10 / 255})
    assert result.mean_shift == pytest.approx({1: 20 / 255, 2: 10 / 255})
    assert "0.0784 at 1 and 0.0392 at 2" in result.problems[0]
    assert "at 0 and 0.0000 at 1" in corruptions.gate(x, {1: x}).problems[0]
    apart = corruptions.gate(x, nearer, scales=[(1,), (2,)])  # two scales: each may start anew
    assert apart.problems == []
    assert "found uint8 [4, 7, 8, 1]" in corruptions.gate(x, {1: x[:, 1:]}).problems[0]


# ------------------------------------------------------------------ golden digests
# Made once on linux x86-64 with NumPy 2.4. NumPy keeps the streams of Philox but may, by its
# policy, change how normal or Poisson draws are made from them: a changed digest of noise alone
# after an upgrade of NumPy is that, and new shifted sets; any other change is a change of ours.

GOLDEN: dict[tuple[str, int], str] = {
    ("brightness", 1): "b03dc2dce06a3bbb",
    ("brightness", 2): "5c9c8e554a956616",
    ("brightness", 3): "3b8b9872cb4e322e",
    ("brightness", 4): "64474fdc60446623",
    ("brightness", 5): "09550d0b63272f5e",
    ("contrast", 1): "40304b87da2d5f8d",
    ("contrast", 2): "7ae7c822f08bbbf9",
    ("contrast", 3): "7fe08899facb6209",
    ("contrast", 4): "08a1ba954732d959",
    ("contrast", 5): "f536b8b50b183360",
    ("defocus_blur", 1): "2dad6443483e6306",
    ("defocus_blur", 2): "e1df5564ebc58ed4",
    ("defocus_blur", 3): "dedaab8e11de2a75",
    ("defocus_blur", 4): "a0dd01bcb5ee507e",
    ("defocus_blur", 5): "b0200d764637ac13",
    ("elastic_transform", 1): "f9fa611d6025c38a",
    ("elastic_transform", 2): "df86411286ebba00",
    ("elastic_transform", 3): "8a68c66ef2e85b90",
    ("elastic_transform", 4): "47a64ebfeccbcb65",
    ("elastic_transform", 5): "85641f3938633c1f",
    ("fog", 1): "52f1566ce45f868b",
    ("fog", 2): "44b054622b3dc019",
    ("fog", 3): "bb8471695cd51b30",
    ("fog", 4): "b8b588f07fac07fb",
    ("fog", 5): "e683c399fe636c99",
    ("gaussian_blur", 1): "b913d5f9931c2c6f",
    ("gaussian_blur", 2): "bfb8b69eabde6405",
    ("gaussian_blur", 3): "a41fbf6c2ffc7dda",
    ("gaussian_blur", 4): "931ee41a6ecd71c7",
    ("gaussian_blur", 5): "024fefaf7a8ed01b",
    ("gaussian_noise", 1): "2f988789c4ce3771",
    ("gaussian_noise", 2): "413d438ed17f5953",
    ("gaussian_noise", 3): "ac8f939eb5e99d8e",
    ("gaussian_noise", 4): "183dd7ef9835aaa5",
    ("gaussian_noise", 5): "62040a3085ec816c",
    ("impulse_noise", 1): "33e88c7a1c60c6e8",
    ("impulse_noise", 2): "fd00d60b4f5f7e42",
    ("impulse_noise", 3): "a4a3c4e60ebbe03a",
    ("impulse_noise", 4): "048bca7c71f714c8",
    ("impulse_noise", 5): "529da40d0efed8f4",
    ("jpeg_compression", 1): "65573bda526bb2f5",
    ("jpeg_compression", 2): "561f9ead5ff63162",
    ("jpeg_compression", 3): "280c7cae667e6d40",
    ("jpeg_compression", 4): "e3ce2c257d9cb5ce",
    ("jpeg_compression", 5): "02566a9f5e7265b7",
    ("motion_blur", 1): "d44e332054846d84",
    ("motion_blur", 2): "d73ab2d43930e3ee",
    ("motion_blur", 3): "bda56f01f2945bfe",
    ("motion_blur", 4): "04ae5f7cd23186c1",
    ("motion_blur", 5): "9d581341f604239b",
    ("pixelate", 1): "f82a76554d769b97",
    ("pixelate", 2): "7408b598c798c516",
    ("pixelate", 3): "b224aa8a611a9517",
    ("pixelate", 4): "082c560c3468247f",
    ("pixelate", 5): "c8cda570331aa00a",
    ("rotate", 1): "cd7cd95ccf986460",
    ("rotate", 2): "f76dee8747e251e7",
    ("rotate", 3): "07e007b2e9e3c7c3",
    ("rotate", 4): "60b0ac178c2a9bc3",
    ("rotate", 5): "87b1f4cb6d2a895b",
    ("shear", 1): "c32cb29217fa6387",
    ("shear", 2): "65057fb81b94730e",
    ("shear", 3): "3647a2c6fde3831d",
    ("shear", 4): "8a840cea855eae3b",
    ("shear", 5): "49e00eb7d911b09b",
    ("shot_noise", 1): "c1645544273b4da8",
    ("shot_noise", 2): "485e4c9bc6bce54b",
    ("shot_noise", 3): "e1462bc65ff091b9",
    ("shot_noise", 4): "ff990beac759a706",
    ("shot_noise", 5): "238f1153fdc41d29",
    ("snow", 1): "8635daab02dcdf2e",
    ("snow", 2): "c3a873b0f4827add",
    ("snow", 3): "6461c3b7f0fc7e8b",
    ("snow", 4): "c31597e85646b2cc",
    ("snow", 5): "a70adc26b8fc9f3f",
    ("spatter", 1): "b1612aff856ae00a",
    ("spatter", 2): "656fc2a21ef21f16",
    ("spatter", 3): "57edc075ae7907fc",
    ("spatter", 4): "c761e3fb0e0df2a1",
    ("spatter", 5): "96424a0e655ad653",
    ("speckle_noise", 1): "323e846889591880",
    ("speckle_noise", 2): "a58e7507bc2b8a62",
    ("speckle_noise", 3): "574e557ff4cdf710",
    ("speckle_noise", 4): "2222659ef1c24e4d",
    ("speckle_noise", 5): "60bc28542c4bc5c4",
    ("translate", 1): "54847c5c26d731ad",
    ("translate", 2): "a9ce49c8202a89ac",
    ("translate", 3): "4a1ee7ab7ae9fb59",
    ("translate", 4): "5793f6f26cf4a751",
    ("translate", 5): "3302d17dddb18b9b",
    ("zoom_blur", 1): "e4d567e636215a66",
    ("zoom_blur", 2): "7ddfe6241bcdae14",
    ("zoom_blur", 3): "0a702246dc089862",
    ("zoom_blur", 4): "a6d620c6a73a848d",
    ("zoom_blur", 5): "51b3efb593ee6e3c",
}


@pytest.mark.parametrize("kind", SMALL)
def test_golden_digests(kind: str) -> None:
    x = pattern(5)
    for severity in range(1, 6):
        digest = hashlib.sha256(apply(kind, x, severity).tobytes()).hexdigest()[:16]
        assert digest == GOLDEN[kind, severity], (kind, severity)
