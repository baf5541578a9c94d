"""G11: convolutions train in parallel where states must wait; neither generates in parallel."""

import math
import re

import pandas as pd

from triptych.claims.base import Effect, Statistical
from triptych.claims.tables import by_seed, datasets, models, paired

# Entries of PixelCNN: the second stands where the first is deeper than a PixelRNN can be trained.
CONVOLUTIONS = ("pixelcnn", "pixelcnn_shallow")
# What an epoch's protocol says of its steps and of the network.
EXTENT = re.compile(r"steps of (\d+ images).*?(\d+ channels, \d+ layers)")


def effects(table: pd.DataFrame) -> list[Effect]:
    """Log-ratios of seconds: an epoch of PixelRNN over PixelCNN's, and an image drawn over seen."""
    found = []
    for dataset in datasets(table, "generative"):
        names = models(table, "generative", dataset)
        cnn = [name for name in names if name in CONVOLUTIONS]
        rnn = [name for name in names if name.startswith("pixelrnn")]
        for slow in rnn:
            for fast in cnn:
                found += _epochs(table, dataset, slow, fast)
        for model in (*cnn, *rnn):
            found += _drawing(table, dataset, model)
    return found


def _epochs(table: pd.DataFrame, dataset: str, slow: str, fast: str) -> list[Effect]:
    """Of two models of equal depth, width and batch size; none where they differ."""
    extents = {name: _extent(table, dataset, name) for name in (slow, fast)}
    if not extents[slow] or extents[slow] != extents[fast]:
        return []
    slower, faster = (
        by_seed(table, dataset=dataset, model=name, metric="epoch_seconds").map(math.log10)
        for name in (slow, fast)
    )
    label = f"seconds per training epoch: {slow} over {fast}, both {extents[slow]}"
    ratio = paired(slower, faster)
    return [Effect(dataset, ratio, "log10 ratio", label)] if ratio else []


def _drawing(table: pd.DataFrame, dataset: str, model: str) -> list[Effect]:
    """Drawing an image against a training step's share of one."""
    where = {"dataset": dataset, "model": model}
    drawn = by_seed(table, metric="seconds_per_image", **where)
    trained = by_seed(table, metric="epoch_seconds", **where)
    examples = by_seed(table, metric="n_train", **where)
    ratio = paired(drawn.map(math.log10), (trained / examples).map(math.log10))
    label = f"seconds per image: {model} drawing it over training on it"
    return [Effect(dataset, ratio, "log10 ratio", label)] if ratio else []


def _extent(table: pd.DataFrame, dataset: str, model: str) -> str:
    rows = table[
        (table["metric"] == "epoch_seconds")
        & (table["dataset"] == dataset)
        & (table["model"] == model)
    ]
    found = EXTENT.search(str(rows["protocol"].iloc[0])) if len(rows) else None
    return f"{found.group(2)}, steps of {found.group(1)}" if found else ""


CLAIMS = [
    Statistical(
        id="G11",
        panel="generative",
        deck="B",
        statement="PixelCNN trains faster than PixelRNN, because convolutions run in parallel; "
        "both generate slowly.",
        experiment="Seconds per training epoch at equal depth, width and batch size, PixelRNN / "
        "PixelCNN, and seconds per generated image over seconds per image in training, one "
        "machine, one run, as log-ratios. Every model draws with cached activations.",
        effects=effects,
    )
]
