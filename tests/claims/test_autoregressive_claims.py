"""Effects of G11 and G13, read off tables written by hand."""

import math
from pathlib import Path

import pandas as pd
import pytest
import yaml

from triptych.claims.generative import g11_parallel, g13_improvements
from triptych.records import COLUMNS, Record

ROOT = Path(__file__).parents[2]
HOLD_OUT = "repeated hold-out 60%/20%/20%, drawn anew for each seed"


def row(model: str, seed: int, metric: str, value: float, **more: object) -> Record:
    values = {"split": "test", "unit": "1", "kind": "exact", "n": 10, "protocol": ""} | more
    return Record(
        panel="generative", task="density and samples", dataset="digits", model=model, seed=seed,
        metric=metric, value=value, **values,  # type: ignore[arg-type]
    )  # fmt: skip


def table(*records: Record) -> pd.DataFrame:
    return pd.DataFrame([vars(record) for record in records], columns=list(COLUMNS))


def timed(model: str, epoch: float, image: float, extent: str, batch: int = 32) -> list[Record]:
    return [
        row(model, 0, "n_train", 100, split="train", protocol=HOLD_OUT),
        row(
            model, 0, "epoch_seconds", epoch, split="train",
            protocol=f"7 × the median of 5 training steps of {batch} images on cpu; {extent}",
        ),
        row(model, 0, "seconds_per_image", image),
    ]  # fmt: skip


def test_epochs_are_compared_at_equal_depth_and_width() -> None:
    made = [
        *timed("pixelcnn", 2.0, 0.2, "32 channels, 2 layers"),
        *timed("pixelrnn_row", 20.0, 0.4, "32 channels, 2 layers"),
        *timed("pixelrnn_diagonal", 200.0, 2.0, "16 channels, 2 layers"),
    ]
    found = {e.comparison: e.values for e in g11_parallel.effects(table(*made))}
    ratios = {name: values for name, values in found.items() if "epoch" in name}
    (label,) = ratios
    assert label == (
        "seconds per training epoch: pixelrnn_row over pixelcnn, both 32 channels, 2 layers, "
        "steps of 32 images"
    )
    assert ratios[label] == {0: pytest.approx(1.0)}
    # 2 s per epoch of 100 images is 0.02 s an image; drawing one takes 0.2 s
    drawing = found["seconds per image: pixelcnn drawing it over training on it"]
    assert drawing == {0: pytest.approx(1.0)}
    assert len(found) == 4


def test_epochs_of_other_batches_are_not_compared() -> None:
    """A larger batch makes an epoch cheaper, whatever the network."""
    for batch, found in ((64, 0), (32, 1)):
        made = [
            *timed("pixelcnn", 2.0, 0.2, "96 channels, 12 layers"),
            *timed("pixelcnn_shallow", 2.0, 0.2, "96 channels, 7 layers", batch),
            *timed("pixelrnn", 20.0, 0.4, "96 channels, 7 layers"),
        ]
        labels = [e.comparison for e in g11_parallel.effects(table(*made))]
        assert sum("over pixelcnn" in label for label in labels) == found


@pytest.mark.parametrize("overlay", [None, "paper"])
def test_every_scale_has_a_pair_that_is_compared(overlay: str | None) -> None:
    """Width, depth and batch of each PixelRNN are those of one PixelCNN on the same data sets."""
    tree = yaml.safe_load((ROOT / "params.yaml").read_text())["generative"]["models"]
    over = {}
    if overlay:
        over = yaml.safe_load((ROOT / f"params/{overlay}.yaml").read_text())["generative"]["models"]
    entries = {name: tree.get(name, {}) | over.get(name, {}) for name in tree | over}

    def extent(name: str) -> tuple[object, ...]:
        keys = ("channels", "layers", "first_kernel", "batch_size", "datasets")
        return tuple(entries[name].get(key) for key in keys)

    convolutions = {extent(name) for name in g11_parallel.CONVOLUTIONS if name in entries}
    for name in (name for name in entries if name.startswith("pixelrnn")):
        assert extent(name) in convolutions


def test_nothing_is_compared_that_was_not_measured() -> None:
    assert g11_parallel.effects(table(row("vae", 0, "seconds_per_image", 1.0))) == []
    assert g13_improvements.effects(table(row("pixelcnn", 0, "bits_per_dim", 2.0))) == []


def test_improvements_are_bits_saved_per_seed() -> None:
    values = {"pixelcnn": (2.0, 2.1), "gated_pixelcnn": (1.9, 2.2), "pixelcnnpp": (1.8, math.nan)}
    made = [
        row(model, seed, metric, value, **more)
        for model, numbers in values.items()
        for seed, bits in enumerate(numbers)
        for metric, value, more in (
            ("bits_per_dim", bits, {}),
            ("n_train", 60, {"split": "train", "protocol": HOLD_OUT}),
            ("n_test", 20, {}),
        )
    ]
    found = g13_improvements.effects(table(*made))
    assert [e.comparison.split(": ")[1] for e in found] == [
        "pixelcnn − gated_pixelcnn", "pixelcnn − pixelcnnpp",
    ]  # fmt: skip
    assert found[0].values == {0: pytest.approx(0.1), 1: pytest.approx(-0.1)}
    assert found[1].values == {0: pytest.approx(0.2)}  # a diverged seed is left out
    assert found[0].test_train_ratio == pytest.approx(1 / 3)


def test_improvements_say_what_both_trainings_cost() -> None:
    made = []
    for model, bits, cost in (("pixelcnn", 2.0, 6.8e10), ("pixelcnnpp", 1.8, 7.0e11)):
        made.append(row(model, 0, "bits_per_dim", bits))
        made.append(row(model, 0, "training_multiply_adds", cost, split="train"))
    (effect,) = g13_improvements.effects(table(*made))
    assert "trained with 6.8e+10 and 7e+11 counted multiply-adds" in effect.comparison
